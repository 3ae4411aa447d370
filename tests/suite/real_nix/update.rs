//! The locks of the root and its partitions, updated together.

use super::on_each_nix;
use super::sync::moved_on;
use super::world::{Nix, lock};
use crate::support::Repo;

on_each_nix!(
    the_root_and_all_partitions_get_what_nix_gives_each,
    a_partition_by_itself_keeps_the_roots_pins,
    when_one_fails_nothing_is_kept,
    a_flake_in_a_folder_sees_the_repository_around_it,
);

/// The flakes of the fixture once it is split.
const FOLDERS: [&str; 3] = [".", "nix/agents/_inputs", "nix/dev/_inputs"];

fn the_root_and_all_partitions_get_what_nix_gives_each(nix: &Nix) {
    let repo = moved_on(nix);
    let state = repo.state();
    let shown = nix.flakepart(&repo, &["update", "--dry-run"]);
    assert_eq!((shown.code, repo.state()), (Some(1), state), "{shown}");
    let run = nix.flakepart(&repo, &["update"]);
    assert_eq!((run.code, &run.stdout), (Some(0), &shown.stdout));
    let nixpkgs = "  nixpkgs  git+https://git.example/NixOS/nixpkgs
      5070d5f0eb of 2026-01-12 -> f87efc8b5a of 2026-04-06
";
    assert!(run.stdout.starts_with("flake.lock: 4 -> 4 nodes, ") && run.stdout.contains(nixpkgs), "{run}");
    for folder in FOLDERS {
        let state = repo.state();
        nix.ask(&repo.path().join(folder), &["flake", "update"]);
        assert_eq!(repo.state(), state, "{folder}");
    }
    for again in [&["update"][..], &["update", "--dry-run"], &["sync", "--check"], &["check"]] {
        let state = repo.state();
        let run = nix.flakepart(&repo, again);
        assert_eq!((run.code, repo.state()), (Some(0), state), "{run}");
    }
}

fn a_partition_by_itself_keeps_the_roots_pins(nix: &Nix) {
    let repo = moved_on(nix);
    let root = repo.read("flake.lock");
    let run = nix.flakepart(&repo, &["update", "dev"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(repo.read("flake.lock"), root);
    let (root, nested) = (lock(&repo, "flake.lock"), lock(&repo, "nix/dev/_inputs/flake.lock"));
    assert_eq!(nested["nodes"]["root-nixpkgs"]["locked"], root["nodes"]["nixpkgs"]["locked"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), " M nix/dev/_inputs/flake.lock\n");
}

fn when_one_fails_nothing_is_kept(nix: &Nix) {
    let repo = moved_on(nix);
    let state = repo.state();
    let light = nix.in_the_light_world();
    let run = light.flakepart(&repo, &["update"]);
    assert_eq!((run.code, run.stdout.as_str(), repo.state()), (Some(3), "", state));
    let why = "error: nix cannot update nix/agents/_inputs/flake.lock: ";
    assert!(run.stderr.starts_with(why) && run.stderr.contains("NousResearch/hermes-agent'"), "{run}");
    // What does not need them is updated all the same.
    assert_eq!(light.flakepart(&repo, &["update", "dev"]).code, Some(0));
}

/// One of its inputs is a folder beside it, which Nix finds by the repository that both are in.
fn a_flake_in_a_folder_sees_the_repository_around_it(nix: &Nix) {
    let flake = "{ inputs.beside.url = \"path:../beside\"; outputs = _: { }; }\n";
    let repo = Repo::new(&[("beside/flake.nix", "{ outputs = _: { }; }\n"), ("own/flake.nix", flake)]);
    nix.ask(&repo.path().join("own"), &["flake", "lock"]);
    repo.commit();
    let run = nix.flakepart_in(&repo.path().join("own"), &["update"]);
    assert_eq!((run.code, repo.git(&["status", "--porcelain"])), (Some(0), String::new()), "{run}");
}
