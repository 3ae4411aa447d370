//! Nodes by number: what all passes over a lock share.

use std::collections::HashMap;

use super::document::{Lock, Node};

/// No node, no edge.
pub(super) const NONE: u32 = u32::MAX;

/// The nodes of a lock numbered in byte order of their keys.
pub(super) struct Index<'a> {
    pub(super) keys: Vec<&'a str>,
    pub(super) nodes: Vec<&'a Node>,
    by_key: HashMap<&'a str, u32>,
}

impl<'a> Index<'a> {
    pub(super) fn new(lock: &'a Lock) -> Index<'a> {
        let keys: Vec<&str> = lock.nodes.keys().map(String::as_str).collect();
        let by_key = keys.iter().copied().zip(0..).collect();
        Index { keys, nodes: lock.nodes.values().collect(), by_key }
    }

    pub(super) fn get(&self, key: &str) -> Option<u32> {
        self.by_key.get(key).copied()
    }
}
