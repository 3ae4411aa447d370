//! A plan: what a split or a merge would do to the files.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::Serialize;

use super::Files;
use crate::change::Changes;
use crate::finding::Finding;

/// Which way the inputs of a plan go.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the root into partitions.
    #[default]
    Split,
    /// From a partition back to the root.
    Merge {
        /// Whether it takes back, byte by byte, what a split did, and nothing besides.
        restores: bool,
    },
}

/// One partition of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// The partition's name.
    pub partition: String,
    /// The inputs that move, sorted.
    pub inputs: Vec<String>,
    /// The outputs that come from it, sorted.
    pub attrs: Vec<String>,
    /// The folder of the nested flake.
    pub folder: Utf8PathBuf,
    /// Root input to the name under which the nested flake pins it.
    pub aliases: BTreeMap<String, String>,
    /// Nodes in the nested lock.
    pub nested_nodes: usize,
    /// The modules that go elsewhere: from where, and where to.
    #[serde(skip)]
    pub renamed: BTreeMap<Utf8PathBuf, Utf8PathBuf>,
}

/// What a split or a merge would do.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Which of the two.
    pub way: Way,
    /// The partitions it makes or takes back. None: there is nothing to do.
    pub partitions: Vec<Moved>,
    /// The files it changes.
    pub changes: Changes,
    /// Nodes in the root lock before.
    pub root_nodes_before: usize,
    /// Nodes in the root lock after.
    pub root_nodes_after: usize,
    /// What to know before saying yes; or why there is nothing to do.
    pub notes: Vec<Finding>,
}

impl Plan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// Takes all in which two states of the files differ for what is to change.
    pub(super) fn change(&mut self, before: &Files, mut after: Files) {
        for (from, to) in self.partitions.iter().flat_map(|moved| &moved.renamed) {
            if let (Some(old), Some(bytes)) = (before.get(from), after.remove(to)) {
                self.changes.insert_moved(from.clone(), to.clone(), old.clone(), bytes);
            }
        }
        for (path, bytes) in before.iter().filter(|(path, _)| !after.contains_key(*path)) {
            self.changes.insert(path.clone(), Some(bytes.clone()), None);
        }
        for (path, bytes) in after {
            let old = before.get(&path).cloned();
            self.changes.insert(path, old, Some(bytes));
        }
    }
}
