//! The nodes of a lock, each known by the input path that leads to it, so that those of many states of one
//! lock can be told apart: which came, which left, and which root input has them.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::document::Lock;
use super::graph::Graph;
use super::index::NONE;

/// A node, by a digest of its input path: the paths of a chain of 100,000 nodes would be too long. The same
/// in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stand(u64);

/// All nodes of a lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// The names of root inputs.
    names: Vec<String>,
    /// For each node the root input below which it is, as a number; none where no input leads to it.
    nodes: HashMap<Stand, Option<u32>>,
}

impl Census {
    /// Counts the nodes of a lock. One that several inputs share (Nix writes no such lock) belongs to the
    /// first of them.
    #[must_use]
    pub fn new(lock: &Lock) -> Census {
        let graph = Graph::new(lock);
        let mut census = Census::default();
        let root = graph.index.root;
        let mut stack: Vec<(u32, u64, Option<u32>)> = vec![(root, 0, None)];
        while let Some((node, path, owner)) = stack.pop() {
            for number in graph.index.arcs_of(node) {
                let Some(arc) = graph.index.arcs.get(number) else { continue };
                if arc.to == NONE || graph.index.by_arc.get(arc.to as usize) != Some(&(number as u32)) {
                    continue;
                }
                let owner = owner.or_else(|| {
                    census.names.push(arc.name.to_owned());
                    u32::try_from(census.names.len() - 1).ok()
                });
                let path = digest(path, arc.name);
                census.nodes.insert(Stand(path), owner);
                stack.push((arc.to, path, owner));
            }
        }
        // Paths begin at 0.
        let lost = graph.unreachable().into_iter().map(|key| (Stand(digest(1, key)), None));
        census.nodes.extend(lost);
        census
    }

    /// Whether it has a node.
    #[must_use]
    pub fn has(&self, node: Stand) -> bool {
        self.nodes.contains_key(&node)
    }

    /// The nodes that the other does not have, in a certain order.
    #[must_use]
    pub fn without(&self, other: &Census) -> Vec<Stand> {
        let mut nodes: Vec<Stand> = self.nodes.keys().copied().filter(|node| !other.has(*node)).collect();
        nodes.sort_unstable();
        nodes
    }

    /// The root input below which a node is; none where no input leads to it.
    #[must_use]
    pub fn owner(&self, node: Stand) -> Option<&str> {
        let number = (*self.nodes.get(&node)?)?;
        self.names.get(number as usize).map(String::as_str)
    }

    /// How many nodes each root input has; none stands for those that no input leads to.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Option<&str>, usize> {
        let mut counts = BTreeMap::new();
        for node in self.nodes.keys() {
            *counts.entry(self.owner(*node)).or_default() += 1;
        }
        counts
    }
}

fn digest(path: u64, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (path, name).hash(&mut hasher);
    hasher.finish()
}
