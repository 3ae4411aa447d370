//! Two locks compared by meaning: inputs meet by their paths and contents, never by the keys of nodes.
//!
//! Both graphs are walked from their roots at once, along inputs of the same name, the way of Hopcroft and
//! Karp ("A linear algorithm for testing equivalence of finite automata", 1971): nodes that met are one set,
//! and two that are of one set already are not walked again. So fewer pairs meet than there are nodes, however
//! many input paths there are.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::document::{Edge, Lock, Node};
use super::graph::Graph;
use super::index::{Arc, NONE};
use super::link::compare_link;
use super::map::Name;
use super::measure::Measure;
use super::reference::reference;

/// So many names of input paths are told (a chain of 100,000 nodes has 5,000,000,000).
const MAX_NAMES: usize = 1_000_000;

/// What differs between two locks. Lists are sorted by input path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The version of this form.
    pub schema: u32,
    /// How large the lock was.
    pub before: Measure,
    /// How large it is.
    pub after: Measure,
    /// Inputs that came, by their paths now.
    pub added: Vec<OneSided>,
    /// Inputs that left, by their paths before.
    pub removed: Vec<OneSided>,
    /// Root inputs that have another name.
    pub renamed: Vec<Renamed>,
    /// Inputs that are locked to something else, or have another reference, by their paths now.
    pub updated: Vec<Updated>,
    /// Inputs that follow something else, by their paths now.
    pub follows: Vec<Refollowed>,
    /// How many more differences there are than are told.
    pub more: usize,
}

/// What an input is locked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The reference that flake.nix gives, without credentials.
    pub reference: Option<String>,
    /// The revision.
    pub rev: Option<String>,
    /// The hash of its content.
    pub nar_hash: Option<String>,
    /// When it was made, in seconds since 1970.
    pub last_modified: Option<i64>,
}

/// An input that is in one of the locks only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OneSided {
    /// The names of inputs, from the root.
    pub path: Vec<String>,
    /// The root input below which it is; none for a root input.
    pub because: Option<String>,
    /// What it is locked to; none for a root input that follows another.
    pub locked: Option<Target>,
    /// What it follows, where it is a root input that does.
    pub follows: Option<Vec<Name>>,
}

/// A root input that is the same under another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// Its path before.
    pub before: Vec<String>,
    /// Its path now.
    pub after: Vec<String>,
    /// What it is locked to.
    pub locked: Target,
}

/// An input that is locked to something else, or whose reference is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Updated {
    /// The names of inputs, from the root.
    pub path: Vec<String>,
    /// The root input below which it is; none for a root input.
    pub because: Option<String>,
    /// What it was locked to.
    pub before: Target,
    /// What it is locked to.
    pub after: Target,
    /// Where the forge shows what came between.
    pub link: Option<String>,
}

/// An input that follows something else than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refollowed {
    /// The names of inputs, from the root.
    pub path: Vec<String>,
    /// The root input below which it is; none for a root input.
    pub because: Option<String>,
    /// What it followed; none where it was locked by itself, or was not there.
    pub before: Option<Vec<Name>>,
    /// What it follows; none where it is locked by itself, or is gone.
    pub after: Option<Vec<Name>>,
}

impl Diff {
    /// Compares two locks, given with the bytes that they were read from.
    #[must_use]
    pub fn new(before: (&Lock, &[u8]), after: (&Lock, &[u8])) -> Diff {
        let (old, new) = (Graph::new(before.0), Graph::new(after.0));
        let mut walk = Walk::new(&old, &new);
        walk.run();
        let mut told = Told { names: 0, more: 0 };
        let removed = walk.one_sided(Side::Old, &mut told);
        let added = walk.one_sided(Side::New, &mut told);
        let mut diff = Diff {
            schema: 1,
            before: Measure::of(before.0, before.1),
            after: Measure::of(after.0, after.1),
            added,
            removed,
            renamed: walk.renamed(),
            updated: walk.updated(&mut told),
            follows: walk.follows(&mut told),
            more: told.more,
        };
        diff.added.sort_by(|a, b| a.path.cmp(&b.path));
        diff.removed.sort_by(|a, b| a.path.cmp(&b.path));
        diff.updated.sort_by(|a, b| a.path.cmp(&b.path));
        diff.follows.sort_by(|a, b| a.path.cmp(&b.path));
        diff
    }

