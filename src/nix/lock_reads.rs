//! Code that reads a flake.lock by itself, as `default.nix` does for flake-compat.

use std::collections::{BTreeMap, BTreeSet};

use rnix::SyntaxKind;

use super::Source;
use super::code::Node;
use super::edit::Edits;
use super::usage::names_lock;
use super::write::attribute;

/// A place that names a lock.
#[derive(Debug, Clone)]
pub struct LockRead<'a> {
    /// The path as a path literal has it; none where it begins at the flake's folder (`"${self}/…"`).
    pub path: Option<&'a str>,
    /// 1-based.
    pub line: usize,
    /// What the code takes out of the lock; none where that cannot be told.
    pub takes: Option<BTreeSet<Taken<'a>>>,
    node: Node<'a>,
}

impl LockRead<'_> {
    /// Whether both take the same out of the same lock.
    #[must_use]
    pub fn is_like(&self, other: &LockRead<'_>) -> bool {
        self.path == other.path && self.takes == other.takes
    }
}

/// What code takes out of a lock: what an input is locked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken<'a> {
    /// That of a node, by its key.
    Node(&'a str),
    /// That of a root input, by its name.
    Input(&'a str),
}

impl Source {
    /// The places that name a lock.
    #[must_use]
    pub fn lock_reads(&self) -> Vec<LockRead<'_>> {
        let places: Vec<Node<'_>> =
            self.code().root().descendants().filter(|node| names_lock(*node)).collect();
        let is_one = places.len() == 1;
        let reads = places.into_iter().map(|node| {
            let path = node.literal_path();
            let takes = path.filter(|_| is_one).and_then(|_| self.takes(node));
            LockRead { path, line: self.line(node.start()), takes, node }
        });
        reads.collect()
    }

    /// Has the code read the lock at another path, in which some nodes have other keys.
    #[must_use]
    pub fn read_lock_at(&self, read: &LockRead<'_>, path: &str, keys: &BTreeMap<&str, &str>) -> Edits {
        let mut edits = Edits::default();
        if read.path != Some(path) {
            edits.replace(read.node.start()..read.node.end(), path);
        }
        for (name, taken) in self.selections() {
            if let (Some(name), Some(Taken::Node(key))) = (name, taken)
                && let Some(new) = keys.get(key).filter(|new| *new != &key)
            {
                edits.replace(name.start()..name.end(), attribute(new));
            }
        }
        edits
    }

    /// All selections of `nodes`: the name behind that, and what they take, where that can be told.
    fn selections(&self) -> impl Iterator<Item = (Option<Node<'_>>, Option<Taken<'_>>)> {
        let selections = self.code().root().descendants().filter(|node| selects_nodes(*node));
        selections.map(|node| (node.path().and_then(|path| path.child(1)), taken(node)))
    }

    /// What the code takes out of the lock that it names at one place only.
    fn takes<'a>(&'a self, place: Node<'a>) -> Option<BTreeSet<Taken<'a>>> {
        let value = parsed(place)?;
        let holder = outside(value)?;
        let variable = match holder.kind() {
            SyntaxKind::NODE_SELECT => None,
            SyntaxKind::NODE_ATTRPATH_VALUE => match holder.names().as_slice() {
                [Some(name)] => Some(*name),
                _ => return None,
            },
            _ => return None,
        };
        let nodes = self.code().root().descendants();
        let uses = nodes.filter(|node| {
            node.kind() == SyntaxKind::NODE_IDENT
                && Some(node.text()) == variable
                && node.parent().is_none_or(|parent| parent.kind() != SyntaxKind::NODE_ATTRPATH)
        });
        let is_read = |node: Node<'_>| {
            let selection = node.parent().filter(|it| it.kind() == SyntaxKind::NODE_SELECT);
            selection.is_some_and(|it| matches!(it.names().first(), Some(Some("nodes" | "root"))))
        };
        if !uses.into_iter().all(is_read) {
            return None;
        }
        let mut takes = BTreeSet::new();
        for selection in self.code().root().descendants().filter(|node| selects_nodes(*node)) {
            takes.insert(match taken(selection) {
                Some(taken) => taken,
                None => self.computed(selection)?,
            });
        }
        Some(takes).filter(|takes| !takes.is_empty())
    }

    /// `lock.nodes.${name}.locked`, where the name is that of a root input's node.
    fn computed<'a>(&'a self, selection: Node<'a>) -> Option<Taken<'a>> {
        if !matches!(selection.names().as_slice(), [_, None, Some("locked"), ..]) {
            return None;
        }
        let name = selection.path()?.child(1)?.child(0)?.bare();
        let is_bound = |node: &Node<'_>| {
            node.kind() == SyntaxKind::NODE_ATTRPATH_VALUE && node.names() == [Some(name.text())]
        };
        let value = match name.kind() {
            SyntaxKind::NODE_IDENT => {
                let mut bindings = self.code().root().descendants().filter(is_bound);
                bindings.next().filter(|_| bindings.next().is_none())?.value()?.bare()
            }
            _ => name,
        };
        taken(value).filter(|taken| matches!(taken, Taken::Input(_)))
    }
}

fn selects_nodes(node: Node<'_>) -> bool {
    node.kind() == SyntaxKind::NODE_SELECT && node.names().first() == Some(&Some("nodes"))
}

/// What a selection takes: `lock.nodes.x.locked`, or the way to it, `lock.nodes.root.inputs.x`.
fn taken(selection: Node<'_>) -> Option<Taken<'_>> {
    match selection.names().as_slice() {
        [Some("nodes"), Some("root"), Some("inputs"), Some(input)] => Some(Taken::Input(input)),
        [Some("nodes"), Some(key), Some("locked"), ..] => Some(Taken::Node(key)),
        [Some("nodes"), None, Some("inputs"), Some(input)] => {
            let root = selection.path()?.child(1)?.child(0)?.last_name();
            (root == Some("root")).then_some(Taken::Input(input))
        }
        _ => None,
    }
}

/// `builtins.fromJSON (builtins.readFile ./flake.lock)`, `lib.importJSON ./flake.lock`
fn parsed(path: Node<'_>) -> Option<Node<'_>> {
    let applied = |node: Node<'_>, name: &str| {
        let (function, arguments) = node.application();
        node.kind() == SyntaxKind::NODE_APPLY && function.last_name() == Some(name) && arguments.len() == 1
    };
    let read = outside(path)?;
    if applied(read, "importJSON") {
        return Some(read);
    }
    outside(read).filter(|parsed| applied(read, "readFile") && applied(*parsed, "fromJSON"))
}

/// What stands around a node and its parentheses.
fn outside(node: Node<'_>) -> Option<Node<'_>> {
    node.ancestors().skip(1).find(|outer| outer.kind() != SyntaxKind::NODE_PAREN)
}
