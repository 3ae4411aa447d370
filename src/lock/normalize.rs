//! A lock as Nix would write it.

use std::io::{self, Write};

use super::WRITTEN_VERSION;
use super::attrs::Attrs;
use super::document::{Edge, Lock, Node};
use super::error::LockError;
use super::index::Index;
use super::layout::{Placed, ROOT, layout};
use super::map::Name;
use super::print::{Document, NodeView, print};

/// A lock as Nix would write it: keys by Nix's rule, a node for each input that is one, unreachable ones
/// dropped, version 7. Not written yet: a view of the lock that it is made from.
pub struct Normal<'a> {
    placed: Vec<Placed<'a>>,
    extra: &'a Attrs,
    /// Its bytes, where they are known.
    bytes: Option<&'a [u8]>,
}

impl Lock {
    /// The lock as Nix would write it.
    ///
    /// # Errors
    /// `TooManyNodes` where shared nodes would become too many; `MissingRoot`, `MissingNode` or a
    /// cycle for a lock that was not read but made.
    pub fn normal(&self) -> Result<Normal<'_>, LockError> {
        Index::new(self).normal()
    }

    /// [`Lock::normal`] as a lock of its own.
    ///
    /// # Errors
    /// As [`Lock::normal`].
    pub fn normalized(&self) -> Result<Lock, LockError> {
        Ok(self.normal()?.to_lock())
    }
}

impl<'a> Index<'a> {
    /// [`Lock::normal`] of the lock; whether its follows are resolved does not matter.
    pub(super) fn normal(&self) -> Result<Normal<'a>, LockError> {
        Ok(Normal { placed: layout(self)?, extra: &self.lock.extra, bytes: None })
    }
}

impl<'a> Normal<'a> {
    /// The same, whose bytes are known to be these.
    pub(super) fn printed(self, bytes: &'a [u8]) -> Normal<'a> {
        Normal { bytes: Some(bytes), ..self }
    }

    /// Whether it is just the lock that it was made from. If not, then it has other bytes than [`Lock::to_bytes`]:
    /// a node that is not there, or the key of one, which the node above it names, too.
    pub(super) fn is_same(&self, lock: &Lock) -> bool {
        let keeps_its_key = |placed: &Placed<'_>| {
            lock.nodes.at(placed.place as usize).is_some_and(|(key, _)| *key == placed.key)
        };
        lock.version == WRITTEN_VERSION
            && self.placed.len() == lock.nodes.len()
            && self.placed.first().is_some_and(|root| is_bare(root.node))
            && self.placed.iter().all(keeps_its_key)
    }

    /// Writes its bytes, piece by piece.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(bytes) = self.bytes {
            return out.write_all(bytes);
        }
        let mut ordered: Vec<(u32, u32)> = self.placed.iter().map(|placed| placed.place).zip(0..).collect();
        // Most locks have the right keys already: in the order of these, nothing is left for the second sort.
        ordered.sort_unstable();
        ordered.sort_by_key(|(_, at)| self.placed.get(*at as usize).map(|placed| placed.key.as_str()));
        let view = |(_, at): &(u32, u32)| {
            let at = *at as usize;
            let placed = self.placed.get(at)?;
            let view = NodeView { node: placed.node, keys: Some(self.keys_below(at)), is_root: at == 0 };
            Some((placed.key.as_str(), view))
        };
        let nodes: Vec<_> = ordered.iter().filter_map(view).collect();
        print(Document { version: WRITTEN_VERSION, root: ROOT, nodes: &nodes, extra: self.extra }, out)
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512 * self.placed.len());
        // A vector takes all.
        let _ = self.write_to(&mut bytes);
        bytes
    }

    /// Whether these are its bytes: a lock is canonical when they are those that it was read from.
    #[must_use]
    pub fn is(&self, bytes: &[u8]) -> bool {
        if let Some(own) = self.bytes {
            return own == bytes;
        }
        let mut expected = Expected(bytes);
        self.write_to(&mut expected).is_ok() && expected.0.is_empty()
    }

    fn to_lock(&self) -> Lock {
        let nodes = self.placed.iter().enumerate().map(|(at, this)| {
            let mut node = if at == 0 { bare_root(this.node) } else { this.node.clone() };
            let edges = node.inputs.values_mut().filter_map(|edge| match edge {
                Edge::Node(key) => Some(key),
                Edge::Follows(_) => None,
            });
            for (key, new) in edges.zip(self.keys_below(at)) {
                key.clone_from(new);
            }
            (this.key.clone(), node)
        });
        Lock {
            version: WRITTEN_VERSION,
            root: ROOT.into(),
            nodes: nodes.collect(),
            extra: self.extra.clone(),
        }
    }

    /// The keys of the inputs of a node that are nodes, in their order.
    fn keys_below(&self, at: usize) -> KeysBelow<'_> {
        KeysBelow { placed: &self.placed, next: at + 1 }
    }
}

/// Of the root, Nix writes only the inputs.
fn bare_root(node: &Node) -> Node {
    Node { inputs: node.inputs.clone(), extra: node.extra.clone(), ..Node::default() }
}

fn is_bare(root: &Node) -> bool {
    root.locked.is_none() && root.original.is_none() && root.parent.is_none() && root.flake
}

/// The keys of nodes that stand one behind the other, each with all that is below it.
#[derive(Clone)]
pub(super) struct KeysBelow<'a> {
    placed: &'a [Placed<'a>],
    next: usize,
}

impl<'a> Iterator for KeysBelow<'a> {
    type Item = &'a Name;

    fn next(&mut self) -> Option<&'a Name> {
        let placed = self.placed.get(self.next)?;
        self.next += placed.size as usize;
        Some(&placed.key)
    }
}

/// Takes what is written only as long as it is what is expected; that still is.
struct Expected<'a>(&'a [u8]);

impl Write for Expected<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
