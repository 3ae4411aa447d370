//! Where a locked input comes from: every input path that leads to it.

use super::document::Edge;
use super::graph::Graph;
use super::index::NONE;
use super::map::Name;
use super::reference::repository;

/// So many names of input paths are told (a chain of 100,000 nodes has 5,000,000,000).
const MAX_NAMES: usize = 1_000_000;

/// A locked input, and every way by which it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The node's key.
    pub key: &'a str,
    /// The ways, sorted by path; those that hold the node come before those that follow it.
    pub ways: Vec<Way<'a>>,
    /// How many more ways there are than are told.
    pub more: usize,
}

/// An input path that leads to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way<'a> {
    /// The names of inputs, from the root.
    pub path: Vec<&'a str>,
    /// What the last of them follows, where it does.
    pub follows: Option<&'a [Name]>,
}

impl<'a> Graph<'a> {
    /// The nodes that `name` may mean, by key: the node of that key, the nodes that an input of that name
    /// is, the node at that input path (`a/b`), and the nodes that come from that repository
    /// (`owner/repo`, upper or lower case).
    #[must_use]
    pub fn matching(&self, name: &str) -> Vec<&'a str> {
        let mut found = vec![false; self.index.keys.len()];
        let mut add = |node: u32| {
            if let Some(found) = found.get_mut(node as usize).filter(|_| self.is_reached(node)) {
                *found = true;
            }
        };
        add(self.number(name).unwrap_or(NONE));
        for arc in self.index.arcs.iter().filter(|arc| arc.name == name) {
            add(arc.to);
        }
        if name.contains('/') {
            add(self.at(name.split('/')));
            for (number, node) in (0..).zip(&self.index.nodes) {
                let repository = node.locked.as_ref().and_then(repository);
                if repository.is_some_and(|repository| repository.eq_ignore_ascii_case(name)) {
                    add(number);
                }
            }
        }
        if let Some(root) = found.get_mut(self.index.root as usize) {
            *root = false;
        }
        self.keys_of(&found)
    }

    /// The node at an input path, or `NONE`.
    fn at<'n>(&self, path: impl Iterator<Item = &'n str>) -> u32 {
        let mut node = self.index.root;
        for name in path {
            let arc = self.index.links(node).iter().find(|arc| arc.name == name);
            node = arc.map_or(NONE, |arc| arc.to);
        }
        node
    }

    /// Where each of these nodes comes from.
    #[must_use]
    pub fn origins(&self, keys: &[&str]) -> Vec<Origin<'a>> {
        let mut slots = vec![NONE; self.index.keys.len()];
        let mut origins = Vec::new();
        for (slot, key) in (0..).zip(keys) {
            let Some(node) = self.number(key) else { continue };
            if let (Some(at), Some(key)) = (slots.get_mut(node as usize), self.key(node)) {
                *at = slot;
                origins.push(Origin { key, ways: Vec::new(), more: 0 });
            }
        }
        let mut names = 0;
        for arc in
            self.index.arcs.iter().filter(|arc| arc.from == self.index.root || self.is_reached(arc.from))
        {
            let slot = slots.get(arc.to as usize).copied().unwrap_or(NONE);
            let Some(origin) = origins.get_mut(slot as usize) else { continue };
            if names > MAX_NAMES {
                origin.more += 1;
                continue;
            }
            let mut path = self.path_of(arc.from);
            path.push(arc.name);
            names += path.len();
            let follows = match arc.edge {
                Edge::Follows(follows) => Some(follows.as_slice()),
                Edge::Node(_) => None,
            };
            origin.ways.push(Way { path, follows });
        }
        for origin in &mut origins {
            origin.ways.sort_by(|a, b| (a.follows.is_some(), &a.path).cmp(&(b.follows.is_some(), &b.path)));
        }
        origins
    }

    /// The nodes of these keys, all that leads to them, and all that they lead to.
    #[must_use]
    pub fn around(&self, keys: &[&str]) -> Vec<&'a str> {
        let focus: Vec<u32> = keys.iter().filter_map(|key| self.number(key)).collect();
        let mut into: Vec<Vec<u32>> = vec![Vec::new(); self.index.keys.len()];
        for arc in
            self.index.arcs.iter().filter(|arc| arc.from == self.index.root || self.is_reached(arc.from))
        {
            if let Some(into) = into.get_mut(arc.to as usize) {
                into.push(arc.from);
            }
        }
        let mut around = vec![false; self.index.keys.len()];
        let none = Vec::new();
        for upwards in [true, false] {
            let mut seen = vec![false; self.index.keys.len()];
            let mut queue = focus.clone();
            while let Some(node) = queue.pop() {
                let Some(seen) = seen.get_mut(node as usize).filter(|seen| !**seen) else { continue };
                *seen = true;
                if let Some(around) = around.get_mut(node as usize) {
                    *around = true;
                }
                if upwards {
                    queue.extend(into.get(node as usize).unwrap_or(&none));
                } else {
                    queue.extend(self.index.links(node).iter().map(|arc| arc.to));
                }
            }
        }
        self.keys_of(&around)
    }
}
