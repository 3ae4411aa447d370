//! Who uses an input: the sites in a flake's files, and the outputs each of them feeds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use rnix::SyntaxNode;
use rnix::ast::{self, InterpolPart};
use rowan::ast::AstNode as _;
use serde::Serialize;

use super::Source;
use super::flow::{Flow, stands_in_imports};
use super::scope::Scopes;
use super::sites::mentions;

/// How a flake comes to read one of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The flake.nix.
    Flake,
    /// A flake-parts module.
    Module,
    /// Code that a reached file names by path.
    Imported,
    /// Nobody is seen to read it.
    Unreached,
}

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
    /// False where the code is too dynamic to be sure.
    pub certain: bool,
    /// Why any output may depend on it, where that is so.
    pub everything: Option<String>,
    /// Whether the flake's own modules import a module of the input here.
    pub imported: bool,
    /// The output that is nothing but this value: flake-parts evaluates it at the root even when a
    /// partition provides the output.
    pub forced: Option<String>,
}

impl Site {
    /// What a file that cannot be read amounts to: it may use any input for any output.
    #[must_use]
    pub fn unreadable(file: Utf8PathBuf, line: usize) -> Site {
        Site {
            file,
            line,
            kind: SiteKind::Opaque,
            outputs: BTreeSet::new(),
            certain: false,
            everything: Some("this file cannot be read".to_owned()),
            imported: false,
            forced: None,
        }
    }
}

/// Whether an input is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Usage {
    /// A site names it.
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
}

impl Usages {
    /// Reads the sites of the inputs `names`.
    #[must_use]
    pub fn read(project: &Project, names: &[&str]) -> Usages {
        let scopes: Vec<Scopes> = project.files.iter().map(|file| Scopes::of(file.source.root())).collect();
        let flow = Flow::new(project, &scopes);
        let mut usages = Usages::default();
        for (index, (file, scopes)) in project.files.iter().zip(&scopes).enumerate() {
            for mention in mentions(&file.source, scopes, file.role == Role::Flake, names) {
                let reach = flow.follow(index, &mention.node);
                let site = Site {
                    file: file.path.clone(),
                    line: file.source.line(mention.node.text_range().start()),
                    kind: mention.kind,
                    outputs: reach.outputs,
                    certain: mention.certain && reach.everything.is_none() && mention.input.is_some(),
                    everything: reach.everything,
                    imported: reach.imported,
                    forced: reach.forced,
                };
                match mention.input {
                    Some(input) => usages.sites.entry(input).or_default().push(site),
                    None => usages.opaque.push(site),
                }
            }
        }
        usages
    }

    /// Whether the input is used.
    #[must_use]
    pub fn usage(&self, input: &str) -> Usage {
        match (self.sites.contains_key(input), self.opaque.is_empty()) {
            (true, _) => Usage::Used,
            (false, true) => Usage::Unused,
            (false, false) => Usage::Unknown,
        }
    }
}

/// The Nix files of a flake, with the role that each plays.
#[derive(Debug)]
pub struct Project {
    pub(super) files: Vec<ProjectFile>,
    index: HashMap<Utf8PathBuf, usize>,
}

#[derive(Debug)]
pub(super) struct ProjectFile {
    pub(super) path: Utf8PathBuf,
    pub(super) source: Source,
    pub(super) role: Role,
}

impl Project {
    /// Finds the role of each file. Paths are relative to the flake, whose file is `flake.nix`.
    #[must_use]
    pub fn new(sources: BTreeMap<Utf8PathBuf, Source>) -> Project {
        let files: Vec<ProjectFile> = sources
            .into_iter()
            .map(|(path, source)| {
                let role = if path == "flake.nix" { Role::Flake } else { Role::Unreached };
                ProjectFile { path, source, role }
            })
            .collect();
        let index = files.iter().enumerate().map(|(at, file)| (file.path.clone(), at)).collect();
        let mut project = Project { files, index };
        project.find_modules();
        project.find_imported();
        project
    }

    /// The flake's flake-parts modules, with flake.nix first among them.
    pub fn modules(&self) -> impl Iterator<Item = (&Utf8Path, &Source, bool)> {
        self.files
            .iter()
            .filter(|file| matches!(file.role, Role::Flake | Role::Module))
            .map(|file| (file.path.as_path(), &file.source, file.role == Role::Flake))
    }

    /// The role of a file.
    #[must_use]
    pub fn role(&self, path: &Utf8Path) -> Option<Role> {
        self.index.get(path).and_then(|at| self.files.get(*at)).map(|file| file.role)
    }

