//! The files that flakepart writes, whole.

use flakepart::nix::{NestedFlake, partition_module};
use insta::assert_snapshot;

use super::{declared, dedent, source};

/// The nested flake of these inputs of a flake.nix, as (name in the new flake, name here).
fn nested(text: &str, inputs: &[(&str, &str)], aliases: &[(&str, &str)]) -> String {
    let declarations = declared(&dedent(text)).unwrap();
    let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    let nested = NestedFlake {
        partition: "dev",
        inputs: inputs.iter().map(|(name, here)| ((*name).to_owned(), &declarations.inputs[*here])).collect(),
        aliases: aliases.iter().map(owned).collect(),
    };
    let text = nested.to_nix();
    let written = declared(&text).unwrap_or_else(|error| panic!("{error:?} in\n{text}"));
    assert!(inputs.iter().all(|(name, _)| written.inputs.contains_key(*name)), "{text}");
    assert_eq!(written.inputs.len(), inputs.len(), "{text}");
    text
}

#[test]
fn a_nested_flake_keeps_what_was_declared_and_its_comments() {
    assert_snapshot!(nested(r#"
        {
          inputs = {
            # Formats the tree.
            treefmt-nix = {
              url = "github:numtide/treefmt-nix?ref=\"main\"";
              # inside
              inputs = { nixpkgs.follows = ""; };
            };
            hooks.url = github:cachix/git-hooks.nix;
            hooks.flake = false;
            pinned = { type = "github"; owner = "o"; repo = "r"; };
            light.url = "github:o/light";
          };
          outputs = _: { };
        }
    "#, &[("hooks", "hooks"), ("pinned", "pinned"), ("treefmt-nix", "treefmt-nix")], &[]), @r#"
    {
      description = "Inputs of the dev partition; nothing else fetches them";

      inputs = {
        hooks = {
          url = "github:cachix/git-hooks.nix";
          flake = false;
        };
        pinned = {
          type = "github";
          owner = "o";
          repo = "r";
        };
        # Formats the tree.
        treefmt-nix = {
          url = "github:numtide/treefmt-nix?ref=\"main\"";
          inputs.nixpkgs.follows = "";
        };
      };

      outputs = _: { };
    }
    "#);
}

#[test]
fn follows_that_leave_the_partition_point_at_the_alias() {
    assert_snapshot!(nested(r#"
        {
          inputs.nixpkgs.url = "github:NixOS/nixpkgs";
          # The framework.
          inputs.flake-parts = {
            url = "github:hercules-ci/flake-parts";
            inputs.nixpkgs-lib.follows = "nixpkgs";
          };
          inputs.heavy = {
            url = "github:o/heavy";
            inputs.nixpkgs.follows = "nixpkgs";
            inputs.lib.follows = "flake-parts/nixpkgs-lib";
            inputs.own.follows = "heavy/nixpkgs-lib";
            inputs.flake-parts.inputs.nixpkgs-lib.follows = "nixpkgs";
          };
          inputs.same.follows = "flake-parts";
          outputs = _: { };
        }
    "#,
        &[("heavy", "heavy"), ("root-flake-parts", "flake-parts"), ("root-nixpkgs", "nixpkgs"), ("same", "same")],
        &[("nixpkgs", "root-nixpkgs"), ("flake-parts", "root-flake-parts")]
    ), @r#"
    {
      description = "Inputs of the dev partition; nothing else fetches them";

      inputs = {
        heavy = {
          url = "github:o/heavy";
          inputs.nixpkgs.follows = "root-nixpkgs";
          inputs.lib.follows = "root-flake-parts/nixpkgs-lib";
          inputs.own.follows = "heavy/nixpkgs-lib";
          inputs.flake-parts.inputs.nixpkgs-lib.follows = "root-nixpkgs";
        };
        # the root flake's flake-parts, at the same revision; follows cannot reach it
        root-flake-parts = {
          url = "github:hercules-ci/flake-parts";
          inputs.nixpkgs-lib.follows = "root-nixpkgs";
        };
        # the root flake's nixpkgs, at the same revision; follows cannot reach it
        root-nixpkgs.url = "github:NixOS/nixpkgs";
        same.follows = "root-flake-parts";
      };

      outputs = _: { };
    }
    "#);
}

#[test]
fn names_are_quoted_where_nix_wants_it_and_registry_names_stay_bare() {
    assert_snapshot!(nested(r#"
        {
          inputs."1st".url = "github:o/first";
          inputs."a.b".inputs."x y".follows = "1st";
          inputs."let".url = "github:o/let";
          inputs.or'.url = "github:o/or";
          inputs."\${x}".url = "github:o/dollar";
          outputs = { registry, ... }: { };
        }
    "#,
        &[("1st", "1st"), ("a.b", "a.b"), ("let", "let"), ("or'", "or'"), ("${x}", "${x}"), ("r", "registry")],
        &[]
    ), @r#"
    {
      description = "Inputs of the dev partition; nothing else fetches them";

      inputs = {
        "1st".url = "github:o/first";
        "a.b".inputs."x y".follows = "1st";
        "let".url = "github:o/let";
        or'.url = "github:o/or";
        "\${x}".url = "github:o/dollar";
        r = {
        };
      };

      outputs = _: { };
    }
    "#);
}

#[test]
fn a_partition_without_inputs_is_still_a_flake() {
    assert_snapshot!(nested("{ outputs = _: { }; }", &[], &[]), @r#"
    {
      description = "Inputs of the dev partition; nothing else fetches them";

      inputs = {
      };

      outputs = _: { };
    }
    "#);
}

#[test]
fn the_module_wires_each_attribute() {
    let module =
        partition_module("dev", &["checks", "devShells", "formatter"], Some("./_inputs"), &[], "flake-parts");
    source(&module);
    assert_snapshot!(module, @r#"
    { inputs, ... }:
    {
      imports = [ inputs.flake-parts.flakeModules.partitions ];

      partitionedAttrs = {
        checks = "dev";
        devShells = "dev";
        formatter = "dev";
      };

      partitions.dev.extraInputsFlake = ./_inputs;
    }
    "#);
}

#[test]
fn the_module_quotes_what_nix_wants_quoted() {
    let module =
        partition_module("dev.x", &["my checks", "in"], Some("../_inputs/dev.x"), &[], "flake.parts");
    source(&module);
    assert_snapshot!(module, @r#"
    { inputs, ... }:
    {
      imports = [ inputs."flake.parts".flakeModules.partitions ];

      partitionedAttrs = {
        "my checks" = "dev.x";
        "in" = "dev.x";
      };

      partitions."dev.x".extraInputsFlake = ../_inputs/dev.x;
    }
    "#);
}

#[test]
fn the_module_reads_back_as_what_it_wires() {
    let module = partition_module("a b", &["checks", "1"], Some("./_in"), &[], "flake-parts");
    let wiring = source(&module).wiring(false);
    let attrs: Vec<_> =
        wiring.attrs.iter().map(|(attr, (to, line))| (attr.as_str(), to.as_str(), *line)).collect();
    assert_eq!(attrs, [("1", "a b", 7), ("checks", "a b", 6)]);
    assert_eq!(wiring.folders["a b"], (Some("./_in".to_owned()), 10));
    assert_eq!(wiring.unreadable, None);
}
