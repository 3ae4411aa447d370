//! The plan that takes a partition back into the root flake. Making one writes nothing.
//!
//! Where an earlier state of the files is known of which a split makes what there is now, that state comes
//! again, whatever was cut then (`replay`, `kept`). Else the partition is taken apart (`apart`).

mod apart;
mod error;
mod kept;
mod replay;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::lock_readers::follow_locks;
use super::pins::drift;
use super::plan::{Moved, Plan, Way};
use super::{AtHand, Files, Flake, declaration_findings};
use crate::finding::{Finding, Level};
use apart::Apart;
use replay::Replay;

pub use error::MergeError;

/// Gives the nearest earlier states of the flake without a file: before it came.
pub type Earlier<'a> = &'a dyn Fn(&Utf8Path) -> Vec<Files>;

/// The files without a partition, and what was in it.
struct Merged {
    files: Files,
    moved: Moved,
    by: By,
}

/// How a partition was taken back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// A split was undone: all files are as they were before it.
    Restoring,
    /// A split was undone in files that somebody edited since.
    Undoing,
    /// The partition was taken apart.
    Rewriting,
}

/// The names of the root inputs by those under which a nested flake pins them.
fn roots_of(aliases: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    aliases.iter().map(|(root, alias)| (alias.clone(), root.clone())).collect()
}

impl Plan {
    /// Plans to take a partition of the flake in `files` back, with what is `at_hand` of its inputs and what
    /// it was `earlier`.
    pub fn merge(
        files: &Files,
        at_hand: AtHand<'_>,
        partition: &str,
        earlier: Earlier<'_>,
    ) -> Result<Plan, MergeError> {
        let flake = Flake::read(files, at_hand)?;
        let known = flake.partition(partition)?;
        flake.up_to_date()?;
        let folder = known.nested()?;
        for then in earlier(&folder.join("flake.nix")) {
            let replay = Replay { now: files, flake: &flake, then: &then, at_hand };
            let merged = replay.without(&known.name);
            if let Some(Ok(plan)) = merged.map(|merged| finished(&flake, files, merged, at_hand)) {
                return Ok(plan);
            }
        }
        flake.editable()?;
        finished(&flake, files, Apart::new(&flake, known, folder, files).taken()?, at_hand)
    }
}

/// The plan that makes the files what they are to be, if these are what they should.
fn finished(
    flake: &Flake,
    files: &Files,
    Merged { files: mut after, moved, by }: Merged,
    at_hand: AtHand<'_>,
) -> Result<Plan, MergeError> {
    let next = Flake::read(&after, at_hand)?;
    consistent(flake, &next, &moved, by)?;
    let mut plan = Plan {
        way: Way::Merge { restores: by == By::Restoring },
        root_nodes_before: flake.nodes,
        root_nodes_after: next.nodes,
        notes: drifted(flake, &moved),
        ..Plan::default()
    };
    plan.notes.extend(follow_locks(flake, &next, &mut after));
    plan.partitions.push(moved);
    plan.change(files, after);
    Ok(plan)
}

/// The flake afterwards must be the one before without the partition, and with its inputs.
fn consistent(before: &Flake, after: &Flake, moved: &Moved, by: By) -> Result<(), MergeError> {
    let names = |flake: &Flake| -> BTreeSet<String> { flake.declarations.inputs.keys().cloned().collect() };
    let expected: BTreeSet<String> = names(before).into_iter().chain(moved.inputs.iter().cloned()).collect();
    let others = |flake: &Flake| -> BTreeMap<String, BTreeSet<String>> {
        let partitions = flake.partitions.values().filter(|it| it.name != moved.partition);
        partitions.map(|it| (it.name.clone(), it.attrs.clone())).collect()
    };
    // What a split changed in others comes back with it.
    let is_kept = |name: &String| {
        let said = |flake: &Flake| flake.declarations.inputs.get(name).map(|it| it.settings.clone());
        matches!(by, By::Restoring | By::Undoing) || said(before) == said(after)
    };
    let known = declaration_findings(before);
    let disagrees = declaration_findings(after).into_iter().find(|finding| !known.contains(finding));
    let problem = if after.partitions.contains_key(&moved.partition) {
        "the partition is still there".to_owned()
    } else if after.routed.values().any(|(partition, ..)| *partition == moved.partition) {
        "an output still comes from the partition".to_owned()
    } else if names(after) != expected {
        "flake.nix does not declare just the inputs that it should".to_owned()
    } else if !names(before).iter().all(is_kept) {
        "another declaration in flake.nix changed".to_owned()
    } else if others(before) != others(after) {
        "another partition changed".to_owned()
    } else if let Some(finding) = disagrees {
        finding.message
    } else {
        return Ok(());
    };
    Err(MergeError::Inconsistent(problem))
}

/// The inputs that were pinned to something else in the partition than the root's, which they are again.
fn drifted(flake: &Flake, moved: &Moved) -> Vec<Finding> {
    let nested = flake.partitions.get(&moved.partition).and_then(|it| it.lock.as_ref());
    let path = moved.folder.join("flake.lock");
    let drifted = moved.aliases.iter().filter_map(|(root, alias)| {
        let finding = drift(flake, nested?, alias, root, &path)?;
        let help =
            format!("merged, it is the root's `{root}`, and outputs may differ by that; `flakepart sync` makes it so before");
        Some(Finding { level: Level::Warning, ..finding.help(help) })
    });
    drifted.collect()
}
