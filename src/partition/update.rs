//! The locks of a flake and of its partitions, updated together: Nix updates each on its own, and knows
//! nothing of the pins that partitions share with the root.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

use super::{Files, NoPartition, Outline, SyncError, SyncPlan};
use crate::change::Changes;

impl Outline {
    /// The folders of the flakes that an update is about: those of the partitions that are named, or, where
    /// none is, the root and every partition's.
    pub fn to_update(&self, partitions: &[String]) -> Result<BTreeSet<Utf8PathBuf>, NoPartition> {
        if partitions.is_empty() {
            let nested = self.partitions.values().filter_map(|partition| partition.folder.clone());
            return Ok(nested.chain([Utf8PathBuf::new()]).collect());
        }
        let named = partitions.iter().map(|name| Ok(self.partition(name)?.nested()?.to_owned()));
        named.collect()
    }
}

/// The changes from `files` to the same files with locks that Nix has updated, by their paths. The
/// partitions' aliases get the root's pins: Nix has updated these, too, each as if it were alone.
pub fn updated(
    files: &Files,
    locks: impl IntoIterator<Item = (Utf8PathBuf, Vec<u8>)>,
) -> Result<Changes, SyncError> {
    let mut after = files.clone();
    after.extend(locks);
    let synced = SyncPlan::make(&after, &Outline::read(&after)?)?.changes;
    for (path, change) in synced.iter() {
        if let Some(bytes) = &change.after {
            after.insert(path.to_owned(), bytes.clone());
        }
    }
    let mut changes = Changes::default();
    for (path, bytes) in after {
        let before = files.get(&path).cloned();
        changes.insert(path, before, Some(bytes));
    }
    Ok(changes)
}
