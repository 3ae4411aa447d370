//! A lock as Nix would write it.

use super::WRITTEN_VERSION;
use super::document::{Edge, Lock, Node};
use super::error::LockError;
use super::index::Index;
use super::layout::{Placed, ROOT, layout};
use super::print::print_layout;

impl Lock {
    /// The lock as Nix would write it: keys by Nix's rule, a node for each input that is one,
    /// unreachable ones dropped, version 7.
    ///
    /// # Errors
    /// `TooManyNodes` where shared nodes would become too many; `MissingRoot`, `MissingNode` or a
    /// cycle for a lock that was not read but made.
    pub fn normalized(&self) -> Result<Lock, LockError> {
        let placed = layout(&Index::new(self))?;
        let nodes = placed
            .iter()
            .enumerate()
            .map(|(at, this)| (this.key.clone(), rekeyed(this, &placed, at == 0)))
            .collect();
        Ok(Lock { version: WRITTEN_VERSION, root: ROOT.into(), nodes, extra: self.extra.clone() })
    }

    /// The bytes of [`Lock::normalized`], without making it. A lock is canonical when these are
    /// the bytes that it was read from.
    ///
    /// # Errors
    /// As [`Lock::normalized`].
    pub fn normalized_bytes(&self) -> Result<Vec<u8>, LockError> {
        Index::new(self).normalized_bytes()
    }
}

impl Index<'_> {
    /// The bytes of [`Lock::normalized`] of the lock; whether its follows are resolved does not matter.
    pub(super) fn normalized_bytes(&self) -> Result<Vec<u8>, LockError> {
        let mut placed = layout(self)?;
        let root = placed.first().map(|root| bare_root(root.node)).unwrap_or_default();
        if let Some(first) = placed.first_mut() {
            first.node = &root;
        }
        Ok(print_layout(&placed, &self.lock.extra))
    }
}

/// Of the root, Nix writes only the inputs.
fn bare_root(node: &Node) -> Node {
    Node { inputs: node.inputs.clone(), extra: node.extra.clone(), ..Node::default() }
}

fn rekeyed(this: &Placed<'_>, placed: &[Placed<'_>], root: bool) -> Node {
    let mut node = if root { bare_root(this.node) } else { this.node.clone() };
    let edges = node.inputs.values_mut().filter_map(|edge| match edge {
        Edge::Node(key) => Some(key),
        Edge::Follows(_) => None,
    });
    for (key, child) in edges.zip(&this.children) {
        if let Some(child) = placed.get(*child as usize) {
            key.clone_from(&child.key);
        }
    }
    node
}
