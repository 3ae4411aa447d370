//! What can go wrong while files are changed.

use camino::{Utf8Path, Utf8PathBuf};
use thiserror::Error;

use super::disk::Refused;
use crate::tree::TreeError;

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
    /// The user made it so that nobody writes to the file.
    #[error("{path} is read-only; nothing was changed")]
    ReadOnly {
        /// The file.
        path: Utf8PathBuf,
    },
    /// Another git command is at work.
    #[error("git's index is locked by {path}; nothing was changed")]
    IndexHeld {
        /// The lock.
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
    /// A change failed half way, and what was written could not be put back.
    #[error("{why}, and what was written before could not be put back: {undo}")]
    Stranded {
        /// Why the change failed.
        why: String,
        /// Why it was not undone.
        undo: String,
    },
    /// What an earlier run left half changed could not be put back.
    #[error("cannot put back what an interrupted flakepart left half changed: {path}: {source}")]
    Unrecovered {
        /// The file.
        path: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Somebody edited files that an earlier run left half changed.
    #[error(
        "an interrupted flakepart left files half changed, and {} was edited since; nothing was put back",
        list(.paths)
    )]
    Edited {
        /// The files.
        paths: Vec<Utf8PathBuf>,
        /// Where the journal of the change lies.
        folder: Utf8PathBuf,
    },
    /// The journal of an earlier run cannot be understood.
    #[error("an interrupted flakepart left {folder}, which this one does not understand")]
    UnknownJournal {
        /// Where it lies.
        folder: Utf8PathBuf,
    },
    /// Something that has to be read cannot be.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The path.
        path: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The tree could not be read, or git not be told.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl From<Refused> for ChangeError {
    fn from(Refused { path, source }: Refused) -> ChangeError {
        ChangeError::Write { path, source }
    }
}

impl ChangeError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            ChangeError::Moved { .. } => Some("run it again".to_owned()),
            ChangeError::Leaves { .. } => Some(
                "replace the link by the folder it leads to, or choose another: `--folder DIR`".to_owned(),
            ),
            ChangeError::ReadOnly { path } => Some(format!("`chmod u+w {path}` has it written")),
            ChangeError::IndexHeld { .. } => Some(
                "wait for the git command that is at work; if there is none, remove that file".to_owned(),
            ),
            ChangeError::Stranded { .. } | ChangeError::Unrecovered { .. } => Some(
                "the next `flakepart split`, `merge` or `sync` puts back what is left; until then, `git diff` shows it"
                    .to_owned(),
            ),
            ChangeError::Edited { folder, .. } => Some(format!(
                "undo your edits, saving them elsewhere, and run it again; or, to keep all files as they are \
                 now, remove {folder}, which holds the old ones"
            )),
            ChangeError::UnknownJournal { folder } => Some(format!(
                "run the flakepart that made it; to keep all files as they are now, remove {folder}"
            )),
            ChangeError::Tree(error) => error.hint(),
            _ => None,
        }
    }

    /// The same error about paths as the user knows them, relative to a folder.
    pub(super) fn seen_from(mut self, folder: &Utf8Path) -> ChangeError {
        if let ChangeError::Write { path, .. }
        | ChangeError::Unrecovered { path, .. }
        | ChangeError::Unreadable { path, .. }
        | ChangeError::IndexHeld { path }
        | ChangeError::UnknownJournal { folder: path }
        | ChangeError::Edited { folder: path, .. } = &mut self
            && let Ok(below) = path.strip_prefix(folder)
        {
            *path = below.to_owned();
        }
        self
    }

    /// Why it failed, and no word of what became of the files.
    pub(super) fn why(&self) -> String {
        match self {
            ChangeError::Write { path, source } => format!("cannot write {path}: {source}"),
            ChangeError::Interrupted => "interrupted".to_owned(),
            other => other.to_string(),
        }
    }
}

fn list(paths: &[Utf8PathBuf]) -> String {
    let paths: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
    paths.join(", ")
}
