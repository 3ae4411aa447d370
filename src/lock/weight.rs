//! What each root input weighs.

use std::collections::BTreeSet;

use super::document::Edge;
use super::graph::Graph;
use super::index::NONE;

/// A root input and what it weighs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootInput<'a> {
    /// The input's name.
    pub name: &'a str,
    /// The key of the node that it is; none where its follows leads nowhere, or to the root.
    pub node: Option<&'a str>,
    /// Nodes that the root no longer reaches, over edges that are nodes and over follows as they
    /// resolve, once this one root edge is gone. Its own among them.
    pub exclusive_nodes: usize,
    /// Nodes that it reaches, over the same edges, its own among them. Ways through the root flake
    /// (`follows = ""`) do not count.
    pub reachable_nodes: usize,
    /// Other root inputs that it or its subtree follows, or into which they do, by name. It cannot
    /// be a lock of its own without them.
    pub follows: Vec<&'a str>,
    /// Other root inputs that follow it or into it, themselves or in their subtree, by name. It
    /// cannot go without them.
    pub followed_by: Vec<&'a str>,
}

/// Owner of a node: none, the only root input that reaches it, or several.
const SHARED: u32 = u32::MAX - 1;

impl<'a> Graph<'a> {
    /// All root inputs by name, with their weights.
    pub fn inputs(&self) -> Vec<RootInput<'a>> {
        let links = self.index.links(self.index.root);
        let mut exclusive = vec![0; links.len()];
        for owner in self.owners() {
            if let Some(count) = exclusive.get_mut(owner as usize) {
                *count += 1;
            }
        }
        let reachable = self.reachable_counts();
        let follows = self.followed_root_inputs();
        let mut followed_by = vec![Vec::new(); links.len()];
        for (arc, targets) in links.iter().zip(&follows) {
            for target in targets {
                if let Some(list) = links
                    .binary_search_by(|link| link.name.cmp(target))
                    .ok()
                    .and_then(|at| followed_by.get_mut(at))
                {
                    list.push(arc.name);
                }
            }
        }
        let weights = exclusive.into_iter().zip(reachable);
        let names = follows.into_iter().zip(followed_by);
        links
            .iter()
            .zip(weights.zip(names))
            .map(|(arc, ((exclusive_nodes, reachable_nodes), (follows, followed_by)))| RootInput {
                name: arc.name,
                node: self.key(arc.to).filter(|_| arc.to != self.index.root),
                exclusive_nodes,
                reachable_nodes,
                follows,
                followed_by,
            })
            .collect()
    }

    /// For each node the number of the one root input that reaches it, `SHARED` or `NONE`. Each
    /// node changes twice at most, so that this is linear.
    fn owners(&self) -> Vec<u32> {
        let mut owners = vec![NONE; self.index.keys.len()];
        let mut stack = Vec::new();
        for (input, arc) in (0..).zip(self.index.links(self.index.root)) {
            stack.push((arc.to, input));
            while let Some((node, owner)) = stack.pop() {
                // Through the root there is nothing new: it is where everything starts.
                let Some(known) = owners.get_mut(node as usize).filter(|_| node != self.index.root) else {
                    continue;
                };
                let owner = match *known {
                    NONE => owner,
                    known if known == owner || known == SHARED => continue,
                    _ => SHARED,
                };
                *known = owner;
                stack.extend(self.index.links(node).iter().map(|arc| (arc.to, owner)));
            }
        }
        owners
    }

    /// For each root input the root inputs whose names its subtree's follows begin with.
    fn followed_root_inputs(&self) -> Vec<Vec<&'a str>> {
        let mut visited = vec![NONE; self.index.keys.len()];
        let mut stack = Vec::new();
        let links = self.index.links(self.index.root);
        (0..)
            .zip(links)
            .map(|(input, arc)| {
                let mut targets = BTreeSet::new();
                let mut see = |edge: &'a Edge| {
                    if let Edge::Follows(path) = edge
                        && let Some(first) = path.first()
                        && first != arc.name
                        && let Ok(at) = links.binary_search_by(|link| link.name.cmp(first))
                    {
                        targets.extend(links.get(at).map(|link| link.name));
                    }
                };
                see(arc.edge);
                if matches!(arc.edge, Edge::Node(_)) {
                    stack.push(arc.to);
                }
                while let Some(node) = stack.pop() {
                    match visited.get_mut(node as usize) {
                        Some(by) if *by != input => *by = input,
                        _ => continue,
                    }
                    for arc in self.index.links(node) {
                        see(arc.edge);
                        if matches!(arc.edge, Edge::Node(_)) {
                            stack.push(arc.to);
                        }
                    }
                }
                targets.into_iter().collect()
            })
            .collect()
    }

    /// How many nodes each root input reaches: 64 of them at a time, one bit each, over the
    /// strongly connected components in topological order.
    fn reachable_counts(&self) -> Vec<usize> {
        let components = self.components();
        let links = self.index.links(self.index.root);
        let mut counts = Vec::with_capacity(links.len());
        let mut masks = vec![0_u64; components.count()];
        for chunk in links.chunks(64) {
            masks.fill(0);
            for (bit, arc) in chunk.iter().enumerate() {
                if arc.to != self.index.root
                    && let Some(mask) = masks.get_mut(components.of_node(arc.to))
                {
                    *mask |= 1 << bit;
                }
            }
            let mut tally = Tally::default();
            for number in (0..components.count()).rev() {
                let mask = masks.get(number).copied().unwrap_or(0);
                if mask == 0 {
                    continue;
                }
                for node in components.nodes(number) {
                    tally.add(mask);
                    for arc in self.index.links(*node) {
                        if arc.to != self.index.root
                            && let Some(mask_to) = masks.get_mut(components.of_node(arc.to))
                        {
                            *mask_to |= mask;
                        }
                    }
                }
            }
            counts.extend((0..chunk.len()).map(|bit| tally.count(bit)));
        }
        counts
    }

    /// The keys of the nodes that these root inputs reach, in byte order; names that are no root
    /// input are passed over.
    pub fn reachable_from(&self, root_inputs: &[&str]) -> Vec<&'a str> {
        let links = self.index.links(self.index.root).iter();
        self.walk(links.filter(|arc| root_inputs.contains(&arc.name)).map(|arc| arc.to))
    }

    /// How many nodes the root still reaches when these root inputs go.
    pub fn left_without(&self, root_inputs: &[&str]) -> usize {
        let links = self.index.links(self.index.root).iter();
        self.walk(links.filter(|arc| !root_inputs.contains(&arc.name)).map(|arc| arc.to)).len()
    }

    fn walk(&self, starts: impl Iterator<Item = u32>) -> Vec<&'a str> {
        let mut seen = vec![false; self.index.keys.len()];
        let mut stack: Vec<u32> = starts.collect();
        while let Some(node) = stack.pop() {
            match seen.get_mut(node as usize) {
                Some(seen) if !*seen && node != self.index.root => *seen = true,
                _ => continue,
            }
            stack.extend(self.index.links(node).iter().map(|arc| arc.to));
        }
        self.keys_of(&seen)
    }

    /// The strongly connected components of the nodes, the root left out (every `follows = ""`
    /// would close a cycle through it). Tarjan's algorithm with a stack of its own.
    fn components(&self) -> Components {
        let count = self.index.keys.len();
        let mut found =
            Components { of: vec![NONE; count], nodes: Vec::with_capacity(count), first: vec![0] };
        let mut seen = vec![NONE; count];
        let mut low = vec![0_u32; count];
        let mut next = 0;
        let mut open: Vec<u32> = Vec::new();
        let mut stack: Vec<(u32, usize)> = Vec::new();
        for start in (0..count as u32).filter(|start| *start != self.index.root) {
            if seen.get(start as usize) != Some(&NONE) {
                continue;
            }
            stack.push((start, self.index.arcs_of(start).start));
            while let Some((node, arc)) = stack.last_mut() {
                let (node, at) = (*node, *node as usize);
                if seen.get(at) == Some(&NONE) {
                    set(&mut seen, at, next);
                    set(&mut low, at, next);
                    next += 1;
                    open.push(node);
                }
                if *arc < self.index.arcs_of(node).end {
                    let to = self.index.arcs.get(*arc).map_or(NONE, |arc| arc.to);
                    *arc += 1;
                    if to == self.index.root || to == NONE {
                        continue;
                    }
                    match seen.get(to as usize) {
                        Some(&NONE) => stack.push((to, self.index.arcs_of(to).start)),
                        Some(order) if found.of.get(to as usize) == Some(&NONE) => {
                            lower(&mut low, at, *order);
                        }
                        _ => {}
                    }
                    continue;
                }
                stack.pop();
                let lowest = low.get(at).copied().unwrap_or(0);
                if let Some((above, _)) = stack.last() {
                    lower(&mut low, *above as usize, lowest);
                }
                if seen.get(at) == Some(&lowest) {
                    let number = found.count() as u32;
                    while let Some(member) = open.pop() {
                        set(&mut found.of, member as usize, number);
                        found.nodes.push(member);
                        if member == node {
                            break;
                        }
                    }
                    found.first.push(found.nodes.len());
                }
            }
        }
        found
    }
}

