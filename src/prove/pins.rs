//! Revisions that nobody fetched: where the content is in the store, Nix takes it and asks nobody whether
//! the revision has it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::control::locks;
use super::proof::Skipped;

#[derive(Deserialize)]
struct Lock {
    nodes: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Node {
    locked: Option<Locked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Locked {
    nar_hash: Option<String>,
    rev: Option<String>,
}

/// The pins of the state after that name another revision for content that the state before had, too.
pub(super) fn unfetched(before: &Utf8Path, after: &Utf8Path) -> io::Result<Vec<Skipped>> {
    let was = pins(before)?;
    let mut revisions: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (.., content, revision) in &was {
        revisions.entry(content).or_default().insert(revision);
    }
    let is = pins(after)?;
    let unfetched = is.iter().filter(|(.., content, revision)| {
        revisions.get(content).is_some_and(|revisions| !revisions.contains(revision))
    });
    let skipped = unfetched.map(|(lock, node, _, revision)| Skipped {
        attr: format!("{node} in {lock}"),
        why: format!("pinned with the content of another revision, so Nix need not have fetched {revision}"),
    });
    Ok(skipped.collect())
}

/// Every pin of every lock in a folder: the lock, the node, the content and the revision.
fn pins(folder: &Utf8Path) -> io::Result<Vec<(Utf8PathBuf, String, String, String)>> {
    let mut pins = Vec::new();
    for path in locks(folder)? {
        // What Nix cannot read it reports itself.
        let Ok(Lock { nodes }) = serde_json::from_slice(&fs_err::read(folder.join(&path))?) else { continue };
        for (name, node) in nodes {
            if let Some(Locked { nar_hash: Some(content), rev: Some(revision) }) = node.locked {
                pins.push((path.clone(), name, content, revision));
            }
        }
    }
    Ok(pins)
}
