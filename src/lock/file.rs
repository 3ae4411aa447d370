//! A lock file as it was read.

use std::ops::Deref;

use super::document::Lock;
use super::ends::Ends;
use super::error::LockError;
use super::graph::Graph;
use super::index::Index;
use super::normalize::Normal;

/// A lock with the bytes that it was read from. What was learned on reading makes some answers cheap.
#[derive(Debug, Clone)]
pub struct LockFile {
    pub(super) lock: Lock,
    pub(super) bytes: Vec<u8>,
    /// Whether it is known to print as these bytes: [`Lock::to_bytes`].
    pub(super) is_print: bool,
    pub(super) ends: Ends,
}

impl LockFile {
    /// The bytes that it was read from.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The lock's graph.
    #[must_use]
    pub fn graph(&self) -> Graph<'_> {
        Graph::of(self.index())
    }

    /// The lock as Nix would write it.
    ///
    /// # Errors
    /// As [`Lock::normal`].
    pub fn normal(&self) -> Result<Normal<'_>, LockError> {
        let normal = self.index().normal()?;
        Ok(if self.is_print && normal.is_same(&self.lock) { normal.printed(&self.bytes) } else { normal })
    }

    /// Whether Nix would write the same bytes.
    ///
    /// # Errors
    /// As [`Lock::normal`].
    pub fn is_canonical(&self) -> Result<bool, LockError> {
        self.is_canonical_by(&self.index())
    }

    pub(super) fn is_canonical_by(&self, index: &Index<'_>) -> Result<bool, LockError> {
        let normal = index.normal()?;
        Ok(if self.is_print { normal.is_same(&self.lock) } else { normal.is(&self.bytes) })
    }

    fn index(&self) -> Index<'_> {
        Index::of(&self.lock, &self.ends)
    }
}

impl Deref for LockFile {
    type Target = Lock;

    fn deref(&self) -> &Lock {
        &self.lock
    }
}
