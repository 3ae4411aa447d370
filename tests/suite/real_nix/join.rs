//! Inputs that move into a partition that is there already, as Nix sees it.

use super::on_each_nix;
use super::world::{Nix, lock};
use crate::support::Repo;

on_each_nix!(a_partition_of_ours_is_written_anew, a_partition_made_by_hand_is_left_as_it_is);

/// A light input that a check uses, and a formatter of which the checks come from a partition.
fn repository(nix: &Nix) -> Repo {
    let repo = super::followers::repository(nix);
    repo.replace(
        "flake.nix",
        "    hermes-agent.inputs.npm-lockfile-fix.follows = \"npm-lockfile-fix\"; # ours\n",
        "",
    );
    repo.commit();
    nix.ask(repo.path(), &["flake", "lock"]);
    repo.commit();
    let run = nix.flakepart(&repo, &["split", "--yes", "--input", "treefmt-nix"]);
    assert_eq!(run.code, Some(0), "{run}");
    repo.commit();
    repo
}

/// Moves the light input, has Nix prove it and find all locks up to date.
fn join(nix: &Nix, repo: &Repo) {
    let run = nix.flakepart(repo, &["split", "--yes", "--input", "npm-lockfile-fix"]);
    assert_eq!(run.code, Some(0), "{run}");
    for folder in [".", "nix/dev/_inputs"] {
        let state = repo.state();
        nix.ask(&repo.path().join(folder), &["flake", "lock"]);
        assert_eq!(repo.state(), state, "{folder}");
    }
    let nested = lock(repo, "nix/dev/_inputs/flake.lock");
    let inputs: Vec<&String> = nested["nodes"]["root"]["inputs"].as_object().unwrap().keys().collect();
    assert_eq!(inputs, ["npm-lockfile-fix", "root-nixpkgs", "treefmt-nix"]);
    assert!(!repo.read("flake.nix").contains("npm-lockfile-fix"));
    let state = repo.state();
    let again = nix.flakepart(repo, &["split", "--yes", "--input", "npm-lockfile-fix"]);
    assert_eq!((again.code, repo.state()), (Some(0), state), "{again}");
}

/// An output that only the light input needs, besides one that the partition has.
fn an_output_more(repo: &Repo) {
    let job = "flake.hydraJobs.lockfile = inputs.npm-lockfile-fix.packages.x86_64-linux.default;";
    repo.replace("nix/lockfile.nix", "perSystem =", &format!("{job}\n  perSystem ="));
    repo.commit();
}

fn a_partition_of_ours_is_written_anew(nix: &Nix) {
    let repo = repository(nix);
    an_output_more(&repo);
    join(nix, &repo);
    assert!(repo.read("nix/dev/partition.nix").contains("    hydraJobs = \"dev\";\n"));
    assert!(!repo.path().join("nix/dev/partition-2.nix").exists());
}

fn a_partition_made_by_hand_is_left_as_it_is(nix: &Nix) {
    let repo = repository(nix);
    an_output_more(&repo);
    let ours = repo.read("nix/dev/partition.nix");
    let (head, rest) = ours.split_once("  partitionedAttrs = {\n").unwrap();
    let (routes, rest) = rest.split_once("  };\n").unwrap();
    let outputs: String = routes
        .lines()
        .filter_map(|route| route.split(" = ").next())
        .fold(String::new(), |outputs, output| outputs + &format!("\"{}\" ", output.trim()));
    let by_hand = format!(
        "{}  partitionedAttrs = lib.genAttrs [ {outputs}] (_: \"dev\");\n{rest}",
        head.replace("{ inputs, ... }", "{ inputs, lib, ... }")
    );
    repo.write("nix/dev/partition.nix", &by_hand);
    repo.commit();
    join(nix, &repo);
    assert_eq!(repo.read("nix/dev/partition.nix"), by_hand);
    assert!(
        repo.read("nix/dev/partition-2.nix")
            .contains("  partitionedAttrs = {\n    hydraJobs = \"dev\";\n  };\n")
    );
}
