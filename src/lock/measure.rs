//! How large a lock is.

use std::iter::Sum;

use serde::Serialize;

use super::document::Lock;
use super::graph::Graph;

/// How large a lock is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Measure {
    /// Locked inputs, the root entry not among them.
    pub nodes: usize,
    /// The file's size in bytes.
    pub bytes: usize,
}

impl Measure {
    /// Measures a lock.
    #[must_use]
    pub fn of(lock: &Lock, bytes: &[u8]) -> Measure {
        Measure { nodes: Graph::new(lock).nodes(), bytes: bytes.len() }
    }
}

impl Sum for Measure {
    fn sum<I: Iterator<Item = Measure>>(all: I) -> Measure {
        all.fold(Measure::default(), |sum, one| Measure {
            nodes: sum.nodes + one.nodes,
            bytes: sum.bytes + one.bytes,
        })
    }
}
