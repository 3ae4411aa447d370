//! A set of file changes: shown as a diff, applied as a whole or not at all.

mod apply;
mod diff;
mod disk;
mod error;
mod journal;
mod lock;
mod recover;

use std::collections::BTreeMap;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use serde::Serialize;

pub use apply::Writer;
pub use disk::Disk;
pub use error::ChangeError;
pub use recover::{Recovered, unfinished};

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is new.
    Create,
    /// Its content changes.
    Edit,
    /// It goes.
    Delete,
}

/// One file, before and after; `None` where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The bytes the plan was made on.
    pub before: Option<Vec<u8>>,
    /// The bytes that it wants.
    pub after: Option<Vec<u8>>,
    /// Where a new file was before, whose mode it keeps.
    pub moved_from: Option<Utf8PathBuf>,
}

/// A plan's file changes, by path relative to the flake. A value: making one writes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    files: BTreeMap<Utf8PathBuf, Change>,
}

impl Changes {
    /// Adds a file. One that stays as it is is no change.
    pub fn insert(&mut self, path: impl Into<Utf8PathBuf>, before: Option<Vec<u8>>, after: Option<Vec<u8>>) {
        if before != after {
            self.files.insert(path.into(), Change { before, after, moved_from: None });
        }
    }

    /// Moves a file, and maybe edits it on the way: it goes from one path and comes at another. git finds
    /// such pairs by their likeness, nothing says so in its index.
    pub fn insert_moved(
        &mut self,
        from: impl Into<Utf8PathBuf>,
        to: impl Into<Utf8PathBuf>,
        before: Vec<u8>,
        after: Vec<u8>,
    ) {
        let from = from.into();
        self.files
            .insert(to.into(), Change { before: None, after: Some(after), moved_from: Some(from.clone()) });
        self.insert(from, Some(before), None);
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The files, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &Change)> {
        self.files.iter().map(|(path, change)| (path.as_path(), change))
    }

    /// What becomes of each file.
    pub fn actions(&self) -> impl Iterator<Item = (&Utf8Path, Action)> {
        self.iter().filter_map(|(path, change)| {
            let action = match (&change.before, &change.after) {
                (None, Some(_)) => Action::Create,
                (Some(_), Some(_)) => Action::Edit,
                (Some(_), None) => Action::Delete,
                (None, None) => return None,
            };
            Some((path, action))
        })
    }

    /// The new files.
    #[must_use]
    pub fn created(&self) -> Vec<Utf8PathBuf> {
        self.actions()
            .filter(|(_, action)| *action == Action::Create)
            .map(|(path, _)| path.to_owned())
            .collect()
    }
}

/// Whether a path, from a plan or a journal, stays below the folder that it is relative to.
fn stays_inside(path: &Utf8Path) -> bool {
    let parts = |part: Utf8Component| matches!(part, Utf8Component::Normal(name) if name != ".git");
    path.file_name().is_some() && path.components().all(parts)
}
