//! Why a merge is refused.

use camino::Utf8PathBuf;
use thiserror::Error;

use crate::lock::GraftError;
use crate::nix::NixError;
use crate::partition::{FlakeError, NoPartition, Place, SplitError};

/// Why flakepart does not merge.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There is no such partition, or none that can be read.
    #[error(transparent)]
    NoPartition(#[from] NoPartition),
    /// The nested flake has more to say than its inputs.
    #[error("this nested flake has outputs of its own, which would be gone")]
    Outputs {
        /// The nested flake.nix.
        path: Utf8PathBuf,
    },
    /// The nested flake and the root have an input of the same name, and not the same input.
    #[error("`{}` is an input of the root, too, and not the same one", .input.escape_debug())]
    Taken {
        /// The input.
        input: String,
        /// Where the nested flake declares it.
        place: Place,
    },
    /// An input is a folder relative to the nested flake.
    #[error("`{}` is a folder relative to this flake.nix", .input.escape_debug())]
    Relative {
        /// The input.
        input: String,
        /// Where the nested flake declares it.
        place: Place,
    },
    /// The nested lock cannot become a part of the root's.
    #[error("{source}")]
    Graft {
        /// The nested lock.
        path: Utf8PathBuf,
        /// Why.
        source: GraftError,
    },
    /// A file that has to be edited cannot be.
    #[error("{source}")]
    Edit {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        source: NixError,
    },
    /// Neither can the flake be split.
    #[error(transparent)]
    NotEditable(#[from] SplitError),
    /// The flake cannot be read, before or after.
    #[error(transparent)]
    Flake(#[from] FlakeError),
    /// What comes of it is not what it should be.
    #[error("flakepart cannot take this partition apart: {0}")]
    Inconsistent(String),
}

impl MergeError {
    /// The file and the line that it is about, where it is not about the flake as a whole.
    #[must_use]
    pub fn place(&self) -> Option<(Utf8PathBuf, Option<usize>)> {
        match self {
            MergeError::NoPartition(error) => error.place().map(|(file, line)| (file.clone(), Some(*line))),
            MergeError::Taken { place: (file, line), .. }
            | MergeError::Relative { place: (file, line), .. } => Some((file.clone(), Some(*line))),
            MergeError::Outputs { path } | MergeError::Graft { path, .. } => Some((path.clone(), None)),
            MergeError::Edit { path, source } => Some((path.clone(), source.line())),
            MergeError::NotEditable(_) | MergeError::Flake(_) | MergeError::Inconsistent(_) => None,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            MergeError::NoPartition(error) => Some(error.hint()),
            MergeError::Outputs { .. } => {
                Some("move them into the root flake first, and leave `outputs = _: { }`".to_owned())
            }
            MergeError::Taken { input, .. } => Some(format!(
                "lock both to the same revision, or call it otherwise there: `{}-2`",
                input.escape_debug()
            )),
            MergeError::Relative { .. } => Some("give it a URL first".to_owned()),
            MergeError::Edit { .. } => Some("write it out, or take this part back by hand".to_owned()),
            MergeError::Inconsistent(_) => Some("take it back by hand".to_owned()),
            MergeError::NotEditable(error) => error.hint(),
            MergeError::Graft { path, source: GraftError::UnknownInput { .. } } => {
                let folder = path.parent().map_or(".", |folder| folder.as_str());
                Some(format!("`nix flake lock ./{folder}` first"))
            }
            MergeError::Graft { .. } | MergeError::Flake(_) => None,
        }
    }
}