    fn find_modules(&mut self) {
        let mut queue: Vec<usize> = self.index.get(Utf8Path::new("flake.nix")).copied().into_iter().collect();
        while let Some(at) = queue.pop() {
            let Some(file) = self.files.get(at) else { continue };
            let is_flake = file.role == Role::Flake;
            let mut modules: Vec<usize> = Vec::new();
            for path in file.source.imported_paths(is_flake) {
                let Some(path) = joined(&file.path, &path) else { continue };
                let file = self.index.get(&path).or_else(|| self.index.get(&path.join("default.nix")));
                modules.extend(file);
            }
            for tree in file.source.import_trees(is_flake) {
                let Some(root) = joined(&file.path, &tree.path) else { continue };
                modules.extend(self.below(&root).filter(|at| self.is_visible(*at, &root)));
            }
            for module in modules {
                if let Some(file) = self.files.get_mut(module).filter(|file| file.role == Role::Unreached) {
                    file.role = Role::Module;
                    queue.push(module);
                }
            }
        }
    }

    fn find_imported(&mut self) {
        let reached = |file: &ProjectFile| file.role != Role::Unreached;
        let mut queue: Vec<usize> =
            self.files.iter().enumerate().filter(|(_, file)| reached(file)).map(|(at, _)| at).collect();
        while let Some(at) = queue.pop() {
            let Some(file) = self.files.get(at) else { continue };
            let paths = file.source.root().descendants().filter(|node| ast::PathRel::can_cast(node.kind()));
            let targets: Vec<usize> = paths.flat_map(|node| self.reached_by(at, &node)).collect();
            for target in targets {
                if let Some(file) = self.files.get_mut(target).filter(|file| !reached(file)) {
                    file.role = Role::Imported;
                    queue.push(target);
                }
            }
        }
    }

    /// import-tree passes over a path with `/_` in it (import-tree: `default.nix`).
    fn is_visible(&self, at: usize, root: &Utf8Path) -> bool {
        self.files.get(at).is_some_and(|file| {
            let below = file.path.strip_prefix(root).unwrap_or(&file.path);
            !below.components().any(|part| part.as_str().starts_with('_'))
        })
    }

    fn below<'a>(&'a self, folder: &'a Utf8Path) -> impl Iterator<Item = usize> + 'a {
        self.files.iter().enumerate().filter(move |(_, file)| file.path.starts_with(folder)).map(|(at, _)| at)
    }

    /// The files that a path literal leads to: the file itself, or all that lie below a folder, where
    /// the code may read any of them. Modules are read as modules, whoever names their folder.
    pub(super) fn reached_by(&self, from: usize, node: &SyntaxNode) -> Vec<usize> {
        let Some(file) = self.files.get(from) else { return Vec::new() };
        let Some(path) = ast::PathRel::cast(node.clone()) else { return Vec::new() };
        let parts = path.parts();
        let Some(InterpolPart::Literal(first)) = parts.first() else { return Vec::new() };
        // Of `./hosts/${name}.nix` the folder is certain.
        let text = match (parts.len(), first.text().rsplit_once('/')) {
            (1, _) => first.text(),
            (_, Some((folder, _))) => folder,
            (_, None) => return Vec::new(),
        };
        let Some(path) = joined(&file.path, text) else { return Vec::new() };
        match self.index.get(&path) {
            Some(exact) => vec![*exact],
            None => self
                .below(&path)
                .filter(|at| {
                    self.files.get(*at).is_some_and(|file| !matches!(file.role, Role::Flake | Role::Module))
                })
                .collect(),
        }
    }

    /// Whether a path literal hands a module to the module system.
    pub(super) fn is_import_of_module(&self, from: usize, node: &SyntaxNode) -> bool {
        let module = |at: &usize| self.files.get(*at).is_some_and(|file| file.role == Role::Module);
        stands_in_imports(node) && self.reached_by(from, node).iter().any(module)
    }
}

/// A path written in a file, made relative to the flake; `None` where it leaves the flake.
#[must_use]
pub fn joined(file: &Utf8Path, path: &str) -> Option<Utf8PathBuf> {
    let mut result: Utf8PathBuf = file.parent().unwrap_or(Utf8Path::new("")).to_owned();
    for part in Utf8Path::new(path).components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                if !result.pop() {
                    return None;
                }
            }
            Utf8Component::Normal(name) => result.push(name),
            Utf8Component::RootDir | Utf8Component::Prefix(_) => return None,
        }
    }
    Some(result)
}
