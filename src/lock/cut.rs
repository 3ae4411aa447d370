//! Cutting a lock in two: what stays at the root, and what goes into a nested one.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use smol_str::format_smolstr;

use super::WRITTEN_VERSION;
use super::attrs::Attrs;
use super::document::{Edge, Lock, Node};
use super::error::{ExtractError, PruneError};
use super::graph::Graph;
use super::layout::ROOT;
use super::map::Name;
use super::read::relative_path;

/// An input that follows another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Follower {
    /// Its input path, from the root.
    pub path: Vec<String>,
    /// What it follows: an input path, from the root.
    pub follows: Vec<String>,
}

impl Follower {
    /// The root input in whose subtree it is, or which it is itself.
    pub fn root_input(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }

    /// The root input that it follows, or into whose subtree; empty for the root itself.
    pub fn target(&self) -> &str {
        self.follows.first().map_or("", String::as_str)
    }

    /// Its declaration in flake.nix, `inputs.a.inputs.b.follows`, names quoted where they must be.
    pub fn declaration(&self) -> String {
        let mut out = String::new();
        for name in &self.path {
            let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '\''));
            let name = super::shown(name);
            out.push_str("inputs.");
            if plain {
                out.push_str(&name);
            } else {
                out.push('"');
                out.push_str(&name.replace('"', "\\\"").replace("${", "\\${"));
                out.push('"');
            }
            out.push('.');
        }
        out.push_str("follows");
        out
    }
}

/// Paths in lists of followers have no more components than this together. Longer lists are cut:
/// only a lock made to be hostile has them.
const MAX_COMPONENTS: usize = 1 << 20;

/// Calls `visit` with the path, as a function, and the follows of each input in the subtree of
/// root input `name`, itself included, until it returns false.
fn each_follows<'a>(
    lock: &'a Lock,
    name: &'a str,
    mut visit: impl FnMut(&dyn Fn() -> Vec<String>, &'a [Name]) -> bool,
) {
    let Some(edge) = lock.root_inputs().get(name) else {
        return;
    };
    // Names with the place of the one before, so that a path is put together only if wanted.
    let mut trail: Vec<(usize, &str)> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut stack = vec![(usize::MAX, name, edge)];
    while let Some((before, name, edge)) = stack.pop() {
        match edge {
            Edge::Follows(follows) => {
                let path = || {
                    let mut path = vec![name.to_owned()];
                    let mut at = before;
                    while let Some((before, name)) = trail.get(at) {
                        path.push((*name).to_owned());
                        at = *before;
                    }
                    path.reverse();
                    path
                };
                if !visit(&path, follows) {
                    return;
                }
            }
            Edge::Node(key) => {
                let Some(node) = lock.nodes.get(key) else {
                    continue;
                };
                if key == &lock.root || !seen.insert(key) {
                    continue;
                }
                let here = trail.len();
                trail.push((before, name));
                let inputs = node.inputs.iter().rev();
                stack.extend(inputs.map(|(name, edge)| (here, name.as_str(), edge)));
            }
        }
    }
}

/// The inputs in the subtrees of `roots` whose follows begins with a name that `wanted` wants.
pub(super) fn followers<'a>(
    lock: &'a Lock,
    roots: impl IntoIterator<Item = &'a str>,
    wanted: impl Fn(&str) -> bool,
) -> Vec<Follower> {
    let mut found = Vec::new();
    let mut components = 0;
    for name in roots {
        each_follows(lock, name, |path, follows| {
            if follows.first().is_some_and(|first| wanted(first)) {
                let follower =
                    Follower { path: path(), follows: follows.iter().map(Name::to_string).collect() };
                components += follower.path.len() + follower.follows.len();
                found.push(follower);
            }
            components < MAX_COMPONENTS
        });
        if components >= MAX_COMPONENTS {
            break;
        }
    }
    found
}

