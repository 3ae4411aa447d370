//! Code that reads flake.lock by itself, as `default.nix` does for flake-compat: it finds nodes by their
//! keys, and a split renumbers them (facts: 18 of 70 repositories do so).

use std::collections::BTreeSet;

use super::Flake;
use crate::finding::{Code, Finding};
use crate::lock::Lock;

/// The files that read flake.lock and name a node that is another, or gone, in `after`.
#[must_use]
pub(super) fn lock_readers(flake: &Flake, after: &Lock) -> Vec<Finding> {
    let before = &flake.lock.nodes;
    let root = [flake.lock.root.as_str(), after.root.as_str()];
    let moved = before.iter().filter(|(key, node)| {
        !root.contains(&key.as_str()) && after.nodes.get(*key).is_none_or(|other| other.locked != node.locked)
    });
    let moved: BTreeSet<&str> = moved.map(|(key, _)| key.as_str()).collect();
    let mut findings = Vec::new();
    for site in &flake.usages.lock {
        let text = flake.project.text(&site.file).unwrap_or_default();
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '\'')));
        let node = words.find_map(|word| named(word).find(|name| moved.contains(name)));
        if let Some(node) = node {
            let message = format!("{} reads flake.lock, in which the node `{node}` moves", site.file);
            findings.push(
                Finding::new(Code::LockRead, message)
                    .at(site.file.clone(), Some(site.line))
                    .help("look whether it still finds what it needs: the nested lock has the moved nodes"),
            );
        }
    }
    findings
}

/// The nodes that a path of attributes may name. `root.inputs.x` asks the lock which node that is.
fn named(path: &str) -> impl Iterator<Item = &str> {
    let names = path.split('.');
    let before = std::iter::once("").chain(names.clone());
    names.zip(before).filter(|(_, before)| *before != "inputs").map(|(name, _)| name)
}