fn set(list: &mut [u32], at: usize, value: u32) {
    if let Some(slot) = list.get_mut(at) {
        *slot = value;
    }
}

fn lower(list: &mut [u32], at: usize, value: u32) {
    if let Some(slot) = list.get_mut(at) {
        *slot = (*slot).min(value);
    }
}

/// Components, each before those that lead to it.
struct Components {
    of: Vec<u32>,
    nodes: Vec<u32>,
    first: Vec<usize>,
}

impl Components {
    fn count(&self) -> usize {
        self.first.len() - 1
    }

    fn of_node(&self, node: u32) -> usize {
        self.of.get(node as usize).copied().unwrap_or(NONE) as usize
    }

    fn nodes(&self, number: usize) -> &[u32] {
        match (self.first.get(number), self.first.get(number + 1)) {
            (Some(from), Some(to)) => self.nodes.get(*from..*to).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// Counts for 64 bits at a time: digit by digit across words, so that adding one to many of the
/// 64 counters costs two steps on average.
#[derive(Default)]
struct Tally {
    digits: Vec<u64>,
}

impl Tally {
    fn add(&mut self, mut mask: u64) {
        for digit in &mut self.digits {
            let carry = *digit & mask;
            *digit ^= mask;
            mask = carry;
            if mask == 0 {
                return;
            }
        }
        self.digits.push(mask);
    }

    fn count(&self, bit: usize) -> usize {
        let digits = self.digits.iter().enumerate();
        digits.map(|(at, digit)| ((digit >> bit & 1) as usize) << at).sum()
    }
}
