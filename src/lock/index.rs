//! Nodes by number: what all passes over a lock share.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::document::{Lock, Node};

/// No node, no edge.
pub(super) const NONE: u32 = u32::MAX;

/// The nodes of a lock numbered in byte order of their keys.
pub(super) struct Index<'a> {
    pub(super) keys: Vec<&'a str>,
    pub(super) nodes: Vec<&'a Node>,
    by_key: FastMap<&'a str, u32>,
}

impl<'a> Index<'a> {
    pub(super) fn new(lock: &'a Lock) -> Index<'a> {
        let keys: Vec<&str> = lock.nodes.keys().map(String::as_str).collect();
        let mut by_key = FastMap::with_capacity_and_hasher(keys.len(), FastState::default());
        by_key.extend(keys.iter().copied().zip(0..));
        Index { keys, nodes: lock.nodes.values().collect(), by_key }
    }

    pub(super) fn get(&self, key: &str) -> Option<u32> {
        self.by_key.get(key).copied()
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

    fn write_u8(&mut self, _: u8) {
        // What the standard library ends a string with; its length is mixed in already.
    }

    fn finish(&self) -> u64 {
        self.state ^ self.secret.rotate_right(17)
    }
}
