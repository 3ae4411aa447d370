//! Who uses an input: the sites in a flake's files, and the outputs each of them feeds.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use rnix::SyntaxNode;
use rnix::ast::{self, InterpolPart};
use rowan::ast::AstNode as _;
use serde::Serialize;

use super::Source;
use super::flow::Flow;
use super::module::stands_in_imports;
use super::scope::Scopes;
use super::sites::mentions;
use super::syntax::{last_name, literal_string};

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
    /// Whether the code holds on to the root's inputs, as flake.nix does outside of modules that take
    /// `inputs` themselves: no partition can give it others.
    pub outer: bool,
}

impl Site {
    /// What code that is not read amounts to: it may use any input for any output.
    #[must_use]
    pub fn unread(file: Utf8PathBuf, line: usize, why: String) -> Site {
        Site {
            file,
            line,
            kind: SiteKind::Opaque,
            outputs: BTreeSet::new(),
            certain: false,
            everything: Some(why),
            imported: false,
            forced: None,
            outer: false,
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
    /// Whether the flake itself, and with it its inputs, goes where it cannot be followed.
    pub flake_escapes: bool,
}

impl Usages {
    /// Reads the sites of the inputs `names`.
    #[must_use]
    pub fn read(project: &Project, names: &[&str]) -> Usages {
        let scopes: Vec<Scopes> = project.files.iter().map(|file| Scopes::of(file.source.root())).collect();
        let flow = Flow::new(project, &scopes);
        let mut usages = Usages::default();
        let mut in_pkgs = Vec::new();
        for (index, (file, scopes)) in project.files.iter().zip(&scopes).enumerate() {
            if project.is_foreign(index) {
                continue;
            }
            let mentions = mentions(&file.source, scopes, file.role == Role::Flake, names);
            usages.flake_escapes |= mentions.flake_escapes;
            for mention in mentions.all {
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
                    outer: mention.outer,
                };
                if reach.in_pkgs {
                    in_pkgs.push((site.file.clone(), site.line));
                }
                match mention.input {
                    Some(input) => usages.sites.entry(input).or_default().push(site),
                    None => usages.opaque.push(site),
                }
            }
        }
        usages.share_pkgs(&in_pkgs);
        for (file, line, written) in &project.unread {
            let why = format!("flakepart does not see the module {written}");
            usages.opaque.push(Site::unread(file.clone(), *line, why));
        }
        usages
    }

    /// What is in `pkgs` is read by the modules of other flakes, too, where this flake imports any.
    fn share_pkgs(&mut self, in_pkgs: &[(Utf8PathBuf, usize)]) {
        if !self.sites.values().flatten().any(|site| site.imported) {
            return;
        }
        for site in self.sites.values_mut().flatten().chain(&mut self.opaque) {
            let holds = in_pkgs.iter().any(|(file, line)| *file == site.file && *line == site.line);
            if holds && site.everything.is_none() {
                site.everything = Some("`pkgs` holds it, which imported flakeModules read, too".to_owned());
                site.certain = false;
            }
        }
    }

    /// Whether the input is used.
    #[must_use]
    pub fn usage(&self, input: &str) -> Usage {
        match (self.sites.contains_key(input), self.opaque.is_empty() && !self.flake_escapes) {
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
    /// Modules that are imported but are not among the files: who imports them, and what is written there.
    unread: Vec<(Utf8PathBuf, usize, String)>,
    /// The folders of import-trees of modules, as each file writes them.
    trees: HashMap<usize, HashSet<String>>,
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
        let mut project = Project { files, index, unread: Vec::new(), trees: HashMap::new() };
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

    /// The text of every file, by path.
    pub fn texts(&self) -> impl Iterator<Item = (&Utf8Path, &str)> {
        self.files.iter().map(|file| (file.path.as_path(), file.source.text()))
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
            for (written, line) in file.source.imported_paths(is_flake) {
                let path = joined(&file.path, &written);
                let found = path.and_then(|path| {
                    self.index.get(&path).or_else(|| self.index.get(&path.join("default.nix")))
                });
                match found {
                    Some(module) => modules.push(*module),
                    None => self.unread.push((file.path.clone(), line, written)),
                }
            }
            for tree in file.source.import_trees(is_flake) {
                self.trees.entry(at).or_default().insert(tree.path.clone());
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
            // What import-tree passes over in its own folder, it does not read.
            let nodes = file.source.root().descendants().filter(|node| !self.is_module_tree(at, node));
            let targets: Vec<usize> = nodes.flat_map(|node| self.reached_by(at, &node)).collect();
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

    /// The files that a path leads to, `./x` or `"${self}/x"`: the file itself, or all that lie below a
    /// folder, where the code may read any of them. Modules are read as modules, whoever names their
    /// folder.
    pub(super) fn reached_by(&self, from: usize, node: &SyntaxNode) -> Vec<usize> {
        let Some(file) = self.files.get(from) else { return Vec::new() };
        let Some((from_root, text)) = written_path(node) else { return Vec::new() };
        let base = if from_root { Utf8Path::new("flake.nix") } else { &file.path };
        let Some(path) = joined(base, &text) else { return Vec::new() };
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

    /// Whether a path literal hands modules to the module system, which were followed as such.
    pub(super) fn is_import_of_module(&self, from: usize, node: &SyntaxNode) -> bool {
        let module = |at: &usize| self.files.get(*at).is_some_and(|file| file.role == Role::Module);
        self.is_module_tree(from, node)
            || stands_in_imports(node) && self.reached_by(from, node).iter().any(module)
    }

    /// Whether a path literal is the folder of an import-tree of modules.
    fn is_module_tree(&self, from: usize, node: &SyntaxNode) -> bool {
        self.trees.get(&from).is_some_and(|trees| {
            written_path(node).is_some_and(|(_, path)| trees.contains(&path)) && stands_in_imports(node)
        })
    }

    /// Whether the file belongs to another flake below this one, and no code of this one reads it.
    fn is_foreign(&self, at: usize) -> bool {
        self.files.get(at).filter(|file| file.role == Role::Unreached).is_some_and(|file| {
            let folders = file.path.ancestors().skip(1).filter(|folder| !folder.as_str().is_empty());
            folders.map(|folder| folder.join("flake.nix")).any(|flake| self.index.contains_key(&flake))
        })
    }
}

/// The path that a node writes, as `./x`, `"${self}/x"` or `self + "/x"`, and whether it begins at the flake's folder rather than at the file's.
/// Of a path that is partly computed, `./hosts/${name}.nix`, the folder is certain.
fn written_path(node: &SyntaxNode) -> Option<(bool, String)> {
    let is_self = |base: Option<ast::Expr>| base.and_then(|base| last_name(&base)).as_deref() == Some("self");
    let (from_root, first, whole) = if let Some(path) = ast::PathRel::cast(node.clone()) {
        let parts = path.parts();
        let Some(InterpolPart::Literal(first)) = parts.first() else { return None };
        (false, first.text().to_owned(), parts.len() == 1)
    } else if let Some(sum) = ast::BinOp::cast(node.clone()) {
        let (true, Some(ast::Expr::Str(path))) = (is_self(sum.lhs()), sum.rhs()) else { return None };
        (true, literal_string(&path)?.strip_prefix('/')?.to_owned(), true)
    } else {
        let parts = ast::Str::cast(node.clone())?.normalized_parts();
        let [InterpolPart::Interpolation(base), InterpolPart::Literal(first), rest @ ..] = parts.as_slice()
        else {
            return None;
        };
        (true, is_self(base.expr()).then(|| first.strip_prefix('/'))??.to_owned(), rest.is_empty())
    };
    let text = if whole { first.as_str() } else { first.rsplit_once('/')?.0 };
    Some((from_root, text.to_owned()))
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
