//! The code that moves with inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use camino::Utf8Path;

use super::{Flake, Place};
use crate::nix::{Relocated, Relocating, SiteKind, Stuck};

/// Whether the code that has to move with some inputs can, and which of their sites it takes along.
#[derive(Debug, Default)]
pub(super) struct Carried {
    sites: BTreeSet<Place>,
    pub(super) stuck: Vec<Stuck>,
}

impl Carried {
    pub(super) fn takes(&self, file: &Utf8Path, line: usize) -> bool {
        self.sites.iter().any(|(at, number)| at == file && *number == line)
    }
}

/// What was found out already, by the inputs that move.
pub(super) type Memory = std::cell::RefCell<BTreeMap<Vec<String>, Rc<Carried>>>;

impl Flake {
    /// Cuts out the code that has to move with the inputs `moving` into a partition that provides `attrs`,
    /// into modules that lie in `folder`.
    pub(super) fn relocated(
        &self,
        moving: &BTreeSet<&str>,
        attrs: &BTreeSet<String>,
        folder: &Utf8Path,
    ) -> Result<Relocated, Vec<Stuck>> {
        let names: Vec<&str> = self.declarations.inputs.keys().map(String::as_str).collect();
        let (project, usages, modules) = (&self.project, &self.usages, &self.modules);
        Relocating { project, usages, modules, names: &names, moving, attrs }.into_folder(folder)
    }

    /// Finds out whether the code can move that makes the root evaluate one of the inputs `moving`, whatever
    /// the partitions provide.
    pub(super) fn carried(&self, moving: &BTreeSet<&str>) -> Rc<Carried> {
        let movable = moving.iter().copied().filter(|input| self.may_carry(input));
        let mut moving: BTreeSet<&str> = movable.collect();
        let key: Vec<String> = moving.iter().map(|input| (*input).to_owned()).collect();
        if let Some(known) = self.carried.borrow().get(&key) {
            return Rc::clone(known);
        }
        let mut carried = Carried::default();
        while !moving.is_empty() {
            let attrs = moving.iter().flat_map(|input| self.attrs_of(input)).collect();
            match self.relocated(&moving, &attrs, Utf8Path::new("")) {
                Ok(relocated) => {
                    carried.sites = relocated.sites;
                    break;
                }
                // The others may still move.
                Err(stuck) => {
                    moving.retain(|input| {
                        stuck.iter().all(|it| !it.inputs.is_empty() && !it.inputs.contains(*input))
                    });
                    carried.stuck.extend(stuck);
                }
            }
        }
        let carried = Rc::new(carried);
        self.carried.borrow_mut().insert(key, Rc::clone(&carried));
        carried
    }

    /// Whether the root evaluates the input, and it is known which code makes it do so: of a flakeModule
    /// that nobody knows, nobody knows the definitions that belong to it.
    fn may_carry(&self, input: &str) -> bool {
        let sites = self.usages.sites.get(input).map_or(&[][..], Vec::as_slice);
        let known = |kind| kind == SiteKind::FlakeModule && self.modules.knows(input);
        sites.iter().any(|site| site.imported || site.outer || site.forced.is_some())
            && sites.iter().all(|site| !site.imported || known(site.kind))
    }
}
