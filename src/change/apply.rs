//! Writing the changes: all of them, or none.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use atomic_write_file::AtomicWriteFile;
use camino::{Utf8Path, Utf8PathBuf};
use thiserror::Error;

use super::{Change, Changes};
use crate::tree::{Tree as _, TreeError, WorkTree};

/// Why changes were not applied. The files are as they were, unless it says otherwise.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// Somebody wrote to the file since the plan was made.
    #[error("{path} changed while flakepart was at work; nothing was written")]
    Moved {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The path leads out of the flake.
    #[error("{path} leads out of the repository; nothing was written")]
    Leaves {
        /// The path.
        path: Utf8PathBuf,
    },
    /// A file could not be written.
    #[error("cannot write {path}: {source}; nothing was changed")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The user stopped it.
    #[error("interrupted; nothing was changed")]
    Interrupted,
    /// A file could not be written, and what was written before it could not be put back.
    #[error("cannot write {path}: {source}; {left} could not be put back")]
    Stranded {
        /// The file.
        path: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
        /// The files that are not as they were.
        left: String,
    },
    /// The tree could not be read, or git not be told.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// Applies the changes to a work tree and tells git of the new files. On any error, and once
/// `interrupted` is set, everything is put back as it was.
pub fn apply(changes: &Changes, tree: &WorkTree, interrupted: &AtomicBool) -> Result<(), ChangeError> {
    for (path, change) in changes.iter() {
        if path.is_absolute() || path.components().any(|part| part.as_str() == "..") {
            return Err(ChangeError::Leaves { path: path.to_owned() });
        }
        if tree.read(path)? != change.before {
            return Err(ChangeError::Moved { path: path.to_owned() });
        }
    }
    let mut applied = Applied { root: tree.root(), changes: Vec::new(), folders: Vec::new() };
    // Everything is on disk under other names before the first file is replaced, so that a full disk
    // or a read-only folder shows itself while nothing has happened yet.
    let mut staged = Vec::new();
    for (path, change) in changes.iter() {
        match applied.stage(path, change) {
            Ok(file) => staged.push((path, change, file)),
            Err(source) => {
                drop(staged);
                return Err(applied.undo(path, source));
            }
        }
    }
    for (path, change, file) in staged {
        let done = match file {
            Some(file) => file.commit(),
            None => fs_err::remove_file(tree.root().join(path)),
        };
        match done {
            Ok(()) => applied.changes.push((path, change)),
            Err(source) => return Err(applied.undo(path, source)),
        }
    }
    let told = match interrupted.load(Ordering::Relaxed) {
        false => tree.intend_to_add(&changes.created()).map_err(ChangeError::Tree),
        true => Err(ChangeError::Interrupted),
    };
    told.map_err(|error| {
        let path = tree.root().join(".git");
        match applied.undo(&path, std::io::Error::other(error.to_string())) {
            ChangeError::Write { .. } => error,
            stranded => stranded,
        }
    })
}

struct Applied<'a> {
    root: &'a Utf8Path,
    changes: Vec<(&'a Utf8Path, &'a Change)>,
    /// Folders made on the way, outermost first.
    folders: Vec<Utf8PathBuf>,
}

impl<'a> Applied<'a> {
    fn stage(&mut self, path: &Utf8Path, change: &Change) -> std::io::Result<Option<AtomicWriteFile>> {
        let Some(after) = &change.after else { return Ok(None) };
        let target = self.root.join(path);
        if let Some(parent) = target.parent() {
            let mut missing: Vec<&Utf8Path> =
                parent.ancestors().take_while(|folder| !folder.exists()).collect();
            missing.reverse();
            for folder in missing {
                fs_err::create_dir(folder)?;
                self.folders.push(folder.to_owned());
            }
        }
        let mut file = AtomicWriteFile::open(&target)?;
        file.write_all(after)?;
        file.sync_all()?;
        Ok(Some(file))
    }

    /// Puts back what was replaced, newest first.
    fn undo(self, path: &Utf8Path, source: std::io::Error) -> ChangeError {
        let mut left: Vec<&str> = Vec::new();
        for (path, change) in self.changes.iter().rev() {
            let target = self.root.join(path);
            let undone = match &change.before {
                Some(before) => fs_err::write(&target, before),
                None => fs_err::remove_file(&target),
            };
            if undone.is_err() {
                left.push(path.as_str());
            }
        }
        for folder in self.folders.iter().rev() {
            if fs_err::remove_dir(folder).is_err() && folder.exists() {
                left.push(folder.as_str());
            }
        }
        let path = path.to_owned();
        if left.is_empty() {
            ChangeError::Write { path, source }
        } else {
            ChangeError::Stranded { path, source, left: left.join(", ") }
        }
    }
}

impl Changes {
    /// Writes the changes into a plain folder that holds the state before, a copy made for a proof.
    pub fn write_to(&self, folder: &Utf8Path) -> std::io::Result<()> {
        for (path, change) in self.iter() {
            let target = folder.join(path);
            match &change.after {
                Some(after) => {
                    if let Some(parent) = target.parent() {
                        fs_err::create_dir_all(parent)?;
                    }
                    fs_err::write(&target, after)?;
                }
                None => fs_err::remove_file(&target)?,
            }
        }
        Ok(())
    }
}
