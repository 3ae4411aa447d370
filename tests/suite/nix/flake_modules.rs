//! What well-known flakeModules make of the values that they are given, each told from its source.

use flakepart::nix::FlakeModules;
use insta::assert_snapshot;

use super::usage::{FLAKE, usage_beside};

/// The sites in one module of a flake that has these repositories among its inputs.
fn beside(repositories: &[&str], module: &str) -> String {
    let mut modules = FlakeModules::default();
    for name in repositories {
        modules.add(name, Some(name), &|_| None);
    }
    usage_beside(&modules, &[("flake.nix", FLAKE), ("module.nix", module)])
}

/// The same, where the source of an input `foreign` is at hand.
fn beside_source(files: &[(&str, &str)], module: &str) -> String {
    let mut modules = FlakeModules::default();
    let read = |path: &camino::Utf8Path| {
        let file = files.iter().find(|(name, _)| path == *name);
        file.map(|(_, text)| text.as_bytes().to_vec())
    };
    modules.add("foreign", None, &read);
    usage_beside(&modules, &[("flake.nix", FLAKE), ("module.nix", module)])
}

const TREEFMT: &str = "{ inputs, ... }: {
  perSystem = { config, ... }: {
    treefmt.programs.nixfmt.package = inputs.heavy.packages.x86_64-linux.nixfmt;
    devShells.default = config.treefmt.build.devShell;
    packages.hook = config.pre-commit.devShell;
  };
}";

