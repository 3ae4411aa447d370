//! Partitions that people wired in forms of their own: inputs join them, and they merge, or the place is told.

use std::fmt::Write as _;

use insta::assert_snapshot;

use crate::support::Repo;

const BY_FLAKEPART: &str = "partitionedAttrs = {
    apps = \"sources\";
    packages = \"sources\";
  };";

/// The fixture with a partition of which the wiring is replaced: what routes its outputs, and the rest.
fn wired(routes: &str, partition: &str) -> Repo {
    let repo = Repo::agent_boxes();
    let run =
        repo.flakepart(&["split", "--yes", "--no-verify", "--input", "pi-mono", "--partition", "sources"]);
    assert_eq!(run.code, Some(0), "{run}");
    let module = "nix/sources/partition.nix";
    repo.replace(module, "{ inputs, ... }", "{ inputs, lib, ... }");
    repo.replace(module, BY_FLAKEPART, routes);
    repo.replace(module, "partitions.sources.extraInputsFlake = ./_inputs;", partition);
    repo.commit();
    repo
}

const GEN_ATTRS: &str = "partitionedAttrs = lib.genAttrs [ \"packages\" \"apps\" ] (_: \"sources\");";
const FOLDER: &str = "partitions.sources.extraInputsFlake = ./_inputs;";

#[test]
fn an_input_joins_it() {
    let forms = [
        (BY_FLAKEPART, FOLDER),
        ("partitionedAttrs.apps = \"sources\";\n  partitionedAttrs.packages = \"sources\";", FOLDER),
        (GEN_ATTRS, FOLDER),
        (
            "partitionedAttrs = { apps = \"sources\"; } // lib.genAttrs [ \"packages\" ] (_: \"sources\");",
            FOLDER,
        ),
        (BY_FLAKEPART, "partitions = { sources = { module = ./_module; extraInputsFlake = ./_inputs; }; };"),
        (
            BY_FLAKEPART,
            "partitions.sources.module = { inputs, ... }: { imports = [ ./_module ]; };\n  \
             partitions.sources.extraInputsFlake = ./_inputs;",
        ),
    ];
    for (routes, partition) in forms {
        let repo = wired(routes, partition);
        repo.write(
            "nix/sources/_module/default.nix",
            "{ perSystem = { pkgs, ... }: { packages.x = pkgs.hello; }; }\n",
        );
        repo.commit();
        let run = repo.flakepart(&["split", "--yes", "--no-verify", "--input", "hermes-agent"]);
        assert_eq!(run.code, Some(0), "{run}");
        let nested = "nix/sources/_inputs/flake";
        let changed = format!(" M flake.lock\n M flake.nix\n M {nested}.lock\n M {nested}.nix\n");
        assert_eq!(repo.git(&["status", "--short"]), changed, "{routes}\n{partition}");
        assert!(repo.read(&format!("{nested}.nix")).contains("hermes-agent"), "{routes}\n{partition}");
    }
}

#[test]
fn what_is_computed_is_refused() {
    let mut said = String::new();
    for (routes, partition) in [
        ("partitionedAttrs = lib.genAttrs (import ./_names.nix) (_: \"sources\");", FOLDER),
        (BY_FLAKEPART, "partitions = lib.genAttrs [ \"sources\" ] (_: { extraInputsFlake = ./_inputs; });"),
    ] {
        let run = wired(routes, partition).flakepart(&["split", "--dry-run", "--input", "hermes-agent"]);
        writeln!(said, "{run}").unwrap();
    }
    assert_snapshot!(said, @r#"
    exit code 2
    --- stderr ---
    error: nix/sources/partition.nix:5: which outputs come from partitions, or which partitions there are, is computed here

    hint: write it out: `partitionedAttrs.checks = "dev";`, `partitions.dev.extraInputsFlake = ./dev;`

    exit code 2
    --- stderr ---
    error: nix/sources/partition.nix:10: which outputs come from partitions, or which partitions there are, is computed here

    hint: write it out: `partitionedAttrs.checks = "dev";`, `partitions.dev.extraInputsFlake = ./dev;`
    "#);
}

#[test]
fn it_merges() {
    let repo = wired(GEN_ATTRS, FOLDER);
    let run = repo.flakepart(&["merge", "sources", "--yes", "--no-verify"]);
    assert_eq!(run.code, Some(0), "{run}");
    let before = Repo::agent_boxes();
    for path in ["flake.nix", "flake.lock"] {
        assert_eq!(repo.read(path), before.read(path), "{path}");
    }
    assert!(!repo.path().join("nix/sources").exists());
}
