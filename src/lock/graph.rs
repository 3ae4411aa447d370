//! The lock as a graph: every `follows` resolved.
//!
//! Nix: `LockFile::findInput`. A follows path always starts at the root; it may pass through other
//! follows; `[]` is the root.

use super::cut::Follower;
use super::document::{Edge, Lock};
use super::error::LockError;
use super::index::{Arc, FastMap, Index, NONE};
use super::map::Name;
use super::place;

/// A lock's graph. It borrows the lock; nodes are known by their keys, and by number inside.
pub struct Graph<'a> {
    pub(super) index: Index<'a>,
    /// Arcs whose follows leads nowhere, with the reason.
    unresolved: Vec<(u32, Why)>,
}

/// An input of a node, as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'g> {
    /// The input's name.
    pub name: &'g str,
    /// The key of the node that it is in the end; none where its follows leads nowhere.
    pub target: Option<&'g str>,
    /// The path that it follows, where it does.
    pub follows: Option<&'g [Name]>,
}

/// Why a follows leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It names an input that is not there. Nix: `follows a non-existent input`.
    Nothing,
    /// It needs itself. Nix >= 2.26: `follow cycle detected`.
    Cycle,
}

/// An input whose follows leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unresolved {
    /// Who follows what.
    pub follower: Follower,
    /// The key of the node whose input it is.
    pub node: String,
    /// Why it leads nowhere.
    pub why: Why,
}

/// How the resolving of a follows stands.
#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
    /// Done, and leads nowhere because it needs itself.
    Circular,
}

impl<'a> Graph<'a> {
    /// Resolves every follows, each once.
    pub fn new(lock: &'a Lock) -> Graph<'a> {
        Graph::of(Index::new(lock))
    }

    pub(super) fn of(index: Index<'a>) -> Graph<'a> {
        let mut graph = Graph { index, unresolved: Vec::new() };
        graph.resolve();
        graph
    }

    fn resolve(&mut self) {
        let mut states: Vec<State> = self
            .index
            .arcs
            .iter()
            .map(|arc| match arc.edge {
                Edge::Node(_) => State::Done,
                Edge::Follows(_) => State::New,
            })
            .collect();
        let names: FastMap<&str, u32> = self.index.names.iter().copied().zip(0..).collect();
        for start in 0..self.index.arcs.len() {
            if states.get(start) == Some(&State::New) {
                self.resolve_one(start, &names, &mut states);
            }
        }
        self.unresolved.sort_unstable();
    }

    /// Resolves the follows of one arc, and of those that it passes through before.
    fn resolve_one(&mut self, start: usize, names: &FastMap<&str, u32>, states: &mut [State]) {
        /// A path that is being walked: the arc that has it, how many names are done, and where
        /// that has led.
        struct Walk {
            arc: usize,
            done: usize,
            at: u32,
        }
        let mut walks: Vec<Walk> = Vec::new();
        let mut enter = Some(start);
        loop {
            if let Some(arc) = enter.take() {
                if let Some(state) = states.get_mut(arc) {
                    *state = State::Open;
                }
                let (done, at) = (0, self.index.root);
                walks.push(Walk { arc, done, at });
            }
            let Some(walk) = walks.last_mut() else { return };
            let path = match self.index.arcs.get(walk.arc).map(|arc| arc.edge) {
                Some(Edge::Follows(path)) => path.as_slice(),
                _ => &[],
            };
            let mut end = None;
            while end.is_none() {
                let Some(name) = path.get(walk.done) else {
                    // A lock that was made may lack its root.
                    end = Some((walk.at, Why::Nothing));
                    break;
                };
                let next = names.get(name.as_str()).and_then(|name| self.index.find_named(walk.at, *name));
                let next = next.and_then(|at| Some((at, self.index.arcs.get(at)?.to, *states.get(at)?)));
                match next {
                    None | Some((_, NONE, State::Done)) => end = Some((NONE, Why::Nothing)),
                    Some((_, to, State::Done)) => {
                        walk.at = to;
                        walk.done += 1;
                    }
                    Some((arc, _, State::New)) => {
                        enter = Some(arc);
                        break;
                    }
                    Some((_, _, State::Open | State::Circular)) => {
                        end = Some((NONE, Why::Cycle));
                    }
                }
            }
            let Some((to, why)) = end else { continue };
            let arc = walk.arc;
            walks.pop();
            if let (Some(this), Some(state)) = (self.index.arcs.get_mut(arc), states.get_mut(arc)) {
                this.to = to;
                *state = match why {
                    Why::Cycle => State::Circular,
                    Why::Nothing => State::Done,
                };
            }
            if to == NONE {
                self.unresolved.push((arc as u32, why));
                if why == Why::Cycle {
                    // Whoever waits for it waits in vain, for the same reason.
                    for walk in walks.drain(..) {
                        if let Some(state) = states.get_mut(walk.arc) {
                            *state = State::Circular;
                        }
                        self.unresolved.push((walk.arc as u32, Why::Cycle));
                    }
                }
            }
        }
    }

    pub(super) fn is_reached(&self, node: u32) -> bool {
        node < self.index.reached
    }

    pub(super) fn key(&self, node: u32) -> Option<&'a str> {
        self.index.keys.get(node as usize).copied()
    }

    pub(super) fn number(&self, key: &str) -> Option<u32> {
        let place = self.index.lock.nodes.place(key).ok()?;
        self.index.by_key.get(place).copied()
    }

    /// The keys of the nodes that are marked, in byte order.
    pub(super) fn keys_of(&self, marked: &[bool]) -> Vec<&'a str> {
        let by_key = self.index.by_key.iter().filter(|node| marked.get(**node as usize) == Some(&true));
        by_key.filter_map(|node| self.key(*node)).collect()
    }

