//! Inputs at the root that follow inputs which move: the three ways out, as Nix sees them.

use super::on_each_nix;
use super::world::{Nix, lock, nodes};
use crate::support::Repo;

on_each_nix!(both_move, what_is_followed_stays, the_follows_is_cut, none_is_chosen_for_the_user);

/// The fixture with a light input that the heavy one follows, and that a check uses.
pub(super) fn repository(nix: &Nix) -> Repo {
    let repo = Repo::agent_boxes();
    repo.replace(
        "flake.nix",
        "    hermes-agent.inputs.systems.follows = \"systems\";\n",
        "    hermes-agent.inputs.systems.follows = \"systems\";
    hermes-agent.inputs.npm-lockfile-fix.follows = \"npm-lockfile-fix\"; # ours
    npm-lockfile-fix.url = \"git+https://git.example/jeslie0/npm-lockfile-fix\";\n",
    );
    repo.write(
        "nix/lockfile.nix",
        "{ inputs, ... }:
{
  perSystem =
    { system, ... }:
    {
      checks.lockfile = inputs.npm-lockfile-fix.packages.${system}.default;
    };
}
",
    );
    repo.commit();
    nix.ask(repo.path(), &["flake", "lock"]);
    repo.commit();
    repo
}

/// Splits, has Nix prove it and find both locks up to date; gives how many nodes the locks have.
fn split(nix: &Nix, repo: &Repo, arguments: &[&str], nested: &str) -> (usize, usize) {
    let run = nix.flakepart(repo, &[&["split", "--yes", "--input", "npm-lockfile-fix"], arguments].concat());
    assert_eq!(run.code, Some(0), "{run}");
    let state = repo.state();
    nix.ask(repo.path(), &["flake", "lock"]);
    nix.ask(&repo.path().join(nested), &["flake", "lock"]);
    assert_eq!(repo.state(), state);
    let nested = nodes(&lock(repo, &format!("{nested}/flake.lock")));
    (nodes(&lock(repo, "flake.lock")), nested)
}

fn both_move(nix: &Nix) {
    let repo = repository(nix);
    let locks = split(nix, &repo, &["--followers", "move", "--partition", "both"], "nix/both/_inputs");
    assert_eq!(locks, (6, 13));
    assert!(!repo.read("flake.nix").contains("hermes-agent.url"));
}

fn what_is_followed_stays(nix: &Nix) {
    let repo = repository(nix);
    let also = ["--input", "pi-mono", "--followers", "keep"];
    let run = nix.flakepart(&repo, &[&["split", "--yes", "--input", "npm-lockfile-fix"], &also[..]].concat());
    assert_eq!(run.code, Some(0), "{run}");
    assert!(repo.read("flake.nix").contains("npm-lockfile-fix.url"));
    assert!(!repo.read("flake.nix").contains("pi-mono"));
}

fn the_follows_is_cut(nix: &Nix) {
    let repo = repository(nix);
    let locks = split(nix, &repo, &["--followers", "cut"], "nix/dev/_inputs");
    assert_eq!(locks, (15, 3));
    assert!(
        repo.read("flake.nix").contains("hermes-agent.inputs.npm-lockfile-fix.follows = \"\"; # ours\n"),
        "{}",
        repo.read("flake.nix")
    );
}

fn none_is_chosen_for_the_user(nix: &Nix) {
    let repo = repository(nix);
    let run = nix.flakepart(&repo, &["split", "--yes", "--input", "npm-lockfile-fix"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (
            Some(2),
            "error: flake.nix:25: npm-lockfile-fix cannot move: hermes-agent follows it\n\n\
             hint: `--followers move` moves it, too; `keep` leaves `npm-lockfile-fix` at the root; `cut` has \
             it follow nothing (`follows = \"\"`)\n"
        )
    );
}
