//! Nodes by number: what all passes over a lock share.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::document::{Edge, Lock, Node};
use super::map::Name;

/// No node, no edge.
pub(super) const NONE: u32 = u32::MAX;

/// The nodes of a lock numbered in byte order of their keys, and their inputs.
#[derive(Clone)]
pub(super) struct Index<'a> {
    pub(super) lock: &'a Lock,
    pub(super) keys: Vec<&'a str>,
    /// Of a lock that was read, all are there; the root of one that was made may not be.
    pub(super) nodes: Vec<&'a Node>,
    pub(super) root: u32,
    /// For each node where its arcs begin, and behind the last where they end.
    first: Vec<u32>,
    /// All inputs of all nodes, by node and then by name.
    pub(super) arcs: Vec<Arc<'a>>,
}

/// An input of a node.
#[derive(Clone)]
pub(super) struct Arc<'a> {
    pub(super) name: &'a str,
    pub(super) edge: &'a Edge,
    /// The node whose input it is.
    pub(super) from: u32,
    /// The node that it is, or `NONE`: so are those that follow, as long as nobody resolved them.
    pub(super) to: u32,
}

impl<'a> Index<'a> {
    pub(super) fn new(lock: &'a Lock) -> Index<'a> {
        let mut by_key: FastMap<Name, u32> =
            FastMap::with_capacity_and_hasher(lock.nodes.len(), FastState::default());
        // Copies of the keys, next to the numbers: no look at the nodes, which are far apart.
        by_key.extend(lock.nodes.keys().cloned().zip(0..));
        let number = |key: &str| by_key.get(key).copied().unwrap_or(NONE);
        let mut arcs = Vec::with_capacity(lock.nodes.values().map(|node| node.inputs.len()).sum());
        let mut first = Vec::with_capacity(lock.nodes.len() + 1);
        for (from, node) in (0..).zip(lock.nodes.values()) {
            first.push(arcs.len() as u32);
            arcs.extend(node.inputs.iter().map(|(name, edge)| Arc {
                name,
                edge,
                from,
                to: match edge {
                    Edge::Node(key) => number(key),
                    Edge::Follows(_) => NONE,
                },
            }));
        }
        first.push(arcs.len() as u32);
        Index {
            lock,
            keys: lock.nodes.keys().map(Name::as_str).collect(),
            nodes: lock.nodes.values().collect(),
            root: number(&lock.root),
            first,
            arcs,
        }
    }

    /// The numbers of a node's arcs.
    pub(super) fn arcs_of(&self, node: u32) -> std::ops::Range<usize> {
        let at = node as usize;
        match (self.first.get(at), self.first.get(at + 1)) {
            (Some(from), Some(to)) => *from as usize..*to as usize,
            _ => 0..0,
        }
    }

    /// A node's arcs by name.
    pub(super) fn links(&self, node: u32) -> &[Arc<'a>] {
        self.arcs.get(self.arcs_of(node)).unwrap_or_default()
    }

    /// The number of a node's arc of this name.
    pub(super) fn find(&self, node: u32, name: &str) -> Option<usize> {
        let range = self.arcs_of(node);
        let start = range.start;
        let arcs = self.arcs.get(range)?;
        let at = arcs.binary_search_by(|arc| arc.name.cmp(name)).ok()?;
        Some(start + at)
    }
}

/// A map with a hash that costs one multiplication for each eight bytes, which a lock of 100,000
/// nodes feels.
pub(super) type FastMap<K, V> = HashMap<K, V, FastState>;

/// Starts each hash with a secret that the standard library draws anew for each process, so that
/// nobody can make names that collide.
#[derive(Clone)]
pub(super) struct FastState(u64);

impl Default for FastState {
    fn default() -> FastState {
        FastState(RandomState::new().hash_one(0_u8) | 1)
    }
}

impl BuildHasher for FastState {
    type Hasher = FastHasher;

    fn build_hasher(&self) -> FastHasher {
        FastHasher { secret: self.0, state: self.0 }
    }
}

pub(super) struct FastHasher {
    secret: u64,
    state: u64,
}

impl FastHasher {
    fn mix(&mut self, word: u64) {
        // Both halves of the product, folded: each bit of the word reaches each bit of the state.
        let product =
            u128::from(self.state ^ word) * u128::from(self.secret.rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15);
        self.state = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for FastHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.mix(word.try_into().map_or(0, u64::from_le_bytes));
        }
        let mut rest = [0; 8];
        for (to, from) in rest.iter_mut().zip(words.remainder()) {
            *to = *from;
        }
        self.mix(u64::from_le_bytes(rest) ^ ((bytes.len() as u64) << 56));
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64);
    }

    fn write_u8(&mut self, _: u8) {
        // What the standard library ends a string with; its length is mixed in already.
    }

    fn finish(&self) -> u64 {
        self.state ^ self.secret.rotate_right(17)
    }
}
