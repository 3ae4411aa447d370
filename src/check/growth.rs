//! Who made a lock grow or shrink: which root input, and in which commit.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde::Serialize;

use crate::lock::{Census, Stand};
use crate::tree::{Content, Version};

/// A root input that has more or fewer nodes than in the base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// Its name; none for the nodes that no input leads to.
    pub input: Option<String>,
    /// How many nodes it had, its own among them.
    pub before: usize,
    /// How many it has.
    pub after: usize,
    /// Who did that, the oldest first; nobody where there are too many commits to look through.
    pub commits: Vec<Share>,
}

/// What one commit did to the nodes of an input, as far as it lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The commit; none for what is not committed yet.
    pub commit: Option<String>,
    /// The first line of its message.
    pub subject: Option<String>,
    /// Nodes that came.
    pub added: usize,
    /// Nodes that left.
    pub removed: usize,
}

impl Growth {
    /// By how many nodes it grew; less than none where it shrank.
    #[must_use]
    pub fn by(&self) -> i64 {
        self.after as i64 - self.before as i64
    }
}

/// Reads the lock of a content; none where it is no lock.
pub type ReadLock<'a> = &'a dyn Fn(Content) -> Option<Census>;

/// Compares the lock of a base with that of the work tree, those that grew most first. `versions` are the
/// states of the lock between these, HEAD's first.
#[must_use]
pub fn growth(
    before: &Census,
    after: &Census,
    versions: Option<&[Version]>,
    read: ReadLock<'_>,
) -> Vec<Growth> {
    let (counts_before, counts_after) = (before.counts(), after.counts());
    let names = counts_before.keys().chain(counts_after.keys());
    let mut inputs: BTreeMap<Option<&str>, Growth> = BTreeMap::new();
    for name in names {
        let count = |counts: &BTreeMap<Option<&str>, usize>| counts.get(name).copied().unwrap_or(0);
        let (before, after) = (count(&counts_before), count(&counts_after));
        if before != after {
            let input = name.map(str::to_owned);
            inputs.insert(*name, Growth { input, before, after, commits: Vec::new() });
        }
    }
    if let Some(versions) = versions.filter(|_| !inputs.is_empty()) {
        let mut blame = Blame { versions, read, known: HashMap::new() };
        let came =
            blame.find(after.without(before), true).into_iter().map(|(node, at)| (after.owner(node), at, 1));
        let left = blame
            .find(before.without(after), false)
            .into_iter()
            .map(|(node, at)| (before.owner(node), at, 0));
        // The higher the number, the older.
        let mut shares: BTreeMap<(Option<&str>, Reverse<usize>), Share> = BTreeMap::new();
        for (input, at, added) in came.chain(left) {
            let share = shares.entry((input, Reverse(at))).or_insert_with(|| blame.share(at));
            share.added += added;
            share.removed += 1 - added;
        }
        for ((input, _), share) in shares {
            if let Some(growth) = inputs.get_mut(&input) {
                growth.commits.push(share);
            }
        }
    }
    let mut grown: Vec<Growth> = inputs.into_values().collect();
    grown.sort_by_key(|one| (Reverse(one.by().max(0)), one.by()));
    grown
}

/// The search for the commits that nodes came or left with. As in `git blame`, what a commit has in common
/// with one of its parents is that parent's; of a merge's parents the first that has it.
struct Blame<'a> {
    versions: &'a [Version],
    read: ReadLock<'a>,
    known: HashMap<Content, Option<Rc<Census>>>,
}

impl Blame<'_> {
    /// For each of the nodes that came (or left) the number of the version that did it, counted from 1; 0
    /// stands for the work tree.
    fn find(&mut self, nodes: Vec<Stand>, came: bool) -> Vec<(Stand, usize)> {
        let mut found = Vec::new();
        let mut open: BTreeMap<usize, Vec<Stand>> = BTreeMap::from([(0, nodes)]);
        while let Some((at, mut nodes)) = open.pop_first() {
            for parent in self.parents(at) {
                let has = match self.content(parent) {
                    same if at > 0 && same == self.content(at) => None,
                    Some(content) => self.census(content),
                    None => Some(Rc::default()),
                };
                let (theirs, rest) = match has {
                    Some(census) => nodes.into_iter().partition(|node| census.has(*node) == came),
                    // The same lock, or one that cannot be read: nothing changed here that is known.
                    None => (nodes, Vec::new()),
                };
                if !theirs.is_empty() {
                    open.entry(parent).or_default().extend(theirs);
                }
                nodes = rest;
            }
            found.extend(nodes.into_iter().map(|node| (node, at)));
        }
        found
    }

    /// The parents of a state, those with the very same lock first. The work tree's only parent is HEAD.
    fn parents(&self, at: usize) -> Vec<usize> {
        let Some(version) = self.version(at) else {
            return if self.versions.is_empty() { Vec::new() } else { vec![1] };
        };
        let parents = version.parents.iter().map(|parent| parent + 1);
        let (mut same, others): (Vec<usize>, Vec<usize>) =
            parents.partition(|parent| self.content(*parent) == version.content);
        same.extend(others);
        same
    }

    /// A version by its number, counted from 1.
    fn version(&self, at: usize) -> Option<&Version> {
        self.versions.get(at.checked_sub(1)?)
    }

    /// What a version did, before anything is known.
    fn share(&self, at: usize) -> Share {
        let commit = self.version(at).map(|version| &version.commit);
        let (commit, subject) = commit.map(|commit| (commit.id.clone(), commit.subject.clone())).unzip();
        Share { commit, subject, added: 0, removed: 0 }
    }

    fn content(&self, at: usize) -> Option<Content> {
        self.version(at)?.content
    }

    fn census(&mut self, content: Content) -> Option<Rc<Census>> {
        self.known.entry(content).or_insert_with(|| (self.read)(content).map(Rc::new)).clone()
    }
}
