//! A lock with its graph, for those who want to know all of it.

use super::document::Lock;
use super::graph::Graph;
use super::index::Index;

/// From so many nodes on, starting a thread pays.
const LARGE: usize = 5_000;

/// A lock, the bytes that it was read from, and what takes long to find out.
pub struct Examined<'a> {
    /// The lock.
    pub lock: &'a Lock,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Its graph.
    pub graph: Graph<'a>,
    /// How many nodes remain when lossless duplicates count once: [`Graph::distinct`].
    pub distinct: usize,
    /// Whether Nix would write the same bytes; none where these would be too many.
    pub canonical: Option<bool>,
}

impl<'a> Examined<'a> {
    /// Examines a lock that was read from `bytes`.
    #[must_use]
    pub fn new(lock: &'a Lock, bytes: &'a [u8]) -> Examined<'a> {
        let index = Index::new(lock);
        let graph = || {
            let graph = Graph::of(index.clone());
            let distinct = graph.distinct();
            (graph, distinct)
        };
        let canonical = || index.normal().ok().map(|normal| normal.is(bytes));
        let ((graph, distinct), canonical) =
            if lock.nodes.len() < LARGE { (graph(), canonical()) } else { rayon::join(graph, canonical) };
        Examined { lock, bytes, graph, distinct, canonical }
    }
}
