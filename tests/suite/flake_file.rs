//! Flakes whose flake.nix flake-file generates from what modules say of inputs.

use insta::assert_snapshot;
use serde_json::Value;

use crate::real_nix::world::{self, Nix, value};
use crate::relocation::without_locks;
use crate::support::Repo;

/// What flake-file does, without its words: an option for the inputs, and a package that is made of it.
pub const FLAKE_FILE: &str = "{ config, lib, ... }:
{
  options.flake-file = lib.mkOption { type = lib.types.submoduleWith { modules = [ { options.inputs = lib.mkOption { type = lib.types.attrsOf (lib.types.attrsOf lib.types.raw); default = { }; }; options.description = lib.mkOption { type = lib.types.raw; }; } ]; }; default = { }; };
  config.perSystem = { pkgs, ... }: {
    packages.write-flake = pkgs.runCommand \"write-flake\" { inputs = builtins.toJSON config.flake-file.inputs; } \"\";
  };
}
";

/// The fixture, whose modules declare their inputs; two of them have nothing else to say.
fn repository() -> Repo {
    Repo::agent_boxes_edited(&[
        (
            "flake.nix",
            "{\n  description",
            "# DO-NOT-EDIT. This file was auto-generated using github:vic/flake-file.
# Use `nix run .#write-flake` to regenerate it.
{\n  description",
        ),
        ("nix/flake-file.nix", "", FLAKE_FILE),
        (
            "nix/inputs.nix",
            "",
            "{ lib, ... }:
{
  flake-file = {
    description = \"Coding agents in boxes: one sandboxed launcher per tool\";
    inputs = {
      nixpkgs.url = lib.mkDefault \"git+https://git.example/NixOS/nixpkgs\";
      flake-parts = {
        url = \"git+https://git.example/hercules-ci/flake-parts\";
        inputs.nixpkgs-lib.follows = \"nixpkgs\";
      };
      import-tree.url = \"git+https://git.example/vic/import-tree\";
      systems.url = \"git+https://git.example/nix-systems/default\";
    };
  };
}
",
        ),
        (
            "nix/treefmt.nix",
            "{\n  imports",
            "{
  # Formatter and CI check, for contributors only.
  flake-file.inputs = {
    treefmt-nix = {
      url = lib.mkDefault \"git+https://git.example/numtide/treefmt-nix\";
      inputs.nixpkgs.follows = \"nixpkgs\";
    };
  };

  imports",
        ),
        ("nix/treefmt.nix", "{ inputs, ... }", "{ inputs, lib, ... }"),
        (
            "nix/hermesbox.nix",
            "{\n  perSystem",
            "{
  flake-file.inputs = {
    hermes-agent.url = \"git+https://git.example/NousResearch/hermes-agent\";
    hermes-agent.inputs.systems.follows = \"systems\";
    pi-mono = { url = \"git+https://git.example/badlogic/pi-mono\"; flake = false; }; # no flake upstream
  };

  perSystem",
        ),
    ])
}

#[test]
fn an_input_goes_where_it_was_declared_and_where_that_was_written_to() {
    let mut said = String::new();
    for input in ["hermes-agent", "treefmt-nix"] {
        let run = repository().flakepart(&["split", "--dry-run", "--input", input]);
        assert_eq!(run.code, Some(1), "{run}");
        said += &without_locks(&run.stdout);
    }
    assert_snapshot!(said);
}

#[test]
fn what_modules_do_not_say_stays() {
    let repo = repository();
    repo.replace(
        "nix/hermesbox.nix",
        "inputs.systems.follows = \"systems\"",
        "inputs.systems.follows = \"\"",
    );
    repo.commit();
    let mut said = repo.flakepart(&["split", "--dry-run", "--input", "hermes-agent"]).to_string();
    let cut = ["split", "--dry-run", "--input", "systems", "--followers", "cut"];
    said += &repository().flakepart(&cut).to_string();
    assert_snapshot!(said);
}

/// The inputs that flake.nix declares are those that the modules say, so that flake-file would write the
/// same again; and Nix proves all else, but for what flake-file writes with.
#[test]
fn modules_and_flake_nix_agree_and_every_derivation_stays_the_same() {
    world::on("nix-2.26", |nix| {
        let repo = repository();
        let state = repo.state();
        agrees(nix, &repo);
        let steps = [
            &["split", "--partition", "agents"][..],
            &["split", "--input", "treefmt-nix"],
            &["merge", "dev"],
            &["merge", "agents"],
        ];
        for step in steps {
            let run = nix.flakepart(&repo, &[step, &["--yes", "--allow-dirty"]].concat());
            assert_eq!(run.code, Some(0), "{step:?}: {run}");
            agrees(nix, &repo);
        }
        assert_eq!(repo.state(), state);
    });
}

fn agrees(nix: &Nix, repo: &Repo) {
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let said = json(value(nix, repo, "flake.packages.x86_64-linux.write-flake.inputs"));
    let written = nix.ask(repo.path(), &["eval", "--json", "--file", "flake.nix", "inputs"]);
    assert_eq!(said, json(written));
}
