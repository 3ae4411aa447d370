//! Why an input has to stay at the root.

use std::collections::BTreeSet;
use std::fmt;

use camino::Utf8PathBuf;

use super::{Flake, Place, SplitError};
use crate::lock::Node;
use crate::nix::{SiteKind, Stuck};

/// Outputs that other flakes import and evaluate on their own: what they use must be in the root.
const PUBLIC: [&str; 9] = [
    "darwinModules",
    "flakeModule",
    "flakeModules",
    "homeManagerModules",
    "homeModules",
    "lib",
    "modules",
    "nixosModule",
    "nixosModules",
];

/// Why an input does not move.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The outputs as a whole depend on it.
    Everything(String),
    /// The flake's own modules import a module of it, of which nobody knows what belongs to it.
    FlakeModule,
    /// Code has to move with it, and cannot.
    Stuck(String),
    /// flake.nix uses the root's inputs outside of modules that take `inputs` themselves.
    Outer,
    /// An output is nothing but a value of it.
    Forced(String),
    /// Other root inputs follow it.
    FollowedBy(Vec<String>),
    /// flake-parts makes `pkgs` from it.
    Pkgs,
    /// An output that other flakes import uses it.
    Public(String),
    /// Outputs that need it come from two partitions.
    Routed {
        /// An output, and its partition.
        first: (String, String),
        /// An output that comes from another.
        second: (String, String),
    },
    /// No code names it.
    NoSites,
    /// Only the arguments of `outputs` name it.
    Implicit,
    /// Its reference is relative to flake.nix.
    Relative,
    /// It is a folder of a source that is no flake.
    Folder,
    /// flake.nix is generated from modules, and they do not say all that it says of it.
    Undeclared,
}

/// Why an input does not move, and where that is to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// The input.
    pub input: String,
    /// Why.
    pub reason: Reason,
    /// File and 1-based line.
    pub place: Option<Place>,
    /// Whether it only may be one: nobody sees that it is none.
    pub possible: bool,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Everything(why) => write!(f, "any output may need it: {why}"),
            Reason::FlakeModule => {
                write!(
                    f,
                    "its flakeModule is imported, and flakepart does not know what it makes of its options"
                )
            }
            Reason::Stuck(why) => write!(f, "code has to move with it that cannot: {why}"),
            Reason::Outer => {
                write!(f, "flake.nix takes it from the arguments of `outputs`, which stay the root's inputs")
            }
            Reason::Forced(output) if output == "formatter" => {
                write!(f, "flake-parts evaluates `formatter` at the root, even where a partition provides it")
            }
            Reason::Forced(output) => {
                write!(
                    f,
                    "`flake.{output}` is its value itself, which flake-parts evaluates at the root, too"
                )
            }
            Reason::FollowedBy(inputs) => write!(f, "{} follow{} it", inputs.join(", "), s(inputs.len())),
            Reason::Pkgs => write!(f, "flake-parts makes `pkgs` from it"),
            Reason::Public(output) => write!(f, "`{output}` uses it, which other flakes import"),
            Reason::Routed { first: (attr, partition), second: (other_attr, other) } => write!(
                f,
                "`{attr}` of partition `{partition}` and `{other_attr}` of partition `{other}` both need it"
            ),
            Reason::NoSites => write!(f, "no code names it: remove it if nothing needs it"),
            Reason::Implicit => write!(f, "flake.nix names it in the arguments of `outputs` only"),
            Reason::Relative => write!(f, "its path is relative to flake.nix"),
            Reason::Folder => write!(
                f,
                "it is a folder of what is no flake (`dir`): up to Nix 2.26 the root gets all of that, and a \
                 partition the folder"
            ),
            Reason::Undeclared => {
                write!(f, "flake.nix is generated, and no module is seen to declare it as it stands there")
            }
        }
    }
}

fn s(count: usize) -> &'static str {
    if count == 1 { "s" } else { "" }
}

impl Reason {
    /// What would let the input move, where something would.
    #[must_use]
    pub fn hint(&self, input: &str) -> Option<String> {
        match self {
            Reason::FlakeModule => Some(format!(
                "flakepart reads it once its source is in the Nix store: `nix flake archive`; or move the \
                 module that imports `{input}` into the partition's module by hand"
            )),
            Reason::Outer => Some(
                "let the module take them: `mkFlake { inherit inputs; } ({ inputs, ... }: { … })`".to_owned(),
            ),
            Reason::Forced(output) if output == "formatter" => {
                Some("define the formatter in the partition's module, and only there".to_owned())
            }
            Reason::Forced(output) => {
                Some(format!("set what is inside of it instead: `flake.{output} = {{ inherit (…) …; }}`"))
            }
            Reason::FollowedBy(inputs) => {
                let them = if inputs.len() == 1 { "it" } else { "them" };
                Some(format!(
                    "`--followers move` moves {them}, too; `keep` leaves `{input}` at the root; `cut` has \
                     {them} follow nothing (`follows = \"\"`)"
                ))
            }
            Reason::Routed { .. } => {
                Some("an input cannot be in two partitions; at the root both have it".to_owned())
            }
            Reason::Undeclared => Some(format!(
                "declare it in a module (`flake-file.inputs.{input}.url = …`), or have flake.nix written anew"
            )),
            Reason::Implicit => Some(format!("declare it: `inputs.{input}.url = …`")),
            _ => None,
        }
    }
}

