//! The order and the keys in which Nix writes nodes.
//!
//! Nix makes a fresh node for each input edge and writes them depth first, inputs in byte order of
//! their names; a node's key is the name of the edge that leads to it, with `_2`, `_3`, … where
//! that is taken. Nix: `LockFile::toJSON` in `src/libexpr/flake/lockfile.cc`.

use super::MAX_NODES;
use super::document::{Edge, Lock, Node};
use super::error::LockError;
use super::index::{FastMap, Index};
use super::read::post_order;

/// The key that Nix gives the root.
pub(super) const ROOT: &str = "root";

/// A node where it will be written.
pub(super) struct Placed<'a> {
    /// Its new key.
    pub(super) key: String,
    pub(super) node: &'a Node,
    /// The places of its inputs that are nodes, in their order.
    pub(super) children: Vec<u32>,
}

/// All nodes that Nix would write, in its order, the root first.
pub(super) fn layout(lock: &Lock) -> Result<Vec<Placed<'_>>, LockError> {
    let index = Index::new(lock);
    let order = post_order(&index, &lock.root, false)?;
    let total = unshared(&index, &order);
    if total > MAX_NODES {
        return Err(LockError::TooManyNodes { nodes: total });
    }
    let mut keys = Keys::default();
    let mut placed: Vec<Placed<'_>> = Vec::with_capacity(total as usize);
    let mut stack = Vec::new();
    // post_order ends with the root, and found every key below.
    let mut enter = order.last().map(|root| (ROOT, *root));
    loop {
        if let Some((name, at)) = enter.take()
            && let Some(node) = index.nodes.get(at as usize)
        {
            // The key is reserved before the children are visited.
            stack.push((placed.len(), node.inputs.iter()));
            placed.push(Placed { key: keys.reserve(name), node, children: Vec::new() });
        }
        let new = placed.len() as u32;
        let Some((at, inputs)) = stack.last_mut() else {
            return Ok(placed);
        };
        match inputs.next() {
            None => {
                stack.pop();
            }
            Some((_, Edge::Follows(_))) => {}
            Some((name, Edge::Node(key))) => {
                enter = index.get(key).map(|child| (name.as_str(), child));
                if let Some(parent) = placed.get_mut(*at) {
                    parent.children.push(new);
                }
            }
        }
    }
}

/// How many nodes there are once each edge has its own, counted without making them.
fn unshared(index: &Index<'_>, post_order: &[u32]) -> u64 {
    let mut sizes = vec![0_u64; index.nodes.len()];
    let mut last = 0;
    for at in post_order {
        let children = index.nodes.get(*at as usize).into_iter();
        last = children
            .flat_map(|node| node.inputs.values())
            .filter_map(|edge| match edge {
                Edge::Node(key) => index.get(key),
                Edge::Follows(_) => None,
            })
            .filter_map(|child| sizes.get(child as usize))
            .fold(1_u64, |sum, size| sum.saturating_add(*size));
        if let Some(size) = sizes.get_mut(*at as usize) {
            *size = last;
        }
    }
    last
}

/// The keys given so far.
#[derive(Default)]
struct Keys<'a> {
    /// For each name that was asked for, the first suffix that may still be free: keys are never
    /// given back, so that the search need not start at 2 again.
    next: FastMap<&'a str, u32>,
    /// Keys with a suffix.
    suffixed: FastMap<String, ()>,
}

impl<'a> Keys<'a> {
    fn reserve(&mut self, name: &'a str) -> String {
        if !self.next.contains_key(name) {
            self.next.insert(name, 2);
            if !self.suffixed.contains_key(name) {
                return name.to_owned();
            }
        }
        let mut suffix = self.next.get(name).copied().unwrap_or(2);
        loop {
            let key = format!("{name}_{suffix}");
            suffix += 1;
            // A name that was asked for is taken, plainly or because a suffixed key was it.
            if !self.next.contains_key(key.as_str()) && !self.suffixed.contains_key(&key) {
                self.next.insert(name, suffix);
                self.suffixed.insert(key.clone(), ());
                return key;
            }
        }
    }
}
