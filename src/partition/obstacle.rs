//! What keeps any split of a flake from being made, whatever its inputs.

use super::error::SplitError;
use super::{Flake, declaration_findings};
use crate::nix::add_import;

/// flake-parts has had partitions since 2024-08-29 (facts/partitions.md).
pub(super) const PARTITIONS_SINCE: (i64, &str) = (1_724_889_600, "2024-08-29");

impl Flake {
    /// Why no split of this flake can be made, where that is so.
    #[must_use]
    pub fn obstacle(&self) -> Option<SplitError> {
        if self.flake_parts().is_none() {
            return Some(self.no_flake_parts());
        }
        if let Some(place) = &self.unreadable_wiring {
            return Some(SplitError::UnreadableWiring { place: place.clone() });
        }
        match &self.module_tree {
            Some(tree) if tree.filter.is_none() => {
                return Some(SplitError::FilteredTree { place: tree.place.clone() });
            }
            Some(_) => {}
            None => {
                if let Err(error) = add_import(&self.flake_nix, true, "./partition.nix") {
                    return Some(SplitError::NoImports(error));
                }
            }
        }
        if let Some(modified) = self.flake_parts_modified().filter(|date| *date < PARTITIONS_SINCE.0) {
            return Some(SplitError::OldFlakeParts { modified });
        }
        match self.flake_nix.generated() {
            // The module that wires a partition has to be imported without an edit.
            Some(line) if !self.is_from_modules() || self.module_tree.is_none() => {
                Some(SplitError::Generated { line })
            }
            _ => self.up_to_date().err(),
        }
    }

    /// Refuses a flake in which edits of flake.nix by themselves would not last.
    pub(super) fn editable(&self) -> Result<(), SplitError> {
        match self.flake_nix.generated() {
            Some(line) => Err(SplitError::Generated { line }),
            None => Ok(()),
        }
    }

    /// Refuses a flake that Nix would lock anew.
    pub(super) fn up_to_date(&self) -> Result<(), SplitError> {
        match declaration_findings(self).into_iter().next() {
            Some(finding) => Err(SplitError::Stale(Box::new(finding))),
            None => Ok(()),
        }
    }

    /// The error for a flake whose outputs flake-parts is not seen to make.
    pub(super) fn no_flake_parts(&self) -> SplitError {
        SplitError::NoFlakeParts {
            elsewhere: self.flake_nix.outputs_file(),
            generated: self.flake_nix.generated().is_some(),
        }
    }

    /// When the locked flake-parts was made, in seconds since 1970.
    pub(super) fn flake_parts_modified(&self) -> Option<i64> {
        let node = self.roots.get(self.flake_parts()?)?.node.as_ref()?;
        self.lock.nodes.get(node)?.locked.as_ref()?.get("lastModified")?.as_i64()
    }
}
