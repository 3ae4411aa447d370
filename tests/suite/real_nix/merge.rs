//! `merge`: real Nix finds every output as it was, and leaves the lock as it is.

use serde_json::Value;

use super::on_each_nix;
use super::world::{Nix, lock};
use crate::merge::by_hand;
use crate::relocation::{CASES, repository};
use crate::support::Repo;

on_each_nix!(
    takes_back_what_a_split_did_and_proves_it,
    takes_back_what_joined_a_partition_and_follows_that_were_cut,
    takes_a_partition_apart_and_proves_it,
    takes_a_partition_apart_that_was_made_by_hand,
    brings_the_revisions_of_an_updated_nested_lock,
);

fn run(nix: &Nix, repo: &Repo, arguments: &[&str]) -> Value {
    let ran = nix.flakepart(repo, &[arguments, &["--yes", "--format", "json"]].concat());
    assert_eq!(ran.code, Some(0), "{ran}");
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Nix writes no lock anew.
fn stays_locked(nix: &Nix, repo: &Repo) {
    let state = repo.state();
    nix.ask(repo.path(), &["flake", "lock"]);
    assert_eq!(repo.state(), state);
}

fn takes_back_what_a_split_did_and_proves_it(nix: &Nix) {
    let repo = Repo::agent_boxes();
    let before = repo.state();
    run(nix, &repo, &["split", "--all", "--no-verify"]);
    for partition in ["agents", "dev"] {
        let plan = run(nix, &repo, &["merge", partition]);
        assert_eq!((&plan["partition"], &plan["proof"]["verdict"]), (&partition.into(), &"proved".into()));
    }
    assert_eq!(repo.state(), before);
    stays_locked(nix, &repo);
}

fn takes_back_what_joined_a_partition_and_follows_that_were_cut(nix: &Nix) {
    let repo = super::followers::repository(nix);
    let before = repo.state();
    for committed in [true, false] {
        for input in ["treefmt-nix", "npm-lockfile-fix"] {
            let arguments = ["split", "--input", input, "--followers", "cut", "--no-verify", "--allow-dirty"];
            run(nix, &repo, &arguments);
            if committed {
                repo.commit();
            }
        }
        let plan = run(nix, &repo, &["merge", "dev", "--no-verify"]);
        assert_eq!(plan["inputs"], serde_json::json!(["npm-lockfile-fix", "treefmt-nix"]));
        if committed {
            repo.commit();
        }
        assert_eq!(repo.state(), before, "{committed}");
    }
}

fn takes_a_partition_apart_and_proves_it(nix: &Nix) {
    for case in CASES {
        let repo = repository(case);
        let before = repo.read("flake.lock");
        run(nix, &repo, &["split", "--input", "treefmt-nix", "--partition", "dev", "--no-verify"]);
        // Nobody can tell any more what it was before.
        repo.git(&["update-ref", "-d", "HEAD"]);
        repo.commit();
        let plan = run(nix, &repo, &["merge", "dev"]);
        assert_eq!(plan["proof"]["verdict"], "proved", "{}", case.name);
        assert_eq!(repo.read("flake.lock"), before, "{}", case.name);
        stays_locked(nix, &repo);
    }
}

fn takes_a_partition_apart_that_was_made_by_hand(nix: &Nix) {
    for (name, repo) in by_hand() {
        let plan = run(nix, &repo, &["merge", "dev"]);
        assert_eq!(plan["proof"]["verdict"], "proved", "{name}");
        stays_locked(nix, &repo);
    }
}

/// The older revision of nixpkgs, which another input pins, and the newer.
fn both_nixpkgs(repo: &Repo) -> (Value, Value) {
    let nodes = lock(repo, "flake.lock")["nodes"].take();
    (nodes["nixpkgs"]["locked"].clone(), nodes["nixpkgs_2"]["locked"].clone())
}

fn brings_the_revisions_of_an_updated_nested_lock(nix: &Nix) {
    let repo = Repo::agent_boxes();
    let (old, new) = both_nixpkgs(&repo);
    repo.replace(
        "flake.nix",
        "    import-tree.url",
        "    tools.url = \"git+https://git.example/NixOS/nixpkgs\";\n    import-tree.url",
    );
    nix.ask(repo.path(), &["flake", "lock"]);
    let mut root = lock(&repo, "flake.lock");
    let key = root["nodes"]["root"]["inputs"]["tools"].as_str().unwrap().to_owned();
    assert_eq!(root["nodes"][&key]["locked"]["rev"], new["rev"]);
    let updated = repo.read("flake.lock");
    root["nodes"][&key]["locked"] = old;
    repo.write("flake.lock", serde_json::to_string_pretty(&root).unwrap() + "\n");
    repo.write(
        "nix/tools.nix",
        "{ inputs, ... }: { perSystem.legacyPackages.rev = inputs.tools.rev or null; }\n",
    );
    repo.commit();
    let flake_nix = repo.read("flake.nix");

    run(nix, &repo, &["split", "--input", "tools", "--partition", "tools"]);
    repo.commit();
    let nested = repo.path().join("nix/tools/_inputs");
    nix.ask(&nested, &["flake", "update"]);
    repo.commit();
    run(nix, &repo, &["merge", "tools"]);
    assert_eq!(repo.read("flake.nix"), flake_nix);
    assert_eq!(repo.read("flake.lock"), updated);
    stays_locked(nix, &repo);
}
