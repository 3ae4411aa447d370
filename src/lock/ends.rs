//! Where the edges of a lock lead, by place instead of by key.

use super::document::{Edge, Lock};
use super::index::{FastMap, FastState, NONE};
use super::map::Name;

/// For each edge of a lock the place, in byte order of the keys, of the node that it is.
#[derive(Debug, Clone)]
pub(super) struct Ends {
    /// The place of the root; `NONE` where it is missing.
    pub(super) root: u32,
    /// For each node where its edges begin, and behind the last where they end.
    first: Vec<u32>,
    /// `NONE` for those that follow, and for those whose node is missing.
    places: Vec<u32>,
}

impl Ends {
    pub(super) fn new(lock: &Lock) -> Ends {
        // Copies of the keys, for the nodes are far apart.
        let mut known: FastMap<Name, u32> =
            FastMap::with_capacity_and_hasher(lock.nodes.len(), FastState::default());
        known.extend(lock.nodes.keys().cloned().zip(0..));
        let place = |key| known.get(key).copied().unwrap_or(NONE);
        let mut first = Vec::with_capacity(lock.nodes.len() + 1);
        let mut places = Vec::with_capacity(2 * lock.nodes.len());
        for node in lock.nodes.values() {
            first.push(places.len() as u32);
            places.extend(node.inputs.values().map(|edge| match edge {
                Edge::Node(key) => place(key),
                Edge::Follows(_) => NONE,
            }));
        }
        first.push(places.len() as u32);
        Ends { root: place(&lock.root), first, places }
    }

    /// How many edges there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Those of the node at this place, by name.
    pub(super) fn of(&self, place: usize) -> &[u32] {
        match (self.first.get(place), self.first.get(place + 1)) {
            (Some(from), Some(to)) => self.places.get(*from as usize..*to as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Whether no node is missing.
    pub(super) fn is_whole(&self, lock: &Lock) -> bool {
        (0..).zip(lock.nodes.values()).all(|(place, node)| {
            let mut edges = node.inputs.values().zip(self.of(place));
            edges.all(|(edge, end)| *end != NONE || matches!(edge, Edge::Follows(_)))
        })
    }

    /// Whether each node but the root is an input of one other. Then there is no cycle that the root reaches.
    pub(super) fn is_tree(&self) -> bool {
        let mut seen = vec![false; self.first.len() - 1];
        let is_first = |place: &u32| {
            let slot = seen.get_mut(*place as usize);
            slot.is_some_and(|seen| !std::mem::replace(seen, true))
        };
        let mut ends = std::iter::once(&self.root).chain(self.places.iter().filter(|place| **place != NONE));
        ends.all(is_first) && seen.iter().all(|seen| *seen)
    }
}