    /// Whether no input differs. The locks may: in keys, layout, and nodes that no input leads to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.renamed.is_empty()
            && self.updated.is_empty()
            && self.follows.is_empty()
            && self.more == 0
    }
}

/// Keeps input paths within bounds.
struct Told {
    names: usize,
    more: usize,
}

impl Told {
    /// The path of an input of a node, and the root input below which that is.
    fn path(&mut self, graph: &Graph<'_>, from: u32, name: &str) -> Option<(Vec<String>, Option<String>)> {
        if self.names > MAX_NAMES {
            self.more += 1;
            return None;
        }
        let mut path: Vec<String> = graph.path_of(from).into_iter().map(str::to_owned).collect();
        let because = path.first().cloned();
        path.push(name.to_owned());
        self.names += path.len();
        Some((path, because))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

/// Arcs of the two graphs, by their numbers.
type Arcs = (Option<usize>, Option<usize>);

/// The walk through both graphs.
struct Walk<'g, 'a> {
    old: &'g Graph<'a>,
    new: &'g Graph<'a>,
    /// Sets of nodes that met, as a forest: for each node one above it. Those of the new graph come
    /// behind those of the old.
    above: Vec<u32>,
    /// Which nodes of the old graph, and behind them of the new, met another.
    met: Vec<bool>,
    /// Inputs that both have, still to be compared.
    queue: Vec<(usize, usize)>,
    /// Inputs of nodes that met, and only one of them has.
    alone: Vec<Arcs>,
    /// Inputs that are locked to something else.
    updated: Vec<(usize, usize)>,
    /// Inputs of which at least one is a follows, and not the same.
    follows: Vec<Arcs>,
    /// Root inputs that have another name now: by the old name the arcs.
    renamed: BTreeMap<&'a str, (usize, usize)>,
}

impl<'g, 'a> Walk<'g, 'a> {
    fn new(old: &'g Graph<'a>, new: &'g Graph<'a>) -> Self {
        let count = old.index.keys.len() + new.index.keys.len();
        Walk {
            old,
            new,
            above: (0..count as u32).collect(),
            met: vec![false; count],
            queue: Vec::new(),
            alone: Vec::new(),
            updated: Vec::new(),
            follows: Vec::new(),
            renamed: BTreeMap::new(),
        }
    }

    fn run(&mut self) {
        self.meet(self.old.index.root, self.new.index.root);
        self.rename();
        while let Some((old, new)) = self.queue.pop() {
            let (Some(before), Some(after)) = (self.old.index.arcs.get(old), self.new.index.arcs.get(new))
            else {
                continue;
            };
            match (before.edge, after.edge) {
                (Edge::Node(_), Edge::Node(_)) => {
                    if !same(self.old.node(before.to), self.new.node(after.to)) {
                        self.updated.push((old, new));
                    }
                    if !self.meet(before.to, after.to) {
                        self.updated.push((old, new));
                    }
                }
                (Edge::Follows(from), Edge::Follows(to)) if self.leads_same(from, to) => {}
                _ => self.follows.push((Some(old), Some(new))),
            }
        }
        // In themselves and in their inputs: still one input.
        self.updated.sort_unstable();
        self.updated.dedup();
    }

    /// Joins two nodes, and has the inputs that both have compared; false where they have not the same.
    ///
    /// A node that several inputs share (Nix writes no such lock) may meet many: it is looked through again
    /// only for those with as many inputs, or one with 100,000 inputs would be for each of 100,000 without.
    fn meet(&mut self, old: u32, new: u32) -> bool {
        let behind = self.old.index.keys.len() as u32;
        if old == NONE || new == NONE || !self.join(old, behind + new) {
            return true;
        }
        let mut fresh = true;
        for node in [old, behind + new] {
            if let Some(met) = self.met.get_mut(node as usize) {
                fresh &= !std::mem::replace(met, true);
            }
        }
        let (mut left, mut right) = (self.old.index.arcs_of(old), self.new.index.arcs_of(new));
        if !fresh && left.len() != right.len() {
            return false;
        }
        // Both are sorted by name.
        loop {
            let name = |graph: &Graph<'a>, at: usize| graph.index.arcs.get(at).map(|arc| arc.name);
            let before = if left.is_empty() { None } else { name(self.old, left.start) };
            let after = if right.is_empty() { None } else { name(self.new, right.start) };
            let order = match (before, after) {
                (None, None) => return true,
                (Some(before), Some(after)) => before.cmp(after),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
            };
            match order {
                Ordering::Less => self.alone.push((left.next(), None)),
                Ordering::Greater => self.alone.push((None, right.next())),
                Ordering::Equal => self.queue.extend(left.next().zip(right.next())),
            }
        }
    }

    /// Makes one set of the sets of two nodes; false where they are of one already.
    fn join(&mut self, one: u32, other: u32) -> bool {
        let (one, other) = (self.top(one), self.top(other));
        if let Some(above) = self.above.get_mut(one as usize) {
            *above = other;
        }
        one != other
    }

    /// The node that stands for a node's set. The way there is halved for those who come later.
    fn top(&mut self, mut node: u32) -> u32 {
        loop {
            let above = self.above.get(node as usize).copied().unwrap_or(node);
            if above == node {
                return node;
            }
            let next = self.above.get(above as usize).copied().unwrap_or(above);
            if let Some(slot) = self.above.get_mut(node as usize) {
                *slot = next;
            }
            node = next;
        }
    }

    /// Finds the root inputs that left and came as the same under another name.
    fn rename(&mut self) {
        let mut came: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for number in self.alone.iter().rev().filter_map(|(_, new)| *new) {
            came.entry(self.new.content(number)).or_default().push(number);
        }
        for old in self.alone.iter().filter_map(|(old, _)| *old) {
            let Some(arc) = self.old.index.arcs.get(old).filter(|arc| matches!(arc.edge, Edge::Node(_)))
            else {
                continue;
            };
            let same = came.get_mut(&self.old.content(old));
            if let Some(new) = same.and_then(Vec::pop) {
                self.renamed.insert(arc.name, (old, new));
                self.queue.push((old, new));
            }
        }
        let (gone, here): (BTreeSet<usize>, BTreeSet<usize>) = self.renamed.values().copied().unzip();
        self.alone.retain(|(old, new)| {
            !old.is_some_and(|old| gone.contains(&old)) && !new.is_some_and(|new| here.contains(&new))
        });
    }

    /// Whether two follows are the same, but for the names of root inputs that have another one now.
    fn leads_same(&self, before: &[Name], after: &[Name]) -> bool {
        match (before.split_first(), after.split_first()) {
            (Some((first, rest)), Some((now, after))) => self.name_now(first) == now && rest == after,
            (None, None) => true,
            _ => false,
        }
    }

    /// A root input's name in the new lock.
    fn name_now<'n>(&self, name: &'n str) -> &'n str
    where
        'a: 'n,
    {
        let renamed = self.renamed.get(name).and_then(|(_, new)| self.new.index.arcs.get(*new));
        renamed.map_or(name, |arc| arc.name)
    }

    fn renamed(&self) -> Vec<Renamed> {
        let arcs = self.renamed.values();
        let arcs = arcs
            .filter_map(|(old, new)| Some((self.old.index.arcs.get(*old)?, self.new.index.arcs.get(*new)?)));
        let renamed = arcs.filter_map(|(old, new)| {
            Some(Renamed {
                before: vec![old.name.to_owned()],
                after: vec![new.name.to_owned()],
                locked: target(self.new.node(new.to)?),
            })
        });
        renamed.collect()
    }

    /// The inputs that only one of the graphs has: those that a node which met another has alone, and those
    /// that lead to a node which met none.
    fn one_sided(&self, side: Side, told: &mut Told) -> Vec<OneSided> {
        let (graph, other, behind) = match side {
            Side::Old => (self.old, self.new, 0),
            Side::New => (self.new, self.old, self.old.index.keys.len()),
        };
        let here = |arcs: &Arcs| if side == Side::Old { arcs.0 } else { arcs.1 };
        let is_root = |arc: &Arc<'_>| arc.from == graph.index.root;
        let is_node = |arc: &Arc<'_>| matches!(arc.edge, Edge::Node(_));
        let mut arcs: Vec<usize> = self.alone.iter().chain(&self.follows).filter_map(here).collect();
        arcs.retain(|at| graph.index.arcs.get(*at).is_some_and(|arc| is_node(arc) || is_root(arc)));
        let strangers = graph.index.by_arc.iter().zip(self.met.iter().skip(behind)).filter(|(_, met)| !**met);
        arcs.extend(strangers.map(|(by_arc, _)| *by_arc as usize));
        arcs.sort_unstable();
        arcs.dedup();
        let one_sided = arcs.into_iter().filter_map(|at| {
            let arc = graph.index.arcs.get(at)?;
            let known = is_root(arc) && other.index.find(other.index.root, arc.name).is_some();
            // A root input that both have, and that follows something else: no input came or left.
            if known && !is_node(arc) {
                return None;
            }
            let (path, because) = told.path(graph, arc.from, arc.name)?;
            let because = because.or_else(|| known.then(|| arc.name.to_owned()));
            let (locked, follows) = match arc.edge {
                Edge::Node(_) => (graph.node(arc.to).map(target), None),
                Edge::Follows(follows) => (None, Some(follows.clone())),
            };
            let because = match side {
                Side::Old => because.map(|name| self.name_now(&name).to_owned()),
                Side::New => because,
            };
            Some(OneSided { path, because, locked, follows })
        });
        one_sided.collect()
    }

    fn updated(&self, told: &mut Told) -> Vec<Updated> {
        let updated = self.updated.iter().filter_map(|(old, new)| {
            let (old, new) = (self.old.index.arcs.get(*old)?, self.new.index.arcs.get(*new)?);
            let (before, after) = (self.old.node(old.to)?, self.new.node(new.to)?);
            let (path, because) = told.path(self.new, new.from, new.name)?;
            let locked = before.locked.as_ref().zip(after.locked.as_ref());
            let link = locked.and_then(|(before, after)| compare_link(before, after));
            Some(Updated { path, because, before: target(before), after: target(after), link })
        });
        updated.collect()
    }

    fn follows(&self, told: &mut Told) -> Vec<Refollowed> {
        let follows = |arc: Option<&Arc<'a>>| match arc?.edge {
            Edge::Follows(path) => Some(path.clone()),
            Edge::Node(_) => None,
        };
        let changed = self.alone.iter().chain(&self.follows).filter_map(|(old, new)| {
            let old = old.and_then(|at| self.old.index.arcs.get(at));
            let new = new.and_then(|at| self.new.index.arcs.get(at));
            let (before, after) = (follows(old), follows(new));
            let root = old.map_or(NONE, |arc| arc.from) == self.old.index.root
                || new.map_or(NONE, |arc| arc.from) == self.new.index.root;
            // A root input that only one has came or left.
            if before == after || root && (old.is_none() || new.is_none()) {
                return None;
            }
            let (graph, arc) = match (old, new) {
                (_, Some(arc)) => (self.new, arc),
                (Some(arc), None) => (self.old, arc),
                (None, None) => return None,
            };
            let (path, because) = told.path(graph, arc.from, arc.name)?;
            let because = because.map(|name| self.name_now(&name).to_owned());
            Some(Refollowed { path, because, before, after })
        });
        changed.collect()
    }
}

impl<'a> Graph<'a> {
    fn node(&self, number: u32) -> Option<&'a Node> {
        self.index.nodes.get(number as usize).copied()
    }

    /// What an input is locked to, as text to find it again by; empty for a follows.
    fn content(&self, arc: usize) -> String {
        let arc = self.index.arcs.get(arc).filter(|arc| matches!(arc.edge, Edge::Node(_)));
        let node = arc.and_then(|arc| self.node(arc.to));
        node.and_then(|node| Some(format!("{:?} {}", node.locked.as_ref()?, node.flake))).unwrap_or_default()
    }
}

/// Whether two nodes are the same in themselves, whatever their inputs.
fn same(before: Option<&Node>, after: Option<&Node>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => {
            before.locked == after.locked && before.original == after.original && before.flake == after.flake
        }
        (before, after) => before.is_none() && after.is_none(),
    }
}

fn target(node: &Node) -> Target {
    let text = |key: &str| node.locked.as_ref()?.str(key).map(str::to_owned);
    Target {
        reference: node.original.as_ref().map(reference),
        rev: text("rev"),
        nar_hash: text("narHash"),
        last_modified: node.locked.as_ref().and_then(|locked| locked.get("lastModified")?.as_i64()),
    }
}
