//! The partition that somebody names.

use camino::Utf8Path;
use thiserror::Error;

use super::{Outline, Partition, Place};
use crate::suggest::instead;

/// Why there is nothing to work on under a partition's name.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NoPartition {
    /// There is no such partition.
    #[error("there is no partition `{}`", .name.escape_debug())]
    Unknown {
        /// What was asked for.
        name: String,
        /// The partitions there are.
        known: Vec<String>,
    },
    /// Nobody can tell where its inputs are declared.
    #[error("the partition's `extraInputsFlake` is no path that flakepart can read")]
    NoFolder {
        /// Who defines it.
        place: Place,
    },
}

impl NoPartition {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            NoPartition::Unknown { known, .. } if known.is_empty() => {
                "this flake has no partitions".to_owned()
            }
            NoPartition::Unknown { name, known } => instead(name, known),
            NoPartition::NoFolder { .. } => {
                "write it as a path, such as `extraInputsFlake = ./dev`".to_owned()
            }
        }
    }

    /// The file and the line that it is about.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            NoPartition::NoFolder { place } => Some(place),
            NoPartition::Unknown { .. } => None,
        }
    }
}

impl Outline {
    /// The partition of this name.
    pub fn partition(&self, name: &str) -> Result<&Partition, NoPartition> {
        self.partitions.get(name).ok_or_else(|| NoPartition::Unknown {
            name: name.to_owned(),
            known: self.partitions.keys().cloned().collect(),
        })
    }
}

impl Partition {
    /// The folder of its nested flake.
    pub fn nested(&self) -> Result<&Utf8Path, NoPartition> {
        let no_folder = || NoPartition::NoFolder { place: self.module.clone() };
        self.folder.as_deref().ok_or_else(no_folder)
    }
}
