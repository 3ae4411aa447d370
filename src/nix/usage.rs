//! Who uses an input: the sites in a flake's files, and the outputs each of them feeds.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use rayon::prelude::*;
use rnix::SyntaxKind;
use serde::Serialize;

use super::code::Node;
use super::flake_module::FlakeModules;
use super::flow::{Flow, Reach};
use super::project::{Project, ProjectFile, Role};
use super::scope::Scopes;
use super::sites::mentions;

/// What is done with an input at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum SiteKind {
    /// A package or another value is taken from it.
    Value,
    /// Its source tree is used.
    Source,
    /// Its library is used.
    Lib,
    /// An overlay of it is used.
    Overlay,
    /// A NixOS, nix-darwin or home-manager module of it is used.
    Module,
    /// Its flake-parts module is used.
    FlakeModule,
    /// The code asks whether it is there (`?`, `or`).
    Existence,
    /// All inputs are passed on, or picked by a computed name.
    Opaque,
    /// Another input follows it.
    Follows,
    /// flake.lock is read by code, which finds any input there.
    Lock,
}

/// A place in the code that touches an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The file, relative to the flake.
    pub file: Utf8PathBuf,
    /// 1-based.
    pub line: usize,
    /// What is done there.
    pub kind: SiteKind,
    /// The flake outputs that it feeds.
    pub outputs: BTreeSet<String>,
    /// Those of them that have to be made where the input is: that it feeds not only because they read
    /// another output from the flake itself (`self.packages`), or another input that follows it.
    pub direct: BTreeSet<String>,
    /// False where the code is too dynamic to be sure.
    pub certain: bool,
    /// Why any output may depend on it, where that is so.
    pub everything: Option<String>,
    /// Why any output may depend on it in such a way, where that is so.
    pub indirectly: Option<String>,
    /// Whether the flake's own modules import a module of the input here.
    pub imported: bool,
    /// The output that is nothing but this value: flake-parts evaluates it at the root even when a
    /// partition provides the output.
    pub forced: Option<String>,
    /// Whether the module argument `pkgs` holds it.
    pub in_pkgs: bool,
    /// Whether the code holds on to the root's inputs, as flake.nix does outside of modules that take
    /// `inputs` themselves: no partition can give it others.
    pub outer: bool,
}

impl Site {
    /// A site from which these outputs are reached.
    fn reaching(file: Utf8PathBuf, line: usize, kind: SiteKind, reach: Reach) -> Site {
        Site {
            file,
            line,
            kind,
            outputs: reach.outputs,
            direct: reach.direct,
            certain: reach.everything.is_none()
                && reach.indirectly.is_none()
                && (!reach.imported || kind == SiteKind::FlakeModule),
            everything: reach.everything,
            indirectly: reach.indirectly,
            imported: reach.imported,
            forced: reach.forced,
            in_pkgs: reach.in_pkgs,
            outer: false,
        }
    }

    /// That another input follows this one, which these outputs need, or any.
    #[must_use]
    pub fn follows(line: usize, outputs: BTreeSet<String>, everything: bool, follower: &str) -> Site {
        Site {
            file: "flake.nix".into(),
            line,
            kind: SiteKind::Follows,
            outputs,
            direct: BTreeSet::new(),
            certain: !everything,
            everything: None,
            indirectly: everything.then(|| format!("`{follower}` follows it, which any output may need")),
            imported: false,
            forced: None,
            in_pkgs: false,
            outer: false,
        }
    }

    /// The site, and with it what the flakeModule that is imported there makes of its options.
    fn bringing(mut self, reach: Reach) -> Site {
        self.outputs.extend(reach.outputs);
        self.direct.extend(reach.direct);
        self.everything = self.everything.or(reach.everything);
        self.indirectly = self.indirectly.or(reach.indirectly);
        self
    }

    fn at(file: &ProjectFile, node: Node<'_>, kind: SiteKind, reach: Reach) -> Site {
        Site::reaching(file.path.clone(), file.source.line(node.start()), kind, reach)
    }

    /// Why any output may depend on it, where that is so.
    #[must_use]
    pub fn any_output(&self) -> Option<&str> {
        let imported = self.imported.then_some(match self.kind {
            SiteKind::FlakeModule => "its flakeModule is imported, which every output evaluates",
            _ => "the `imports` of modules depend on it",
        });
        self.everything.as_deref().or(imported).or(self.indirectly.as_deref())
    }

    /// Whether the outputs that it feeds are known. Those of a flakeModule that is imported are, as far as it
    /// makes them.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.everything.is_none() || (self.imported && self.kind == SiteKind::FlakeModule)
    }

    /// What code that is not read amounts to: it may use any input for any output.
    #[must_use]
    pub fn unread(file: Utf8PathBuf, line: usize, why: String) -> Site {
        Site {
            file,
            line,
            kind: SiteKind::Opaque,
            outputs: BTreeSet::new(),
            direct: BTreeSet::new(),
            certain: false,
            everything: Some(why),
            indirectly: None,
            imported: false,
            forced: None,
            in_pkgs: false,
            outer: false,
        }
    }
}

/// Whether an input is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Usage {
    /// A site names it, or another input follows it.
    Used,
    /// No site names it, and none could in a way that is not seen.
    Unused,
    /// No site names it, but some code is too dynamic to be sure.
    Unknown,
}

