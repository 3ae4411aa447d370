//! What well-known flakeModules make of the values that they are given, each told from its source.

use flakepart::nix::FlakeModules;
use insta::assert_snapshot;

use super::usage::{FLAKE, usage_beside};

/// The sites in one module of a flake that has these repositories among its inputs.
fn beside(repositories: &[&str], module: &str) -> String {
    let modules = FlakeModules::among(repositories.iter().map(|name| (*name, *name)));
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
fn nix_unit_checks_the_flake_s_tests() {
    let module = "{ inputs, ... }: { flake.tests.a = { expr = inputs.heavy.lib.a; expected = 1; }; }";
    assert_snapshot!(beside(&["nix-unit"], module), @"
    heavy: Used
      module.nix:1 Lib [checks tests] certain
    ");
}
