//! The root's pins carried into the partitions, as Nix sees them.

use serde_json::Value;

use super::on_each_nix;
use super::world::{Nix, lock};
use crate::support::Repo;

on_each_nix!(a_root_that_moved_on_takes_the_partitions_along, what_is_declared_elsewhere_follows);

/// The fixture with all its partitions, and its nixpkgs at another revision since.
pub fn moved_on(nix: &Nix) -> Repo {
    let repo = Repo::agent_boxes();
    let run = nix.flakepart(&repo, &["split", "--all", "--yes", "--no-verify"]);
    assert_eq!(run.code, Some(0), "{run}");
    let mut root = lock(&repo, "flake.lock");
    let nested = lock(&repo, "nix/agents/_inputs/flake.lock");
    let nodes = nested["nodes"].as_object().unwrap().values();
    let nixpkgs = |node: &&Value| node["original"]["url"] == "https://git.example/NixOS/nixpkgs";
    let other = nodes.filter(nixpkgs).find(|it| it["locked"] != root["nodes"]["nixpkgs"]["locked"]).unwrap();
    root["nodes"]["nixpkgs"]["locked"] = other["locked"].clone();
    repo.write("flake.lock", root.to_string());
    repo.commit();
    let run = repo.flakepart(&["lock", "normalize", "--write", "flake.lock"]);
    assert_eq!(run.code, Some(0), "{run}");
    repo.commit();
    repo
}

fn a_root_that_moved_on_takes_the_partitions_along(nix: &Nix) {
    let repo = moved_on(nix);
    let state = repo.state();
    let check = repo.flakepart(&["sync", "--check"]);
    assert_eq!((check.code, repo.state()), (Some(1), state), "{check}");
    let run = repo.flakepart(&["sync"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), "dev  root-nixpkgs f87efc8b5a -> 5070d5f0eb\nedit  nix/dev/_inputs/flake.lock\n")
    );
    for folder in [".", "nix/agents/_inputs", "nix/dev/_inputs"] {
        let state = repo.state();
        nix.ask(&repo.path().join(folder), &["flake", "lock"]);
        assert_eq!(repo.state(), state, "{folder}");
    }
    let (root, nested) = (lock(&repo, "flake.lock"), lock(&repo, "nix/dev/_inputs/flake.lock"));
    assert_eq!(nested["nodes"]["root-nixpkgs"]["locked"], root["nodes"]["nixpkgs"]["locked"]);
    for again in [&["sync"][..], &["sync", "--check"], &["check"]] {
        let state = repo.state();
        let run = repo.flakepart(again);
        assert_eq!((run.code, repo.state()), (Some(0), state), "{run}");
    }
}

/// `nixpkgs.url` with a branch now.
fn what_is_declared_elsewhere_follows(nix: &Nix) {
    let repo = moved_on(nix);
    let url = "nixpkgs.url = \"git+https://git.example/NixOS/nixpkgs\"";
    repo.replace("flake.nix", url, "nixpkgs.url = \"git+https://git.example/NixOS/nixpkgs?ref=main\"");
    let locked = lock(&repo, "flake.lock");
    let mut root = locked.clone();
    root["nodes"]["nixpkgs"]["original"]["ref"] = "main".into();
    repo.write("flake.lock", root.to_string());
    repo.commit();
    let run = repo.flakepart(&["sync"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        repo.read("nix/dev/_inputs/flake.nix")
            .contains("root-nixpkgs.url = \"git+https://git.example/NixOS/nixpkgs?ref=main\";")
    );
    let state = repo.state();
    nix.ask(&repo.path().join("nix/dev/_inputs"), &["flake", "lock"]);
    assert_eq!(repo.state(), state);
}