/// The answer for a whole flake.
#[derive(Debug, Clone, Default)]
pub struct Usages {
    /// The sites that name an input, by input; within one, by file and line.
    pub sites: BTreeMap<String, Vec<Site>>,
    /// The sites that may touch any input.
    pub opaque: Vec<Site>,
    /// Where code reads flake.lock by itself. It gets at the sources of inputs without asking the flake for
    /// them, so that it does not matter where they are inputs, only what the file says.
    pub lock: Vec<Site>,
    /// Whether the flake itself, and with it its inputs, goes where it cannot be followed.
    pub flake_escapes: bool,
}

impl Usages {
    /// Reads the sites of the inputs `names`, of which some have well-known `modules`.
    #[must_use]
    pub fn read(project: &Project, names: &[&str], modules: &FlakeModules) -> Usages {
        let scopes: Vec<Scopes<'_>> =
            project.files.par_iter().map(|file| Scopes::of(file.source.code())).collect();
        let flow = Flow::new(project, &scopes, modules);
        let files = project.files.par_iter().zip(&scopes).enumerate();
        let own = files.filter(|(at, _)| !project.is_foreign(*at));
        let found: Vec<_> = own
            .map(|(at, (file, scopes))| {
                let mentions = mentions(&file.source, scopes, file.role == Role::Flake, names);
                (at, file, mentions)
            })
            .collect();
        let flake_escapes = found.iter().any(|(.., mentions)| mentions.flake_escapes);
        let mut usages = Usages { flake_escapes, ..Usages::default() };
        let all: Vec<_> = found
            .iter()
            .flat_map(|(at, file, mentions)| mentions.all.iter().map(move |mention| (*at, file, mention)))
            .collect();
        let reached: Vec<_> = all.par_iter().map(|(at, _, mention)| flow.follow(*at, mention.node)).collect();
        for ((_, file, mention), reach) in all.into_iter().zip(reached) {
            let site = Site::at(file, mention.node, mention.kind, reach);
            let certain = site.certain && mention.certain && mention.input.is_some();
            let site = Site { certain, outer: mention.outer, ..site };
            let module = mention.input.and_then(|input| modules.of_input(input));
            let site = match module {
                Some(module) if site.imported && site.kind == SiteKind::FlakeModule => {
                    site.bringing(flow.brought_by(module))
                }
                _ => site,
            };
            if module.is_some_and(|module| module.reads_inputs) && site.imported {
                let outputs: BTreeSet<String> =
                    module.into_iter().flat_map(|it| it.outputs.clone()).collect();
                let any = Site {
                    imported: false,
                    outer: false,
                    certain: false,
                    kind: SiteKind::Opaque,
                    ..site.clone()
                };
                usages.opaque.push(Site { direct: outputs.clone(), outputs, ..any });
            }
            match mention.input {
                Some(input) => usages.sites.entry(input.to_owned()).or_default().push(site),
                None => usages.opaque.push(site),
            }
        }
        let flake = project.files.iter().find(|file| file.role == Role::Flake);
        if let Some((flake, line)) = flake.and_then(|flake| Some((flake, flake.source.mk_flake_line()?)))
            && names.contains(&"nixpkgs")
            && let Some(reach) = flow.default_pkgs()
        {
            // No code says so, but flake-parts does it (flake-parts: `modules/nixpkgs.nix`).
            let site = Site::reaching(flake.path.clone(), line, SiteKind::Value, reach);
            let site = Site { in_pkgs: true, ..site };
            usages.sites.entry("nixpkgs".to_owned()).or_default().push(site);
        }
        usages.share_pkgs();
        for (at, file) in project.files.iter().enumerate().filter(|(_, file)| file.role != Role::Unreached) {
            let readers = file.source.code().root().descendants().filter(|node| names_lock(*node));
            usages.lock.extend(readers.map(|node| {
                let site = Site::at(file, node, SiteKind::Lock, flow.follow(at, node));
                Site { certain: false, ..site }
            }));
        }
        for (file, line, written) in &project.unread {
            let why = format!("flakepart does not see the module {written}");
            usages.opaque.push(Site::unread(file.clone(), *line, why));
        }
        usages
    }

    /// What is in `pkgs` is read by the modules of other flakes, too, where this flake imports any.
    fn share_pkgs(&mut self) {
        if !self.sites.values().flatten().any(|site| site.imported) {
            return;
        }
        for site in self.sites.values_mut().flatten().chain(&mut self.opaque) {
            if site.in_pkgs && site.everything.is_none() {
                site.everything = Some("`pkgs` holds it, which imported flakeModules read, too".to_owned());
                site.certain = false;
            }
        }
    }

    /// Whether the input is used.
    #[must_use]
    pub fn usage(&self, input: &str) -> Usage {
        let seen = self.opaque.is_empty() && self.lock.is_empty() && !self.flake_escapes;
        match (self.sites.contains_key(input), seen) {
            (true, _) => Usage::Used,
            (false, true) => Usage::Unused,
            (false, false) => Usage::Unknown,
        }
    }
}

/// `./flake.lock`, `"${self}/flake.lock"`, `self + "/flake.lock"`
pub(super) fn names_lock(node: Node<'_>) -> bool {
    let parent = node.parent();
    let compared = parent.is_some_and(|parent| {
        matches!(parent.operator(), Some(SyntaxKind::TOKEN_EQUAL | SyntaxKind::TOKEN_NOT_EQUAL))
    });
    let is_path = match node.kind() {
        SyntaxKind::NODE_PATH_REL => true,
        SyntaxKind::NODE_STRING => {
            node.child(0).is_some() || parent.and_then(Node::operator) == Some(SyntaxKind::TOKEN_ADD)
        }
        _ => false,
    };
    is_path && !compared && node.text().trim_end_matches(['"', '\'']).ends_with("/flake.lock")
}
