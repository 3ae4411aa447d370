//! The order and the keys in which Nix writes nodes.
//!
//! Nix makes a fresh node for each input edge and writes them depth first, inputs in byte order of
//! their names; a node's key is the name of the edge that leads to it, with `_2`, `_3`, … where
//! that is taken. Nix: `LockFile::toJSON` in `src/libexpr/flake/lockfile.cc`.

use smol_str::format_smolstr;

use super::MAX_NODES;
use super::document::{Edge, Node};
use super::error::LockError;
use super::index::{Arc, FastMap, Index};
use super::map::Name;
use super::read::post_order;

/// The key that Nix gives the root.
pub(super) const ROOT: &str = "root";

/// A node where it will be written.
pub(super) struct Placed<'a> {
    /// Its new key.
    pub(super) key: Name,
    pub(super) node: &'a Node,
    /// The number that it had.
    pub(super) number: u32,
    /// The places of its inputs that are nodes, in their order.
    pub(super) children: Vec<u32>,
}

/// All nodes that Nix would write, in its order, the root first.
pub(super) fn layout<'a>(index: &Index<'a>) -> Result<Vec<Placed<'a>>, LockError> {
    let order = post_order(index, false)?;
    let total = unshared(index, &order);
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
            stack.push((placed.len(), index.links(at).iter()));
            placed.push(Placed { key: keys.reserve(name), node, number: at, children: Vec::new() });
        }
        let new = placed.len() as u32;
        let Some((at, inputs)) = stack.last_mut() else {
            return Ok(placed);
        };
        match inputs.next() {
            None => {
                stack.pop();
            }
            Some(Arc { edge: Edge::Follows(_), .. }) => {}
            Some(arc) => {
                enter = Some((arc.name, arc.to));
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
        last = index
            .links(*at)
            .iter()
            .filter(|arc| matches!(arc.edge, Edge::Node(_)))
            .filter_map(|arc| sizes.get(arc.to as usize))
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
    /// For each name that was asked for, the first suffix that may still be free: all smaller ones
    /// are taken, and keys are never given back.
    next: FastMap<&'a str, u32>,
}

impl<'a> Keys<'a> {
    fn reserve(&mut self, name: &'a str) -> Name {
        let mut suffix = match self.next.get(name) {
            Some(suffix) => *suffix,
            None if self.is_suffixed(name) => 2,
            None => {
                self.next.insert(name, 2);
                return name.into();
            }
        };
        loop {
            let key = format_smolstr!("{name}_{suffix}");
            suffix += 1;
            // A name that was asked for is taken, plainly or because a suffixed key was it.
            if !self.next.contains_key(key.as_str()) {
                self.next.insert(name, suffix);
                return key;
            }
        }
    }

    /// Whether a key that was given is this name because of its suffix.
    fn is_suffixed(&self, name: &str) -> bool {
        let parts = name.rsplit_once('_');
        parts.is_some_and(|(asked, suffix)| {
            let number =
                suffix.parse().ok().filter(|number: &u32| *number >= 2 && number.to_string() == suffix);
            let next = self.next.get(asked);
            number.zip(next).is_some_and(|(number, next)| number < *next)
        })
    }
}
