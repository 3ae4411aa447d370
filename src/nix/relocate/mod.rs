//! What of a flake's modules has to move into a partition together with inputs.
//!
//! A partition evaluates all modules of the root again, with its own inputs besides (flake-parts:
//! `extras/partitions.nix`). So code may stay where it is as long as the root does not evaluate it, which
//! it does with these whatever the partition provides (facts/partitions.md): a flakeModule that is
//! imported; the definitions of the options that it declares; a definition of a whole output that is an
//! input's value itself; a condition that asks an input. Code that takes inputs from the arguments of
//! flake.nix's `outputs` has to move, too: these are the root's inputs in a partition as well.

mod carry;
mod cut;
mod leaving;

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::edit::Edits;
use super::flake_module::FlakeModules;
use super::project::{Project, Role};
use super::usage::Usages;
use leaving::{Leaving, Whole};

pub use carry::rebased;

/// Code that would have to move and cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// The file, relative to the flake.
    pub file: Utf8PathBuf,
    /// 1-based.
    pub line: usize,
    /// What is in the way.
    pub why: String,
    /// The inputs that the code belongs to; none where nobody can tell.
    pub inputs: BTreeSet<String>,
}

/// The code that moves with inputs, written out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Relocated {
    /// The edits of the files that stay at the root.
    pub edits: BTreeMap<Utf8PathBuf, Edits>,
    /// The modules that belong to the partition from now on, as they are.
    pub whole: Vec<Utf8PathBuf>,
    /// The code that was cut out: the file that it comes from, and the module that it makes.
    pub modules: BTreeMap<Utf8PathBuf, String>,
    /// The sites of the inputs that move with the code: files and lines.
    pub sites: BTreeSet<(Utf8PathBuf, usize)>,
}

impl Relocated {
    /// Whether nothing has to move.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.whole.is_empty()
    }
}

/// What is to be relocated.
#[derive(Debug, Clone, Copy)]
pub struct Relocating<'a> {
    /// The files of the flake.
    pub project: &'a Project,
    /// Who uses which input.
    pub usages: &'a Usages,
    /// What is known of the inputs' flakeModules.
    pub modules: &'a FlakeModules,
    /// All inputs.
    pub names: &'a [&'a str],
    /// Those that move.
    pub moving: &'a BTreeSet<&'a str>,
    /// The outputs that the partition provides.
    pub attrs: &'a BTreeSet<String>,
}

impl Relocating<'_> {
    /// Cuts out what has to move into modules that lie in `folder`, relative to the flake.
    ///
    /// # Errors
    /// Every place that would have to move and cannot.
    pub fn into_folder(&self, folder: &Utf8Path) -> Result<Relocated, Vec<Stuck>> {
        let files: BTreeMap<usize, Leaving<'_>> = Leaving::of_all(self)?;
        let whole = Whole::find(self, &files);
        let (mut relocated, mut stuck) = (Relocated::default(), Vec::new());
        for (at, leaving) in &files {
            let Some(file) = self.project.files.get(*at) else { continue };
            for site in &leaving.sites {
                relocated.sites.insert((file.path.clone(), *site));
            }
            let is_moved = whole.contains(*at) && !self.project.trees.is_empty();
            let is_cut = !whole.contains(*at) && !leaving.pieces.is_empty();
            if file.role == Role::Module && (is_moved || is_cut) {
                stuck.extend(self.readers(*at));
            }
            if whole.contains(*at) {
                // What one of them imports comes with it.
                if !whole.is_imported(&files, *at) {
                    relocated.whole.push(file.path.clone());
                }
                continue;
            }
            match carry::carried(self, file, leaving, &whole, folder) {
                Ok(module) => {
                    relocated.modules.insert(file.path.clone(), module);
                }
                Err(reasons) => stuck.extend(reasons),
            }
        }
        for (at, edits) in cut::edits(self, &files, &whole).map_err(|reasons| reasons.to_vec())? {
            if let Some(file) = self.project.files.get(at) {
                relocated.edits.insert(file.path.clone(), edits);
            }
        }
        relocated.modules.retain(|_, module| !module.is_empty());
        if stuck.is_empty() { Ok(relocated) } else { Err(stuck) }
    }
}