impl Lock {
    /// The lock without these root inputs and what only they held, as Nix would write it.
    ///
    /// # Errors
    /// Where an input that stays follows into one that goes, at any depth: Nix would say that it
    /// `follows a non-existent input`.
    pub fn prune(&self, inputs: &[&str]) -> Result<Lock, PruneError> {
        let gone: BTreeSet<&str> = inputs.iter().copied().collect();
        let known = self.root_inputs();
        if let Some(name) = gone.iter().find(|name| !known.contains_key(**name)) {
            return Err(PruneError::UnknownInput { name: (*name).to_owned() });
        }
        let stay = known.keys().map(Name::as_str);
        let stay = stay.filter(|name| !gone.contains(name));
        let followers = followers(self, stay, |target| gone.contains(target));
        if !followers.is_empty() {
            return Err(PruneError::Followed { followers });
        }
        let mut pruned = self.normalized()?;
        if let Some(root) = pruned.nodes.get_mut(ROOT) {
            root.inputs.retain(|name, _| !gone.contains(name.as_str()));
        }
        let pruned = pruned.normalized()?;
        match newly_dangling(self, &pruned) {
            followers if followers.is_empty() => Ok(pruned),
            followers => Err(PruneError::Followed { followers }),
        }
    }

    /// The root inputs that these root inputs follow, or into which they do, without being among
    /// them: the aliases that [`Lock::extract`] needs, with those that these need in turn. Each
    /// with the inputs that follow it. Names that are no root input are passed over, on both sides.
    pub fn follows_leaving(&self, inputs: &[&str]) -> BTreeMap<String, Vec<Follower>> {
        let known = self.root_inputs();
        let mut taken: HashSet<&str> = inputs.iter().copied().collect();
        let mut ask: Vec<&str> = inputs.to_vec();
        let mut leaving: BTreeMap<String, Vec<Follower>> = BTreeMap::new();
        // Inputs that were asked for stay inside even where an alias' subtree follows them.
        while let Some(name) = ask.pop() {
            let outside = |target: &str| !inputs.contains(&target) && target != name;
            for follower in followers(self, [name], outside) {
                let Some((target, _)) = known.get_key_value(follower.target()) else {
                    continue;
                };
                if taken.insert(target) {
                    ask.push(target);
                }
                leaving.entry(target.to_string()).or_default().push(follower);
            }
        }
        for followers in leaving.values_mut() {
            followers.sort();
        }
        leaving
    }

    /// A nested lock with exactly these root inputs, besides each root input of `aliases` (root
    /// input to alias) under its alias, as Nix would write it. `locked` stays verbatim. A follows
    /// whose first name is a root input outside is pointed at its alias.
    ///
    /// # Errors
    /// Where a follows leaves without an alias (see [`Lock::follows_leaving`]), an alias is taken,
    /// or an input's path is relative to the root flake.
    pub fn extract(&self, inputs: &[&str], aliases: &BTreeMap<String, String>) -> Result<Lock, ExtractError> {
        let inputs: BTreeSet<&str> = inputs.iter().copied().collect();
        let known = self.root_inputs();
        let aliased = aliases.keys().map(String::as_str);
        for name in inputs.iter().copied().chain(aliased) {
            if !known.contains_key(name) {
                return Err(ExtractError::UnknownInput { name: name.to_owned() });
            }
        }
        let mut names: BTreeSet<&str> = inputs.clone();
        if let Some(alias) = aliases.values().find(|alias| !names.insert(alias)) {
            return Err(ExtractError::AliasTaken { alias: alias.clone() });
        }
        self.refuse_leaving(&inputs, aliases)?;

        let mut copy = Copy::default();
        let pairs = inputs.iter().map(|name| (*name, *name));
        let pairs = pairs.chain(aliases.iter().map(|(from, to)| (from.as_str(), to.as_str())));
        for (from, to) in pairs {
            // Where a subtree follows its own root input, that is the copy that it is in.
            let rename = |name: &str| -> Option<String> {
                if name == from {
                    return (from != to).then(|| to.to_owned());
                }
                if inputs.contains(name) {
                    return None;
                }
                aliases.get(name).cloned()
            };
            if let Some(edge) = known.get(from) {
                copy.subtree(self, to, edge, rename, |node| refuse_relative(node, from))?;
            }
        }
        let nested = copy.into_lock().normalized()?;
        match newly_dangling(self, &nested) {
            followers if followers.is_empty() => Ok(nested),
            followers => Err(ExtractError::Leaving { followers, needed: Vec::new() }),
        }
    }

