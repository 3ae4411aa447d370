//! The code that moves with inputs.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::Flake;
use crate::nix::{Relocated, Relocating, SiteKind, Stuck};

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

    /// Finds out of each input that the root evaluates, whatever the partitions provide, whether the code
    /// that makes it do so can move.
    pub(super) fn find_carried(&mut self) {
        let inputs = self.usages.sites.iter().filter(|(_, sites)| {
            sites.iter().any(|site| site.imported || site.outer || site.forced.is_some())
        });
        let carried = inputs.map(|(input, sites)| {
            let moving = BTreeSet::from([input.as_str()]);
            // Of a flakeModule that nobody knows, nobody knows the definitions that belong to it.
            let unknown = sites.iter().find(|site| {
                site.imported && (site.kind != SiteKind::FlakeModule || !self.modules.knows(input))
            });
            let carried = match unknown {
                Some(_) => Err(Vec::new()),
                None => self.relocated(&moving, &self.attrs_of(input), Utf8Path::new("")),
            };
            (input.clone(), carried.map(|relocated| relocated.sites))
        });
        self.carried = carried.collect();
    }

    /// Whether a site of an input moves with it.
    pub(super) fn is_carried(&self, input: &str, file: &Utf8PathBuf, line: usize) -> bool {
        let carried = self.carried.get(input).and_then(|carried| carried.as_ref().ok());
        carried.is_some_and(|sites| sites.iter().any(|(at, number)| at == file && *number == line))
    }
}
