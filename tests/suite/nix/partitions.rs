//! Partitions in the forms that people wire them in: what is read of them, and what their modules use.

use std::fmt::Write as _;

use flakepart::nix::unwire;
use insta::assert_snapshot;

use super::source;
use super::usage::{FLAKE, module, usage};

/// What is read of a module's wiring.
fn wiring(module: &str) -> String {
    let wiring = source(module).wiring(false);
    let mut said = String::new();
    for (attr, (partition, line)) in &wiring.attrs {
        writeln!(said, "{attr}: {partition}, line {line}").unwrap();
    }
    for (partition, (folder, _)) in &wiring.folders {
        writeln!(said, "{partition} in {folder:?} with {:?}", wiring.modules.get(partition)).unwrap();
    }
    if let Some(line) = wiring.unreadable {
        writeln!(said, "unreadable, line {line}").unwrap();
    }
    said
}

#[test]
fn outputs_are_routed_one_by_one_or_many_at_once() {
    assert_snapshot!(wiring(r#"{ partitionedAttrs.checks = "dev"; partitions.dev = { }; }"#), @"
    checks: dev, line 1
    dev in None with None
    ");
    assert_snapshot!(wiring(r#"{ lib, ... }: { partitionedAttrs = lib.genAttrs [ "checks" "formatter" ] (_: "dev"); }"#), @"
    checks: dev, line 1
    formatter: dev, line 1
    ");
    assert_snapshot!(wiring(r#"{ lib, ... }: {
  partitionedAttrs = { packages = "heavy"; } // (lib.genAttrs [ "checks" ] (_: "dev"));
}"#), @"
    checks: dev, line 2
    packages: heavy, line 2
    ");
    assert_snapshot!(wiring("{ partitionedAttrs = { }; partitions = { }; }"), @"");
}

#[test]
fn what_computes_the_wiring_is_not_read() {
    assert_snapshot!(wiring(r#"{ partitionedAttrs = lib.genAttrs names (_: "dev"); }"#), @"unreadable, line 1");
    assert_snapshot!(wiring(r#"{ partitionedAttrs = lib.genAttrs [ "checks" ] (name: "dev-${name}"); }"#), @"unreadable, line 1");
    assert_snapshot!(wiring(r#"{ partitionedAttrs = { checks = "dev"; } // more; }"#), @"unreadable, line 1");
    assert_snapshot!(wiring("{ partitionedAttrs = { inherit checks; } // { }; }"), @"unreadable, line 1");
    assert_snapshot!(wiring("{ partitions = lib.mapAttrs f { }; }"), @"unreadable, line 1");
}

#[test]
fn folders_and_modules_of_a_partition() {
    assert_snapshot!(wiring("{ partitions.dev = { module = ./dev; extraInputsFlake = ./dev; }; }"), @r#"dev in Some("./dev") with Some(["./dev"])"#);
    assert_snapshot!(wiring("{ partitions.dev.module.imports = [ ./a.nix ./b.nix ]; partitions.dev.extraInputsFlake = ./in; }"), @r#"dev in Some("./in") with Some(["./a.nix", "./b.nix"])"#);
    assert_snapshot!(wiring("{ partitions.dev = { module = { inputs, ... }: { }; extraInputsFlake = f ./dev; }; }"), @"dev in None with Some([])");
}

#[test]
fn a_partition_is_taken_out_of_what_routes_many_outputs_at_once() {
    let without = |partition: &str, module: &str| {
        let source = source(module);
        match unwire(&source, false, partition, false) {
            Ok(Some(unwired)) => unwired.edits.apply(source.text()),
            Ok(None) => "nothing of it".to_owned(),
            Err(error) => format!("line {:?}: {error}", error.line()),
        }
    };
    let many = "{ lib, ... }:\n{\n  partitionedAttrs = lib.genAttrs [ \"checks\" \"formatter\" ] (_: \"dev\");\n  systems = [ ];\n}\n";
    assert_snapshot!(without("dev", many), @"
    { lib, ... }:
    {
      systems = [ ];
    }
    ");
    assert_snapshot!(without("docs", many), @"nothing of it");
    assert_snapshot!(without("dev", "{ partitionedAttrs = lib.genAttrs [ ] (_: \"dev\"); }"), @"nothing of it");
    let two = "{ partitionedAttrs = { docs = \"docs\"; } // lib.genAttrs [ \"checks\" ] (_: \"dev\"); }";
    assert_snapshot!(without("dev", two), @"line Some(1): this is computed, so that the partition cannot be told from others");
}

#[test]
fn what_a_partition_s_module_defines_feeds_the_outputs_it_defines() {
    assert_snapshot!(module("{ partitions.dev.module = { inputs, ... }: { perSystem = _: { checks.a = inputs.heavy; }; }; }"), @"
    heavy: Used
      module.nix:1 Value [checks] certain
    ");
    assert_snapshot!(module("{ partitions.dev.module.perSystem = { inputs', ... }: { checks.a = inputs'.heavy.x; }; }"), @"
    heavy: Used
      module.nix:1 Value [checks] certain
    ");
    assert_snapshot!(module("{ partitions = { dev = { module = { inputs, ... }: { flake.x.a = inputs.heavy.lib; }; }; }; }"), @"
    heavy: Used
      module.nix:1 Lib [x] certain
    ");
    assert_snapshot!(module("{ partitions.dev.module = { inputs, ... }: { flake.lib = inputs.heavy.lib; }; }"), @"
    heavy: Used
      module.nix:1 Lib [lib] certain
    ");
    assert_snapshot!(module("{ partitions.dev.module = { inputs, ... }: { perSystem.formatter = inputs.heavy; }; }"), @"
    heavy: Used
      module.nix:1 Value [formatter] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: { partitions.dev.extraInputs = { inherit (inputs) heavy; }; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: `partitions` depends on it
    ");
    assert_snapshot!(module("{ partitions.dev.module = { inputs, ... }: { imports = [ inputs.heavy.flakeModule ]; }; }"), @"
    heavy: Used
      module.nix:1 FlakeModule [] may, everything: `partitions` depends on it
    ");
}

#[test]
fn inputs_of_a_module_around_it_stay_the_root_s() {
    assert_snapshot!(module("{ inputs, ... }: { partitions.dev.module.perSystem.checks.a = inputs.heavy; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: `partitions` depends on it
    ");
    assert_snapshot!(module("{ inputs, ... }: { partitions.dev.module = { pkgs, ... }: { flake.x.a = inputs.heavy.lib; }; }"), @"
    heavy: Used
      module.nix:1 Lib [] may, everything: `partitions` depends on it
    ");
    assert_snapshot!(module("{ inputs, ... }: let x = inputs.heavy; in { partitions.dev.module = { inputs, ... }: { flake.x.a = x.lib; }; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: `partitions` depends on it
    ");
    assert_snapshot!(module("args: { partitions.dev.module = { flake.x.a = args.inputs.heavy.lib; }; }"), @"
    heavy: Used
      module.nix:1 Lib [] may, everything: `partitions` depends on it
    ");
    assert_snapshot!(module("{ inputs, ... }: { partitions = { dev = { module.flake.x = { inherit (inputs) heavy; }; }; }; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: `partitions` depends on it
    ");
}

#[test]
fn files_of_a_partition_s_module() {
    let used = |wiring: &str, path: &str| {
        let module = format!("{{ partitions.dev = {{ {wiring} extraInputsFlake = ./dev; }}; }}");
        usage(&[
            ("flake.nix", FLAKE),
            ("module.nix", &module),
            ("dev/flake.nix", "{ inputs.root.url = ../.; outputs = _: { }; }"),
            (path, "{ inputs, ... }: { perSystem.devShells.a = inputs.heavy; }"),
        ])
    };
    assert_snapshot!(used("module = ./dev;", "dev/default.nix"), @"
    heavy: Used
      dev/default.nix:1 Value [devShells] certain
    ");
    assert_snapshot!(used("module.imports = [ ./dev/shell.nix ];", "dev/shell.nix"), @"
    heavy: Used
      dev/shell.nix:1 Value [devShells] certain
    ");
    assert_snapshot!(used("module = { imports = [ ./dev/shell.nix ]; };", "dev/shell.nix"), @"
    heavy: Used
      dev/shell.nix:1 Value [devShells] certain
    ");
    assert_snapshot!(used("module = { inputs, ... }: inputs.import-tree ./dev/modules;", "dev/modules/shell.nix"), @"
    heavy: Used
      dev/modules/shell.nix:1 Value [] may, everything: `partitions` depends on it
    ");
}

#[test]
fn flake_compat_reads_the_flake_as_a_flake() {
    let used = |default: &str| {
        usage(&[
            ("flake.nix", FLAKE),
            ("module.nix", "{ inputs, ... }: { flake.x.a = f ./lib; }"),
            ("lib/a.nix", "{ inputs, ... }: inputs.heavy"),
            ("default.nix", default),
        ])
    };
    assert_snapshot!(used("(import (fetchTarball { url = ./x; }) { src = ./.; }).defaultNix"), @"
    heavy: Used
      lib/a.nix:1 Value [x] certain
    ");
    assert_snapshot!(used("import (fetchTarball { url = ./x; }) { src = ./.; }"), @"
    heavy: Used
      lib/a.nix:1 Value [] may, everything: flakepart does not see who imports default.nix
    ");
}

#[test]
fn flake_written_as_modules_are() {
    assert_snapshot!(module("{ inputs, ... }: { flake.config.ci.a = inputs.heavy; }"), @"
    heavy: Used
      module.nix:1 Value [ci] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake.options.ci.default = inputs.heavy; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: module.nix defines something computed from it
    ");
}