impl Flake {
    /// The outputs that have to come from a partition that holds `input`, certain or not: every one
    /// that code using it feeds, and every one that code using *some* input feeds.
    #[must_use]
    pub fn attrs_of(&self, input: &str) -> BTreeSet<String> {
        let sites = self.usages.sites.get(input).into_iter().flatten();
        sites.chain(&self.usages.opaque).flat_map(|site| site.direct.iter().cloned()).collect()
    }

    /// The outputs that code naming `input` is seen to feed, whatever else it may, but for those that have to
    /// come from the root.
    #[must_use]
    pub fn seen_attrs_of(&self, input: &str) -> BTreeSet<String> {
        let sites = self.usages.sites.get(input).into_iter().flatten();
        let seen = sites.flat_map(|site| &site.direct).filter(|output| !PUBLIC.contains(&output.as_str()));
        seen.cloned().collect()
    }

    /// Why `input` cannot move when all of `moving` move together; the weightiest reason first.
    #[must_use]
    pub fn blockers(&self, input: &str, moving: &BTreeSet<&str>) -> Vec<Blocker> {
        let mut found: Vec<(bool, Reason, Option<Place>)> = Vec::new();
        let declaration = self.declarations.inputs.get(input);
        let declared = declaration.map(|declaration| (Utf8PathBuf::from("flake.nix"), declaration.line));
        if input == "nixpkgs" && self.flake_parts().is_some() {
            found.push((false, Reason::Pkgs, declared.clone()));
        }
        let sites = self.usages.sites.get(input).map_or(&[][..], Vec::as_slice);
        let carried = self.carried(&moving.iter().copied().chain([input]).collect());
        let is_own = |stuck: &&Stuck| stuck.inputs.is_empty() || stuck.inputs.contains(input);
        for stuck in carried.stuck.iter().filter(is_own) {
            let place = Some((stuck.file.clone(), stuck.line));
            found.push((false, Reason::Stuck(stuck.why.clone()), place));
        }
        let is_stuck = carried.stuck.iter().any(|stuck| is_own(&stuck));
        for (site, is_opaque) in
            sites.iter().map(|site| (site, false)).chain(self.usages.opaque.iter().map(|site| (site, true)))
        {
            let place = Some((site.file.clone(), site.line));
            let possible = is_opaque || !site.is_definite();
            let is_carried = carried.takes(&site.file, site.line);
            if is_carried {
                // What it feeds is made where it goes.
            } else if site.imported && site.kind == SiteKind::FlakeModule && is_stuck {
                // The code that is in the way says more.
            } else if site.imported && site.kind == SiteKind::FlakeModule {
                found.push((possible, Reason::FlakeModule, place.clone()));
            } else if site.imported {
                let why = match site.kind {
                    SiteKind::Opaque => "which modules are imported depends on the inputs",
                    _ => "the `imports` of modules depend on it",
                };
                found.push((false, Reason::Everything(why.to_owned()), place.clone()));
            } else if let Some(why) = &site.everything {
                found.push((possible, Reason::Everything(why.clone()), place.clone()));
            }
            if site.outer && !is_carried {
                // Whichever output it feeds: that one lacks the input, at the root and in the partition.
                found.push((is_opaque, Reason::Outer, place.clone()));
            }
            if let Some(output) = site.forced.as_ref().filter(|_| !is_carried) {
                found.push((possible, Reason::Forced(output.clone()), place.clone()));
            }
            for output in &site.direct {
                if PUBLIC.contains(&output.as_str()) {
                    found.push((possible, Reason::Public(output.clone()), place.clone()));
                }
            }
        }
        if let Err(SplitError::TwoPartitions { first, second }) = self.host(&self.attrs_of(input)) {
            found.push((false, Reason::Routed { first, second }, declared.clone()));
        }
        let followed_by = self.roots.get(input).into_iter().flat_map(|root| &root.followed_by);
        let followers: Vec<String> =
            followed_by.filter(|follower| !moving.contains(follower.as_str())).cloned().collect();
        if !followers.is_empty() {
            found.push((false, Reason::FollowedBy(followers), declared.clone()));
        }
        if declaration.is_none_or(|declaration| declaration.is_implicit()) {
            found.push((false, Reason::Implicit, declared.clone()));
        } else if declaration.is_some_and(|declaration| declaration.is_relative()) {
            found.push((false, Reason::Relative, declared.clone()));
        }
        if self.is_from_modules() && !self.is_declared_in_modules(input) {
            found.push((false, Reason::Undeclared, declared.clone()));
        }
        if self.is_folder(input) {
            found.push((true, Reason::Folder, declared.clone()));
        }
        if sites.iter().all(|site| site.kind == SiteKind::Follows) {
            found.push((false, Reason::NoSites, declared));
        }
        let blocker =
            |(possible, reason, place)| Blocker { input: input.to_owned(), reason, place, possible };
        found.into_iter().map(blocker).collect()
    }

    /// Whether it is no flake, and locked with a folder: Nix ignores that, and flake-compat does not
    /// (facts/partitions.md).
    fn is_folder(&self, input: &str) -> bool {
        let node = self.roots.get(input).and_then(|root| self.lock.nodes.get(root.node.as_ref()?));
        let has_folder =
            |node: &&Node| node.locked.as_ref().is_some_and(|locked| locked.str("dir").is_some());
        node.filter(has_folder).is_some_and(|node| !node.flake)
    }
}
