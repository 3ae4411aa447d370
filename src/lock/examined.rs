//! A lock with its graph, for those who want to know all of it.

use super::document::Lock;
use super::graph::Graph;

/// A lock, the bytes that it was read from, and what takes long to find out.
pub struct Examined<'a> {
    /// The lock.
    pub lock: &'a Lock,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Its graph.
    pub graph: Graph<'a>,
    /// Whether Nix would write the same bytes; none where these would be too many.
    pub canonical: Option<bool>,
}

impl<'a> Examined<'a> {
    /// Examines a lock that was read from `bytes`.
    #[must_use]
    pub fn new(lock: &'a Lock, bytes: &'a [u8]) -> Examined<'a> {
        let graph = Graph::new(lock);
        let canonical = graph.index.normalized_bytes().ok().map(|normal| normal == bytes);
        Examined { lock, bytes, graph, canonical }
    }
}
