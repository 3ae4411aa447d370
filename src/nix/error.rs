//! What can be wrong with a Nix file.

use thiserror::Error;

/// Why a Nix file cannot be read or will not be edited. Messages are fragments that fit after
/// "FILE:LINE: "; the caller knows the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NixError {
    /// The text is no Nix.
    #[error("syntax error: {what}")]
    Syntax {
        /// 1-based.
        line: usize,
        /// 1-based, in characters.
        column: usize,
        /// What stands there, and what was expected.
        what: String,
    },
    /// A merge left its markers.
    #[error("the file holds merge conflict markers")]
    ConflictMarkers {
        /// The line of the first marker, 1-based.
        line: usize,
    },
    /// Nix reads bytes, but every flake.nix is text.
    #[error("the file is not UTF-8")]
    NotUtf8 {
        /// The line of the first bad byte, 1-based.
        line: usize,
    },
    /// The file is beyond what flakepart reads.
    #[error("the file has {bytes} bytes, more than the {limit} that flakepart reads")]
    TooLarge {
        /// The size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The file is no code that a person wrote.
    #[error("the code nests too deeply to be read")]
    TooDeep,
    /// Nix itself refuses this flake.nix.
    #[error("{what}")]
    NotAFlake {
        /// 1-based.
        line: usize,
        /// What Nix refuses.
        what: String,
    },
    /// Nix accepts it, flakepart does not edit it.
    #[error("{what}")]
    CannotEdit {
        /// 1-based.
        line: usize,
        /// What is in the way.
        what: String,
    },
}

impl NixError {
    /// The 1-based line the error speaks of.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            NixError::Syntax { line, .. }
            | NixError::ConflictMarkers { line }
            | NixError::NotUtf8 { line }
            | NixError::NotAFlake { line, .. }
            | NixError::CannotEdit { line, .. } => Some(*line),
            NixError::TooLarge { .. } | NixError::TooDeep => None,
        }
    }

    /// The 1-based column, in characters, where it is known.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        match self {
            NixError::Syntax { column, .. } => Some(*column),
            _ => None,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            NixError::Syntax { .. } => Some("`nix-instantiate --parse FILE` shows what Nix makes of it"),
            NixError::ConflictMarkers { .. } => Some("resolve the merge first, then run flakepart again"),
            NixError::NotAFlake { .. } => Some("Nix refuses it, too: `nix flake metadata` shows how"),
            NixError::CannotEdit { .. } => Some("write this declaration out as a plain attribute set"),
            NixError::NotUtf8 { .. } => Some("save the file as UTF-8"),
            NixError::TooLarge { .. } | NixError::TooDeep => None,
        }
    }
}