    fn refuse_leaving(
        &self,
        inputs: &BTreeSet<&str>,
        aliases: &BTreeMap<String, String>,
    ) -> Result<(), ExtractError> {
        let known = self.root_inputs();
        let kept: Vec<&str> = inputs.iter().copied().collect();
        let roots: Vec<&str> = kept.iter().copied().chain(aliases.keys().map(String::as_str)).collect();
        let inside = |name: &str| inputs.contains(name) || aliases.contains_key(name);
        let followers =
            followers(self, roots.iter().copied(), |target| known.contains_key(target) && !inside(target));
        if !followers.is_empty() {
            let needed = self.follows_leaving(&roots).into_keys().collect();
            return Err(ExtractError::Leaving { followers, needed });
        }
        // A follows to nothing stays one: an alias must not catch it.
        let catches = |alias: &&String| {
            !known.contains_key(*alias)
                && !self::followers(self, roots.iter().copied(), |target| target == *alias).is_empty()
        };
        match aliases.values().find(catches) {
            Some(alias) => Err(ExtractError::AliasTaken { alias: alias.clone() }),
            None => Ok(()),
        }
    }
}

/// The follows that lead nowhere in `after` although all in `before` lead somewhere. By first names
/// alone one kind is missed: a path that passes through the root itself (`x.follows = ""`, then
/// `x/y`) may end anywhere.
pub(super) fn newly_dangling(before: &Lock, after: &Lock) -> Vec<Follower> {
    let graph = Graph::new(after);
    if graph.unresolved_count() == 0 || Graph::new(before).unresolved_count() > 0 {
        return Vec::new();
    }
    let unresolved = graph.unresolved().into_iter();
    unresolved.map(|one| one.follower).collect()
}

/// A lock put together from subtrees of others. Each subtree gets nodes of its own, because the
/// same node may come under two names, and is then pointed elsewhere in each.
#[derive(Default)]
pub(super) struct Copy {
    root: Node,
    nodes: BTreeMap<Name, Node>,
}

impl Copy {
    /// Copies what a root input of `from`, which is `edge`, holds to root input `to`, the first name of
    /// each follows and `parent` given anew by `rename`, as long as nothing is `refused`.
    pub(super) fn subtree<E>(
        &mut self,
        from: &Lock,
        to: &str,
        edge: &Edge,
        rename: impl Fn(&str) -> Option<String>,
        refused: impl Fn(&Node) -> Result<(), E>,
    ) -> Result<(), E> {
        let repoint = |path: &mut Vec<Name>| {
            if let Some(first) = path.first_mut()
                && let Some(name) = rename(first)
            {
                *first = name.into();
            }
        };
        let mut edge = edge.clone();
        // Keys are only for the time being; one subtree's must not meet another's.
        let key_of = |key: &str| format_smolstr!("{to}\n{key}");
        let mut todo = Vec::new();
        match &mut edge {
            Edge::Follows(path) => repoint(path),
            Edge::Node(key) => {
                todo.push(key.clone());
                *key = key_of(key);
            }
        }
        self.root.inputs.insert(to, edge);
        while let Some(key) = todo.pop() {
            let new_key = key_of(&key);
            let Some(node) = from.nodes.get(&key) else {
                continue;
            };
            if self.nodes.contains_key(&new_key) {
                continue;
            }
            refused(node)?;
            let mut node = node.clone();
            if let Some(parent) = &mut node.parent {
                repoint(parent);
            }
            for edge in node.inputs.values_mut() {
                match edge {
                    Edge::Follows(path) => repoint(path),
                    Edge::Node(child) => {
                        let new = key_of(child);
                        todo.push(std::mem::replace(child, new));
                    }
                }
            }
            self.nodes.insert(new_key, node);
        }
        Ok(())
    }

    pub(super) fn into_lock(mut self) -> Lock {
        self.nodes.insert(ROOT.into(), self.root);
        Lock {
            version: WRITTEN_VERSION,
            root: ROOT.into(),
            nodes: self.nodes.into_iter().collect(),
            extra: Attrs::default(),
        }
    }
}

/// A path relative to the root flake means another folder in a nested one. With a `parent` other
/// than the root it is relative to an input, and goes along with it.
fn refuse_relative(node: &Node, input: &str) -> Result<(), ExtractError> {
    match relative_to_root(node) {
        Some(reference) => {
            Err(ExtractError::Relative { input: input.to_owned(), reference: reference.to_owned() })
        }
        None => Ok(()),
    }
}

/// The reference of an input that is a path relative to the flake whose lock this is.
pub(super) fn relative_to_root(node: &Node) -> Option<&str> {
    let of_root = node.parent.as_ref().is_none_or(Vec::is_empty);
    node.original.as_ref().and_then(relative_path).filter(|_| of_root)
}
