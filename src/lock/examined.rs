//! A lock with its graph, for those who want to know all of it.

use super::LARGE;
use super::file::LockFile;
use super::graph::Graph;
use super::revisions::Repeated;
use super::weight::RootInput;

/// A lock, and what takes long to find out about it.
pub struct Examined<'a> {
    /// The lock.
    pub lock: &'a LockFile,
    /// Its graph.
    pub graph: Graph<'a>,
    /// The root inputs and their weights: [`Graph::inputs`].
    pub inputs: Vec<RootInput<'a>>,
    /// How many nodes remain when lossless duplicates count once: [`Graph::distinct`].
    pub distinct: usize,
    /// The repositories at several revisions: [`Graph::repeated`].
    pub repeated: Vec<Repeated>,
    /// Whether Nix would write the same bytes; none where these would be too many.
    pub canonical: Option<bool>,
}

impl<'a> Examined<'a> {
    /// Examines a lock.
    #[must_use]
    pub fn new(lock: &'a LockFile) -> Examined<'a> {
        let graph = lock.graph();
        let distinct = || graph.distinct();
        let others = || (graph.inputs(), graph.repeated(), lock.is_canonical_by(&graph.index).ok());
        let (distinct, (inputs, repeated, canonical)) =
            if lock.nodes.len() < LARGE { (distinct(), others()) } else { rayon::join(distinct, others) };
        Examined { lock, inputs, distinct, repeated, canonical, graph }
    }
}