    /// The path of arcs to a node, by which it is first reached.
    pub(super) fn path_of(&self, mut node: u32) -> Vec<&'a str> {
        let mut path = Vec::new();
        while let Some(arc) =
            self.index.by_arc.get(node as usize).and_then(|arc| self.index.arcs.get(*arc as usize))
        {
            path.push(arc.name);
            node = arc.from;
        }
        path.reverse();
        path
    }

    /// The lock whose graph it is.
    pub fn lock(&self) -> &'a Lock {
        self.index.lock
    }

    /// How many locked inputs there are, unreachable ones among them, the root not.
    pub fn nodes(&self) -> usize {
        self.index.keys.len() - usize::from(self.index.root != NONE)
    }

    /// How many inputs of nodes are follows.
    pub fn follows(&self) -> usize {
        self.index.arcs.iter().filter(|arc| matches!(arc.edge, Edge::Follows(_))).count()
    }

    /// The keys of nodes that the root does not reach, which Nix neither reads nor removes.
    pub fn unreachable(&self) -> Vec<&'a str> {
        self.index.keys.iter().skip(self.index.reached as usize).copied().collect()
    }

    /// How far the farthest node is from the root by its shortest way, over edges that are nodes
    /// and over follows as they resolve: a root input is at 1.
    pub fn max_depth(&self) -> usize {
        let mut seen = vec![false; self.index.keys.len()];
        let (mut level, mut depth) = (vec![self.index.root], 0);
        loop {
            let mut next = Vec::new();
            for arc in level.iter().flat_map(|node| self.index.links(*node)) {
                if let Some(seen) = seen.get_mut(arc.to as usize)
                    && !std::mem::replace(seen, true)
                    && arc.to != self.index.root
                {
                    next.push(arc.to);
                }
            }
            if next.is_empty() {
                return depth;
            }
            (level, depth) = (next, depth + 1);
        }
    }

    /// How many follows of reachable nodes lead nowhere.
    pub fn unresolved_count(&self) -> usize {
        self.reachable_unresolved().count()
    }

    fn reachable_unresolved(&self) -> impl Iterator<Item = (&Arc<'a>, Why)> {
        self.unresolved
            .iter()
            .filter_map(|(arc, why)| Some((self.index.arcs.get(*arc as usize)?, *why)))
            .filter(|(arc, _)| self.is_reached(arc.from))
    }

    /// The inputs of reachable nodes whose follows leads nowhere, by input path. Nix reads such a
    /// lock; it refuses the flake that declares such a follows (2.8 lets cycles pass). Where the
    /// list would be beyond all bounds it is cut: see [`Graph::unresolved_count`].
    pub fn unresolved(&self) -> Vec<Unresolved> {
        let mut components = 0;
        let mut list = Vec::new();
        for (arc, why) in self.reachable_unresolved() {
            let mut path = self.path_of(arc.from);
            path.push(arc.name);
            let follows = match arc.edge {
                Edge::Follows(path) => path.iter().map(Name::to_string).collect(),
                Edge::Node(_) => Vec::new(),
            };
            components += path.len() + follows.len();
            if components > 1 << 20 {
                break;
            }
            let path = path.into_iter().map(str::to_owned).collect();
            list.push(Unresolved {
                follower: Follower { path, follows },
                node: self.key(arc.from).unwrap_or_default().to_owned(),
                why,
            });
        }
        list.sort();
        list
    }

    /// [`Graph::unresolved`] as errors, with their places in the text that the lock was read from.
    pub fn follows_errors(&self, text: &[u8]) -> Vec<LockError> {
        let list = self.unresolved();
        let paths: Vec<Vec<String>> = list
            .iter()
            .map(|one| {
                let input = one.follower.path.last().cloned().unwrap_or_default();
                vec!["nodes".to_owned(), one.node.clone(), "inputs".to_owned(), input]
            })
            .collect();
        let text = std::str::from_utf8(text).unwrap_or_default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let places = place::locate(text, &paths);
        list.into_iter()
            .zip(places)
            .map(|(one, at)| {
                let follower = one.follower;
                match one.why {
                    Why::Nothing => LockError::FollowsNothing { follower, at },
                    Why::Cycle => LockError::FollowsCycle { follower, at },
                }
            })
            .collect()
    }

    /// The inputs of the node with this key, by name.
    pub fn node_inputs(&self, key: &str) -> impl Iterator<Item = Link<'_>> {
        let node = self.number(key).unwrap_or(NONE);
        self.index.links(node).iter().map(|arc| Link {
            name: arc.name,
            target: self.key(arc.to),
            follows: match arc.edge {
                Edge::Follows(path) => Some(path.as_slice()),
                Edge::Node(_) => None,
            },
        })
    }

    /// The input path by which the node with this key is first reached; empty for the root, none
    /// for what is not reached.
    pub fn input_path(&self, key: &str) -> Option<Vec<&'a str>> {
        let node = self.number(key)?;
        self.is_reached(node).then(|| self.path_of(node))
    }
}
