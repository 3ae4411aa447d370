//! A flake as flakepart understands it: its outline, and who uses which input.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use camino::Utf8Path;

use super::carried::Memory;
use super::outline::{Files, FlakeError, Outline, Root};
use crate::lock::{Lock, repository};
use crate::nix::{FlakeModules, Site, Usages};

/// Gives a file of the source that has a content hash (`narHash`), where this machine has that source.
pub type AtHand<'a> = &'a dyn Fn(&str, &Utf8Path) -> Option<Vec<u8>>;

/// What is known of the flakeModules of the root inputs.
fn flake_modules(lock: &Lock, roots: &BTreeMap<String, Root>, at_hand: AtHand<'_>) -> FlakeModules {
    let mut modules = FlakeModules::default();
    for (name, root) in roots {
        let node = root.node.as_ref().and_then(|key| lock.nodes.get(key));
        let Some((node, locked)) = node.and_then(|node| Some((node, node.locked.as_ref()?))) else {
            continue;
        };
        let folder = Utf8Path::new(locked.str("dir").unwrap_or_default());
        let read = |path: &Utf8Path| at_hand(locked.str("narHash")?, &folder.join(path));
        // A mirror or a copy is pinned by its place, and still declared as what it is.
        let repository = repository(locked).or_else(|| repository(node.original.as_ref()?));
        let repository = repository.as_deref().and_then(|name| name.rsplit('/').next());
        modules.add(name, repository, &read);
    }
    modules
}

/// The outputs that need an input, and whether any output may.
#[derive(Clone, Default)]
struct Needs {
    outputs: BTreeSet<String>,
    everything: bool,
}

impl Needs {
    fn of(sites: &[Site]) -> Needs {
        Needs {
            outputs: sites.iter().flat_map(|site| site.outputs.iter().cloned()).collect(),
            everything: sites.iter().any(|site| site.any_output().is_some()),
        }
    }

    /// Adds what another needs; gives whether that is new.
    fn extend(&mut self, other: &Needs) -> bool {
        let before = (self.outputs.len(), self.everything);
        self.outputs.extend(other.outputs.iter().cloned());
        self.everything |= other.everything;
        before != (self.outputs.len(), self.everything)
    }
}

/// A flake, read and understood.
#[derive(Debug)]
pub struct Flake {
    outline: Outline,
    /// Who uses which input.
    pub usages: Usages,
    /// What is known of the inputs' flakeModules.
    pub modules: FlakeModules,
    /// The code that moves with inputs, as far as anybody asked for it.
    pub(super) carried: Memory,
}

/// A flake is its outline, and more.
impl Deref for Flake {
    type Target = Outline;

    fn deref(&self) -> &Outline {
        &self.outline
    }
}

impl Flake {
    /// Reads a flake from its files, and of its inputs what is `at_hand`.
    pub fn read(files: &Files, at_hand: AtHand<'_>) -> Result<Flake, FlakeError> {
        let mut outline = Outline::read(files)?;
        outline.project.follow_references();
        let names: Vec<&str> = outline.declarations.inputs.keys().map(String::as_str).collect();
        let modules = flake_modules(&outline.lock, &outline.roots, at_hand);
        let mut usages = Usages::read(&outline.project, &names, &modules);
        usages.opaque.append(&mut outline.unread);
        let mut flake = Flake { outline, usages, modules, carried: Memory::default() };
        flake.find_followed();
        Ok(flake)
    }

    /// Adds the sites of inputs that others follow: whatever needs the follower needs them.
    fn find_followed(&mut self) {
        let mut needs: BTreeMap<&str, Needs> = BTreeMap::new();
        for (name, sites) in &self.usages.sites {
            needs.insert(name, Needs::of(sites));
        }
        let mut queue: Vec<&str> = self.roots.keys().map(String::as_str).collect();
        while let Some(follower) = queue.pop() {
            let Some(root) = self.roots.get(follower) else { continue };
            let of_follower = needs.get(follower).cloned().unwrap_or_default();
            for name in &root.follows {
                if needs.entry(name).or_default().extend(&of_follower) {
                    queue.push(name);
                }
            }
        }
        let mut follows = Vec::new();
        for (name, root) in &self.roots {
            for follower in &root.followed_by {
                let line = self.declarations.inputs.get(follower).map_or(1, |declaration| declaration.line);
                let needs = needs.get(follower.as_str()).cloned().unwrap_or_default();
                follows.push((name.clone(), Site::follows(line, needs.outputs, needs.everything, follower)));
            }
        }
        for (name, site) in follows {
            self.usages.sites.entry(name).or_default().push(site);
        }
    }
}