#[test]
fn an_option_of_nobody_known_may_feed_anything() {
    assert_snapshot!(beside(&[], TREEFMT), @"
    heavy: Used
      module.nix:3 Value [] may, everything: it sets the option `treefmt`, which no module here declares
    ");
}

#[test]
fn treefmt_makes_the_formatter_and_a_check() {
    assert_snapshot!(beside(&["treefmt-nix"], TREEFMT), @"
    heavy: Used
      module.nix:3 Value [checks devShells formatter] certain, forced formatter
    ");
}

#[test]
fn git_hooks_run_what_treefmt_has() {
    assert_snapshot!(beside(&["treefmt-nix", "git-hooks.nix"], TREEFMT), @"
    heavy: Used
      module.nix:3 Value [checks devShells formatter packages] certain, forced formatter
    ");
}

#[test]
fn devshell_and_process_compose_make_outputs_of_their_own_options() {
    let module = "{ inputs, ... }: {
  perSystem = {
    devshells.default.packages = [ inputs.heavy.packages.x86_64-linux.a ];
    process-compose.run.settings.processes.a.command = inputs.light.packages.x86_64-linux.b;
  };
}";
    assert_snapshot!(beside(&["devshell", "process-compose-flake"], module), @"
    heavy: Used
      module.nix:3 Value [devShells] certain
    light: Used
      module.nix:4 Value [checks packages] certain
    ");
}

#[test]
fn devenv_may_pick_any_input_for_its_shells() {
    let module = "{ inputs, ... }: {
  imports = [ inputs.devenv.flakeModule ];
  perSystem.devenv.shells.default.packages = [ inputs.heavy.packages.x86_64-linux.a ];
}";
    assert_snapshot!(beside(&["devenv"], module), @"
    heavy: Used
      module.nix:3 Value [devShells packages] certain
    light: Unknown
    any
      module.nix:2 Opaque [devShells packages] may
    ");
}

#[test]
fn agenix_rekey_reads_the_flake_s_configurations() {
    let module = "{ inputs, ... }: { flake.nixosConfigurations.a = inputs.heavy.lib.nixosSystem { }; }";
    assert_snapshot!(beside(&["agenix-rekey"], module), @"
    heavy: Used
      module.nix:1 Lib [nixosConfigurations through self: agenix-rekey] certain
    ");
}

#[test]
fn hercules_ci_effects_are_an_argument_of_per_system() {
    let module = "{ inputs, ... }: {
  imports = [ inputs.hercules-ci-effects.flakeModule ];
  hercules-ci.flake-update.settings = inputs.heavy.lib.a;
  perSystem = { hci-effects, ... }: { checks.effect = hci-effects.mkEffect { }; };
}";
    assert_snapshot!(beside(&["hercules-ci-effects"], module), @"
    heavy: Used
      module.nix:3 Lib [checks herculesCI] certain
    ");
}

#[test]
fn nix_unit_checks_the_flake_s_tests() {
    let module = "{ inputs, ... }: { flake.tests.a = { expr = inputs.heavy.lib.a; expected = 1; }; }";
    assert_snapshot!(beside(&["nix-unit"], module), @"
    heavy: Used
      module.nix:1 Lib [checks tests] certain
    ");
}

const USES_FOREIGN: &str = "{ inputs, ... }: {
  imports = [ inputs.foreign.flakeModule ];
  perSystem = { config, ... }: {
    foreign.tools = [ inputs.heavy.packages.x86_64-linux.a ];
    apps.run = config.foreign.wrapper;
  };
}";

const FLAKE_NIX: (&str, &str) = ("flake.nix", "{ outputs = _: { flakeModule = ./nix; lib = { }; }; }");

#[test]
fn a_flake_module_whose_source_is_at_hand_is_read_there() {
    let module = "{ lib, flake-parts-lib, self, ... }: let inherit (lib) mkOption; in {
  imports = [ ./more.nix ];
  options.perSystem = flake-parts-lib.mkPerSystemOption ({ config, pkgs, ... }: {
    options.foreign = mkOption { default = self; };
    config.packages = lib.mapAttrs (_: tool: tool.package) config.foreign.tools;
  });
}";
    let more = "{ flake.foreignTools = 1; }";
    let files = [FLAKE_NIX, ("nix/default.nix", module), ("nix/more.nix", more)];
    assert_snapshot!(beside_source(&files, USES_FOREIGN), @"
    heavy: Used
      module.nix:4 Value [apps foreignTools packages] certain
    ");
}

#[test]
fn a_flake_module_that_takes_inputs_and_the_flake_is_seen_to() {
    let module = "{ inputs, self, flake-parts-lib, ... }: {
  options.perSystem = flake-parts-lib.mkPerSystemOption ({ config, ... }: {
    options.foreign = lib.mkOption { };
    config.checks.all = builtins.attrValues self.nixosConfigurations ++ [ config.treefmt.build inputs.nixpkgs ];
  });
}";
    let uses = USES_FOREIGN.replace("apps.run", "treefmt.package = inputs.light; apps.run");
    let uses = uses.replace("perSystem =", "flake.nixosConfigurations.a = inputs.heavy; perSystem =");
    assert_snapshot!(beside_source(&[FLAKE_NIX, ("nix/default.nix", module)], &uses), @"
    heavy: Used
      module.nix:3 Value [nixosConfigurations through self: checks] certain
      module.nix:4 Value [apps checks] certain
    light: Used
      module.nix:5 Value [checks] may, everything: it sets the option `treefmt`, which no module here declares
    any
      module.nix:2 Opaque [checks] may
    ");
}

#[test]
fn a_flake_module_that_is_computed_may_do_anything() {
    let declares = "options.perSystem = flake-parts-lib.mkPerSystemOption ({ config, ... }: { options.foreign = lib.mkOption { };";
    let known =
        format!("{{ flake-parts-lib, lib, ... }}: {{ {declares} config.packages = config.foreign; }}); }}");
    assert!(beside_source(&[FLAKE_NIX, ("nix/default.nix", &known)], USES_FOREIGN).contains("certain"));
    for (what, module) in [
        ("sets an option of another", "config.other.x = config.foreign;"),
        ("hands its options on", "config.packages = f config;"),
        ("reads other packages", "config.apps.x = config.packages.x;"),
        ("computes a name", "config.${config.foreign.name} = { };"),
        ("merges", "config = lib.mkMerge [ { packages.a = 1; } ];"),
        ("inherits", "config = { inherit (config.foreign) packages; };"),
    ] {
        let module = format!("{{ flake-parts-lib, lib, ... }}: {{ {declares} {module} }}); }}");
        let row = beside_source(&[FLAKE_NIX, ("nix/default.nix", &module)], USES_FOREIGN);
        assert!(row.contains("it sets the option `foreign`, which no module here declares"), "{what}: {row}");
    }
}
