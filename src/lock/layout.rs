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
    /// Where its old key stands in byte order.
    pub(super) place: u32,
    /// With how many nodes below it, itself among them: they stand behind it.
    pub(super) size: u32,
}

/// All nodes that Nix would write, in its order, the root first.
pub(super) fn layout<'a>(index: &Index<'a>) -> Result<Vec<Placed<'a>>, LockError> {
    let mut keys = Keys::default();
    let mut placed: Vec<Placed<'_>> = Vec::with_capacity(index.nodes.len());
    // On the way to where we are.
    let mut open = vec![false; index.nodes.len()];
    let mut stack = Vec::new();
    let mut enter = Some((ROOT, index.root));
    loop {
        if let Some((name, number)) = enter.take() {
            let at = number as usize;
            let known = index.nodes.get(at).zip(index.places.get(at)).zip(open.get_mut(at));
            let Some(((node, place), open)) = known.filter(|(_, open)| !**open && placed.len() < MAX_NODES)
            else {
                return Err(refusal(index));
            };
            *open = true;
            stack.push((placed.len(), number, index.links(number).iter()));
            // The key is reserved before the children are visited.
            placed.push(Placed { key: keys.reserve(name), node, place: *place, size: 1 });
        }
        let Some((at, number, inputs)) = stack.last_mut() else {
            return Ok(placed);
        };
        match inputs.next() {
            None => {
                let size = (placed.len() - *at) as u32;
                if let Some((done, open)) = placed.get_mut(*at).zip(open.get_mut(*number as usize)) {
                    done.size = size;
                    *open = false;
                }
                stack.pop();
            }
            Some(Arc { edge: Edge::Follows(_), .. }) => {}
            Some(arc) => enter = Some((arc.name, arc.to)),
        }
    }
}

/// Why nodes cannot be laid out.
fn refusal(index: &Index<'_>) -> LockError {
    match post_order(index, false) {
        Ok(order) => LockError::TooManyNodes { nodes: unshared(index, &order) },
        Err(error) => error,
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
