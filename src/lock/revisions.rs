//! Repositories that are locked more than once, at different revisions: other than lossless duplicates,
//! these cannot be merged without an update.

use std::collections::BTreeMap;

use super::graph::Graph;
use super::index::FastMap;
use super::reference::repository;

/// A repository that is locked at several revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// As one would say it: `NixOS/nixpkgs`.
    pub repository: String,
    /// How many different revisions.
    pub revisions: usize,
    /// When the oldest of them was made, in seconds since 1970, where the lock says so.
    pub oldest: Option<i64>,
    /// When the newest of them was made.
    pub newest: Option<i64>,
}

impl Graph<'_> {
    /// The repositories that the root reaches at several revisions, the most repeated first.
    #[must_use]
    pub fn repeated(&self) -> Vec<Repeated> {
        // By repository in lower case: how it is written, and its revisions with their dates.
        let mut found: BTreeMap<String, (String, BTreeMap<&str, Option<i64>>)> = BTreeMap::new();
        // Nodes that share their attributes need no second look.
        let mut seen: FastMap<usize, ()> = FastMap::default();
        // As they lie in memory.
        for (number, node) in self.index.by_key.iter().zip(self.index.lock.nodes.values()) {
            let locked = node.locked.as_ref().filter(|_| self.is_reached(*number));
            let locked = locked.filter(|locked| seen.insert(locked.identity(), ()).is_none());
            let Some((repository, rev)) =
                locked.and_then(|locked| Some((repository(locked)?, locked.str("rev")?)))
            else {
                continue;
            };
            let date = locked.and_then(|locked| locked.get("lastModified")?.as_i64());
            let (written, revisions) = found.entry(repository.to_ascii_lowercase()).or_default();
            // In byte order capital letters come first: NixOS before nixos.
            if written.is_empty() || repository < *written {
                *written = repository;
            }
            revisions.insert(rev, date);
        }
        let mut repeated: Vec<Repeated> = found
            .into_values()
            .filter(|(_, revisions)| revisions.len() > 1)
            .map(|(repository, revisions)| Repeated {
                repository,
                revisions: revisions.len(),
                oldest: revisions.values().flatten().min().copied(),
                newest: revisions.values().flatten().max().copied(),
            })
            .collect();
        repeated.sort_by(|a, b| (b.revisions, &a.repository).cmp(&(a.revisions, &b.repository)));
        repeated
    }
}
