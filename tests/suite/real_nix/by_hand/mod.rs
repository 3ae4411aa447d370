//! A split as people make it by hand at first, and what Nix says to that: a row for each trap that is known.
//! Beside it stands what flakepart makes of the same flake.

mod rows;

use std::fmt::Write as _;

use serde_json::Value;

use super::on_each_nix;
use super::world::{Nix, words};
use crate::support::Repo;
use rows::ROWS;

on_each_nix!(every_trap_springs_by_hand_and_not_with_flakepart);

/// A file, the text to replace (all of it where empty), and what to put there.
type Edit = (&'static str, &'static str, &'static str);

/// A trap.
struct Row {
    name: &'static str,
    /// What the fixture has besides.
    before: &'static [Edit],
    /// The split by hand. Nix makes the locks that it leaves out.
    by_hand: &'static [&'static [Edit]],
    /// Files that are not told to git.
    untracked: &'static [&'static str],
    /// What flakepart is told to move.
    input: &'static str,
    /// Asks Nix for what the trap is about.
    ask: fn(&Nix, &Repo) -> String,
    /// The code of what flakepart has to say about it.
    told: Option<&'static str>,
}

fn every_trap_springs_by_hand_and_not_with_flakepart(nix: &Nix) {
    let mut said = String::new();
    for row in ROWS {
        let repo = Repo::agent_boxes_edited(row.before);
        if row.before.iter().any(|(file, ..)| *file == "flake.nix") {
            nix.ask(repo.path(), &["flake", "lock"]);
            repo.commit();
        }
        let before = (row.ask)(nix, &repo);
        let like = |answer: String| if answer == before { "as before".to_owned() } else { answer };
        let by_hand = like(by_hand(nix, row).unwrap_or_else(|repo| (row.ask)(nix, &repo)));
        writeln!(said, "## {}\nby hand:   {by_hand}", row.name).unwrap();

        let split = ["split", "--yes", "--no-verify", "--format", "json", "--input", row.input];
        let run = nix.flakepart(&repo, &split);
        let flakepart = match run.code {
            Some(0) => like((row.ask)(nix, &repo)),
            _ => run.stderr.lines().next().unwrap_or_default().to_owned(),
        };
        writeln!(said, "flakepart: {flakepart}").unwrap();
        let plan: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
        for note in plan["notes"].as_array().into_iter().flatten() {
            if note["code"].as_str() == row.told {
                let place = note["file"].as_str().map_or(String::new(), |file| format!("{file}: "));
                writeln!(said, "           {place}{}", note["message"].as_str().unwrap()).unwrap();
                writeln!(said, "           {}", note["help"].as_str().unwrap()).unwrap();
            }
        }
    }
    insta::assert_snapshot!(format!("{}", nix.name()), said);
}

/// The split by hand, or what Nix says where it cannot even be locked.
fn by_hand(nix: &Nix, row: &Row) -> Result<String, Repo> {
    let repo = Repo::agent_boxes_edited(&[row.before, &row.by_hand.concat()].concat());
    for folder in ["", "nix/agents/_inputs"] {
        let folder = repo.path().join(folder);
        if !folder.join("flake.nix").exists() {
            continue;
        }
        let ran = nix.run(&folder, &["flake", "lock"]);
        if ran.code != Some(0) {
            return Ok(words(&ran.stderr, &repo));
        }
    }
    repo.commit();
    if !row.untracked.is_empty() {
        repo.git(&[&["rm", "-q", "--cached"], row.untracked].concat());
    }
    Err(repo)
}
