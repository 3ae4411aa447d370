//! A lock with its graph, for those who want to know all of it.

use super::document::Lock;
use super::graph::Graph;
use super::weight::RootInput;

/// From so many nodes on, starting a thread pays.
const LARGE: usize = 2_000;

/// A lock, the bytes that it was read from, and what takes long to find out.
pub struct Examined<'a> {
    /// The lock.
    pub lock: &'a Lock,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Its graph.
    pub graph: Graph<'a>,
    /// The root inputs and their weights: [`Graph::inputs`].
    pub inputs: Vec<RootInput<'a>>,
    /// How many nodes remain when lossless duplicates count once: [`Graph::distinct`].
    pub distinct: usize,
    /// Whether Nix would write the same bytes; none where these would be too many.
    pub canonical: Option<bool>,
}

impl<'a> Examined<'a> {
    /// Examines a lock that was read from `bytes`.
    #[must_use]
    pub fn new(lock: &'a Lock, bytes: &'a [u8]) -> Examined<'a> {
        let graph = Graph::new(lock);
        let measured = || (graph.inputs(), graph.distinct());
        let canonical = || graph.index.normal().ok().map(|normal| normal.is(bytes));
        let ((inputs, distinct), canonical) = if lock.nodes.len() < LARGE {
            (measured(), canonical())
        } else {
            std::thread::scope(|scope| {
                let canonical = scope.spawn(canonical);
                (measured(), canonical.join().unwrap_or_default())
            })
        };
        Examined { lock, bytes, inputs, distinct, canonical, graph }
    }
}
