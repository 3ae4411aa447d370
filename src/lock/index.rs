//! Nodes by number: what all passes over a lock share.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::document::{Edge, Lock, Node};
use super::ends::Ends;

/// No node, no edge.
pub(super) const NONE: u32 = u32::MAX;

/// The nodes of a lock by number, and their inputs. The root has the first number, and what it reaches those
/// behind it, depth first: whoever walks the graph finds in memory what comes next. Behind them come the nodes
/// that it does not reach, in byte order of their keys.
pub(super) struct Index<'a> {
    pub(super) lock: &'a Lock,
    pub(super) keys: Vec<&'a str>,
    /// Of a lock that was read, all are there; the root of one that was made may not be.
    pub(super) nodes: Vec<&'a Node>,
    pub(super) root: u32,
    /// How many nodes the root reaches, itself among them.
    pub(super) reached: u32,
    /// For each node the arc by which it is first reached, depth first; `NONE` for the root and for what is
    /// not reached.
    pub(super) by_arc: Vec<u32>,
    /// The numbers in byte order of the keys; and for each number its place there.
    pub(super) by_key: Vec<u32>,
    pub(super) places: Vec<u32>,
    /// For each node where its arcs begin, and behind the last where they end.
    first: Vec<u32>,
    /// All inputs of all nodes, by node and then by name.
    pub(super) arcs: Vec<Arc<'a>>,
    /// The names of inputs in byte order: far fewer than arcs.
    pub(super) names: Vec<&'a str>,
    /// For each arc which name it has.
    pub(super) name_of: Vec<u32>,
}

/// An input of a node.
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
        Index::of(lock, &Ends::new(lock))
    }

    /// The index of a lock with these ends.
    pub(super) fn of(lock: &'a Lock, ends: &Ends) -> Index<'a> {
        let (count, arcs) = (lock.nodes.len(), ends.len());
        let mut index = Index {
            lock,
            keys: Vec::with_capacity(count),
            nodes: Vec::with_capacity(count),
            root: NONE,
            reached: 0,
            by_arc: Vec::with_capacity(count),
            by_key: vec![NONE; count],
            places: Vec::with_capacity(count),
            first: Vec::with_capacity(count + 1),
            arcs: Vec::with_capacity(arcs),
            names: Vec::new(),
            name_of: Vec::with_capacity(arcs),
        };
        index.fill(ends);
        index
    }

    fn fill(&mut self, ends: &Ends) {
        let mut known = Known::default();
        let mut stack = vec![(ends.root, NONE)];
        while let Some((place, arc)) = stack.pop() {
            let first = self.arcs.len();
            if self.add(place, arc, ends, &mut known) {
                let arcs = (first..self.arcs.len()).rev();
                stack.extend(arcs.filter_map(|arc| Some((self.arcs.get(arc)?.to, arc as u32))));
            }
        }
        self.reached = self.keys.len() as u32;
        self.root = if self.reached == 0 { NONE } else { 0 };
        for place in 0..self.by_key.len() as u32 {
            self.add(place, NONE, ends, &mut known);
        }
        self.first.push(self.arcs.len() as u32);
        for arc in &mut self.arcs {
            arc.to = self.by_key.get(arc.to as usize).copied().unwrap_or(NONE);
        }
        let (names, order) = known.in_order();
        for name in &mut self.name_of {
            *name = order.get(*name as usize).copied().unwrap_or(NONE);
        }
        self.names = names;
    }

    /// Gives the node at this place the next number, if it is there and has none. Its arcs lead to places as yet.
    fn add(&mut self, place: u32, by_arc: u32, ends: &Ends, known: &mut Known<'a>) -> bool {
        let at = place as usize;
        let Some((slot, (key, node))) = self.by_key.get_mut(at).zip(self.lock.nodes.at(at)) else {
            return false;
        };
        if *slot != NONE {
            return false;
        }
        let from = self.keys.len() as u32;
        *slot = from;
        self.keys.push(key);
        self.nodes.push(node);
        self.by_arc.push(by_arc);
        self.places.push(place);
        self.first.push(self.arcs.len() as u32);
        for ((name, edge), to) in node.inputs.iter().zip(ends.of(at)) {
            self.arcs.push(Arc { name, edge, from, to: *to });
            self.name_of.push(known.number(name));
        }
        true
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

    /// The number of a node's arc whose name has this number.
    pub(super) fn find_named(&self, node: u32, name: u32) -> Option<usize> {
        let range = self.arcs_of(node);
        let start = range.start;
        self.name_of.get(range)?.binary_search(&name).ok().map(|at| start + at)
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

/// The names of inputs, by when they came.
#[derive(Default)]
struct Known<'a>(FastMap<&'a str, u32>);

impl<'a> Known<'a> {
    fn number(&mut self, name: &'a str) -> u32 {
        let fresh = self.0.len() as u32;
        *self.0.entry(name).or_insert(fresh)
    }

    /// The names in byte order, and by when they came which each of them is there.
    fn in_order(self) -> (Vec<&'a str>, Vec<u32>) {
        let mut names: Vec<(&str, u32)> = self.0.into_iter().collect();
        names.sort_unstable();
        let mut order = vec![NONE; names.len()];
        for ((_, came), number) in names.iter().zip(0..) {
            if let Some(slot) = order.get_mut(*came as usize) {
                *slot = number;
            }
        }
        (names.into_iter().map(|(name, _)| name).collect(), order)
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
