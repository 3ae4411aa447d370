//! Code that reads flake.lock by itself finds the same after a split, and after a merge.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::Repo;

/// Files that read the lock: what they say before, and what of the lock they hold on to.
const READERS: &[(&str, &str)] = &[
    (
        "default.nix",
        "let
  lock = builtins.fromJSON (builtins.readFile ./flake.lock);
in
{
  # Not the newest.
  inherit (lock.nodes.pi-mono.locked) rev;
  hash = lock.nodes.\"pi-mono\".locked.narHash or null;
}
",
    ),
    (
        "shell.nix",
        "let
  lock = builtins.fromJSON (builtins.readFile ./flake.lock);
  name = lock.nodes.${lock.root}.inputs.pi-mono;
in
lock.nodes.${name}.locked.rev
",
    ),
    ("renumbered.nix", "(builtins.fromJSON (builtins.readFile ./flake.lock)).nodes.nixpkgs_2.locked.rev\n"),
    (
        "tests/of-both.nix",
        "{ lib }: map (lock: lock.rev) (with (lib.importJSON ../flake.lock).nodes; [ pi-mono.locked systems.locked ])\n",
    ),
    (
        "both.nix",
        "let lock = (import ./lib).importJSON ./flake.lock; in [ lock.nodes.pi-mono.locked.rev lock.nodes.systems_2.locked.rev ]\n",
    ),
    ("stays.nix", "(builtins.fromJSON (builtins.readFile ./flake.lock)).nodes.treefmt-nix.locked.rev\n"),
    (
        "handed-on.nix",
        "f: let lock = builtins.fromJSON (builtins.readFile ./flake.lock); in f lock lock.nodes.pi-mono.locked\n",
    ),
    ("text.nix", "{ self }: builtins.readFile \"${self}/flake.lock\" # pi-mono\n"),
];

fn repository() -> Repo {
    let repo = Repo::agent_boxes();
    for (path, text) in READERS {
        repo.write(path, text);
    }
    repo.commit();
    repo
}

/// What the readers say now, where that is not what they said.
fn changed(repo: &Repo) -> String {
    let mut said = String::new();
    for (path, text) in READERS.iter().filter(|(path, text)| repo.read(path) != *text) {
        let now = repo.read(path);
        for (old, new) in text.lines().zip(now.lines()).filter(|(old, new)| old != new) {
            writeln!(said, "{path}\n- {old}\n+ {new}").unwrap();
        }
    }
    said
}

fn told(stdout: &str) -> String {
    let plan: Value = serde_json::from_str(stdout).unwrap();
    let notes = plan["notes"].as_array().unwrap().iter().filter(|note| note["code"] == "lock-read");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    notes
        .map(|note| {
            let (level, line) = (text(&note["level"]), &note["line"]);
            format!(
                "{level} {}:{line}: {}\n  {}\n",
                text(&note["file"]),
                text(&note["message"]),
                text(&note["help"])
            )
        })
        .collect()
}

#[test]
fn readers_of_a_lock_follow_their_nodes() {
    let repo = repository();
    let state = repo.state();
    let run = |arguments: &[&str]| {
        let run = repo.flakepart(&[arguments, &["--yes", "--no-verify", "--format", "json"]].concat());
        assert_eq!(run.code, Some(0), "{run}");
        told(&run.stdout)
    };
    let mut said = run(&["split", "--input", "hermes-agent", "--input", "pi-mono", "--partition", "agents"]);
    said += &changed(&repo);
    run(&["merge", "agents"]);
    assert_eq!(repo.state(), state);

    // Nobody can tell any more what it was before.
    run(&["split", "--input", "hermes-agent", "--input", "pi-mono", "--partition", "agents"]);
    repo.git(&["update-ref", "-d", "HEAD"]);
    repo.commit();
    said += "## merged without history\n";
    said += &run(&["merge", "agents"]);
    said += &changed(&repo);
    assert_snapshot!(said);
}
