//! The Nix files of a flake, and how it comes to read each of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use rnix::SyntaxKind;

use super::code::Node;
use super::module::{is_called, is_imported, stands_in_imports};
use super::{Source, TreeFilter};

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

/// The Nix files of a flake, with the role that each plays.
#[derive(Debug)]
pub struct Project {
    /// Sorted by path, so that what lies below a folder stands together.
    pub(super) files: Vec<ProjectFile>,
    index: HashMap<Utf8PathBuf, usize>,
    /// Modules that are imported but are not among the files: who imports them, and what is written there.
    pub(super) unread: Vec<(Utf8PathBuf, usize, String)>,
    /// The folders of import-trees of modules, as each file writes them.
    pub(super) trees: HashMap<usize, HashSet<String>>,
}

#[derive(Debug)]
pub(super) struct ProjectFile {
    pub(super) path: Utf8PathBuf,
    pub(super) source: Source,
    pub(super) role: Role,
    /// The places that name files of the flake, by the node's number, with the files.
    pub(super) references: Vec<(u32, Vec<usize>)>,
    /// Whether flake-parts may read it as a module: what is imported as an expression, and not among
    /// `imports`, is a module of something else at most.
    pub(super) may_be_module: bool,
}

impl Project {
    /// Finds the role of each file. Paths are relative to the flake, whose file is `flake.nix`.
    #[must_use]
    pub fn new(sources: BTreeMap<Utf8PathBuf, Source>) -> Project {
        let mut project = Project::of_modules(sources);
        project.follow_references();
        project
    }

    /// Finds which files are modules, and no more yet.
    #[must_use]
    pub fn of_modules(sources: BTreeMap<Utf8PathBuf, Source>) -> Project {
        let files: Vec<ProjectFile> = sources
            .into_iter()
            .map(|(path, source)| {
                let role = if path == "flake.nix" { Role::Flake } else { Role::Unreached };
                ProjectFile { path, source, role, references: Vec::new(), may_be_module: true }
            })
            .collect();
        let index = files.iter().enumerate().map(|(at, file)| (file.path.clone(), at)).collect();
        let mut project = Project { files, index, unread: Vec::new(), trees: HashMap::new() };
        project.find_modules();
        project
    }

    /// Finds what the files name of each other, and so the role of those that are no modules.
    pub fn follow_references(&mut self) {
        let references: Vec<_> =
            (0..self.files.len()).into_par_iter().map(|at| self.references(at)).collect();
        for (file, references) in self.files.iter_mut().zip(references) {
            file.references = references;
        }
        self.find_imported();
        self.find_possible_modules();
    }

    /// The flake's flake-parts modules, with flake.nix first among them.
    pub fn modules(&self) -> impl Iterator<Item = (&Utf8Path, &Source, bool)> {
        self.files
            .iter()
            .filter(|file| matches!(file.role, Role::Flake | Role::Module))
            .map(|file| (file.path.as_path(), &file.source, file.role == Role::Flake))
    }

    /// The code of every file, by path.
    pub fn sources(&self) -> impl Iterator<Item = (&Utf8Path, &Source)> {
        self.files.iter().map(|file| (file.path.as_path(), &file.source))
    }

    /// The code of a file.
    #[must_use]
    pub fn source(&self, path: &Utf8Path) -> Option<&Source> {
        self.index.get(path).and_then(|at| self.files.get(*at)).map(|file| &file.source)
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
                // Of a filter that cannot be read, more may pass than do.
                let filter = tree.filter.unwrap_or_default();
                modules.extend(self.below(&root).filter(|at| self.is_visible(*at, &root, &filter)));
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
            let references = file
                .references
                .iter()
                .filter(|(node, _)| !self.is_module_tree(at, file.source.code().node(*node)));
            for target in references.flat_map(|(_, targets)| targets.clone()).collect::<Vec<_>>() {
                if let Some(file) = self.files.get_mut(target).filter(|file| !reached(file)) {
                    file.role = Role::Imported;
                    queue.push(target);
                }
            }
        }
    }

    fn find_possible_modules(&mut self) {
        let mut possible: Vec<bool> =
            (0..self.files.len()).map(|at| self.role_at(at) != Some(Role::Imported)).collect();
        let is = |wanted: &[Role], at: usize| self.role_at(at).is_some_and(|role| wanted.contains(&role));
        let mut queue: Vec<usize> =
            (0..self.files.len()).filter(|at| is(&[Role::Flake, Role::Module], *at)).collect();
        while let Some(file) = queue.pop().and_then(|at| self.files.get(at)) {
            let handed_on =
                file.references.iter().filter(|(node, _)| !is_called(file.source.code().node(*node)));
            for target in handed_on.flat_map(|(_, targets)| targets) {
                if let Some(possible) = possible.get_mut(*target).filter(|possible| !**possible) {
                    *possible = true;
                    queue.push(*target);
                }
            }
        }
        for (file, possible) in self.files.iter_mut().zip(possible) {
            file.may_be_module = possible;
        }
    }

    fn role_at(&self, at: usize) -> Option<Role> {
        self.files.get(at).map(|file| file.role)
    }

    /// Whether an import-tree of a folder imports the file.
    fn is_visible(&self, at: usize, root: &Utf8Path, filter: &TreeFilter) -> bool {
        let file = self.files.get(at);
        file.is_some_and(|file| filter.passes(file.path.strip_prefix(root).unwrap_or(&file.path)))
    }

    /// Whether import-tree imports the file.
    pub(super) fn is_in_tree(&self, at: usize) -> bool {
        let trees = self.trees.iter().filter_map(|(from, folders)| Some((self.files.get(*from)?, folders)));
        let mut roots =
            trees.flat_map(|(file, folders)| folders.iter().filter_map(|it| joined(&file.path, it)));
        let below = |root: &Utf8PathBuf| self.files.get(at).is_some_and(|file| file.path.starts_with(root));
        roots.any(|root| below(&root) && self.is_visible(at, &root, &TreeFilter::default()))
    }

    fn below(&self, folder: &Utf8Path) -> impl Iterator<Item = usize> {
        let start = self.files.partition_point(|file| file.path.as_path() < folder);
        let inside = self.files.iter().skip(start).take_while(|file| file.path.starts_with(folder)).count();
        start..start + inside
    }

    /// Every place in a file that names files of the flake, `./x` or `"${self}/x"`: the file itself, or
    /// all others that lie below a folder, where the code may read any of them. Modules are read as modules,
    /// whoever names their folder.
    fn references(&self, from: usize) -> Vec<(u32, Vec<usize>)> {
        let Some(file) = self.files.get(from) else { return Vec::new() };
        let named = |node: Node<'_>| {
            if is_read_as_flake(node) {
                return None;
            }
            let (from_root, text) = written_path(node)?;
            let base = if from_root { Utf8Path::new("flake.nix") } else { &file.path };
            let path = joined(base, text)?;
            let default = || self.index.get(&path.join("default.nix")).filter(|_| is_imported(node));
            let files = match self.index.get(&path).or_else(default) {
                Some(exact) => vec![*exact],
                // The folder of another flake, a template or an example: its code is its own.
                None if path != "" && self.is_flake(&path) => Vec::new(),
                None => {
                    let of_other_flake = |at: &usize| {
                        self.files.get(*at).is_some_and(|file| self.flake_below(&path, &file.path))
                    };
                    let below = self.below(&path).filter(|at| !self.is_module(*at) && *at != from);
                    below.filter(|at| !of_other_flake(at)).collect()
                }
            };
            (!files.is_empty()).then_some((node.number(), files))
        };
        file.source.code().root().descendants().filter_map(named).collect()
    }

    /// Whether the file is a flake-parts module, or the flake.nix.
    pub(super) fn is_module(&self, at: usize) -> bool {
        matches!(self.role_at(at), Some(Role::Flake | Role::Module))
    }

    /// Whether a place that names the file `target` hands it to the module system, which reads it as the
    /// module that it was followed as.
    pub(super) fn is_import_of_module(&self, from: usize, node: Node<'_>, target: usize) -> bool {
        let is_module = self.files.get(target).is_some_and(|file| file.role == Role::Module);
        self.is_module_tree(from, node) || is_module && stands_in_imports(node)
    }

    /// Whether a path literal is the folder of an import-tree of modules.
    fn is_module_tree(&self, from: usize, node: Node<'_>) -> bool {
        self.trees.get(&from).is_some_and(|trees| {
            written_path(node).is_some_and(|(_, path)| trees.contains(path)) && stands_in_imports(node)
        })
    }

    /// Whether the file belongs to another flake below this one, and no code of this one reads it.
    pub(super) fn is_foreign(&self, at: usize) -> bool {
        let unread = self.files.get(at).filter(|file| file.role == Role::Unreached);
        unread.is_some_and(|file| self.flake_below(Utf8Path::new(""), &file.path))
    }

    /// Whether a folder between `folder` and the file `path` holds a flake of its own.
    fn flake_below(&self, folder: &Utf8Path, path: &Utf8Path) -> bool {
        let mut between = path.ancestors().skip(1).take_while(|outer| *outer != folder);
        between.any(|folder| self.is_flake(folder))
    }

    /// Whether a folder holds a flake: a flake.nix without `outputs` is a module of that name.
    fn is_flake(&self, folder: &Utf8Path) -> bool {
        let flake = self.index.get(&folder.join("flake.nix")).and_then(|at| self.files.get(*at));
        flake.is_some_and(|flake| flake.source.outputs().is_some())
    }
}

/// Whether a folder is given to flake-compat: `(import … { src = ./.; }).defaultNix`. That reads it as the flake
/// that it is.
fn is_read_as_flake(folder: Node<'_>) -> bool {
    let mut around = folder.ancestors().skip(1).filter(|node| node.kind() != SyntaxKind::NODE_PAREN);
    let mut next = |kind: SyntaxKind| around.next().filter(|node| node.kind() == kind);
    let is_source = |binding: Node<'_>| binding.names() == [Some("src")];
    next(SyntaxKind::NODE_ATTRPATH_VALUE).is_some_and(is_source)
        && next(SyntaxKind::NODE_ATTR_SET).is_some()
        && next(SyntaxKind::NODE_APPLY).is_some()
        && next(SyntaxKind::NODE_SELECT).is_some_and(|taken| {
            matches!(taken.names().first(), Some(Some("defaultNix" | "shellNix" | "outputs")))
        })
}

/// The path that a node writes, as `./x`, `"${self}/x"` or `self + "/x"`, and whether it begins at the
/// flake's folder rather than at the file's. Of a path that is partly computed, `./hosts/${name}.nix`, the
/// folder is certain.
fn written_path(node: Node<'_>) -> Option<(bool, &str)> {
    let is_self = |base: Option<Node<'_>>| base.and_then(Node::last_name) == Some("self");
    match node.kind() {
        SyntaxKind::NODE_PATH_REL => Some((
            false,
            match node.child(0) {
                None => node.text(),
                Some(computed) => folder(node.text().get(..computed.start() - node.start())?)?,
            },
        )),
        SyntaxKind::NODE_BIN_OP if is_self(node.child(0)) => {
            Some((true, node.child(1)?.string()?.strip_prefix('/')?))
        }
        SyntaxKind::NODE_STRING => {
            let base = node.child(0).filter(|base| is_self(base.child(0)))?;
            let quote = if node.text().starts_with('"') { "\"" } else { "''" };
            let (before, rest) = node.text().split_at_checked(base.start() - node.start())?;
            let rest = rest.strip_prefix(base.text())?.strip_suffix(quote)?.strip_prefix('/')?;
            // What is computed or escaped is not certain.
            let certain = rest.find(['$', '\\']).or_else(|| rest.find("''"));
            let path = certain.map_or(Some(rest), |end| folder(rest.get(..end)?))?;
            before.trim_end().strip_suffix(quote).is_some().then_some((true, path))
        }
        _ => None,
    }
}

/// What is certain of a path of which only the beginning is written.
fn folder(beginning: &str) -> Option<&str> {
    beginning.rsplit_once('/').map(|(folder, _)| folder)
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

/// How the file `from` writes the path of `to`, both relative to the flake: `./_inputs`, `../../dev`.
#[must_use]
pub fn relative(from: &Utf8Path, to: &Utf8Path) -> String {
    let folder = from.parent().unwrap_or(Utf8Path::new(""));
    let parts =
        |path: &Utf8Path| -> Vec<String> { path.components().map(|part| part.as_str().to_owned()).collect() };
    let (from, to) = (parts(folder), parts(to));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = vec![".."; from.len() - shared].join("/");
    let down = to.get(shared..).unwrap_or_default().join("/");
    match (up.as_str(), down.as_str()) {
        ("", "") => "./.".to_owned(),
        ("", down) => format!("./{down}"),
        (up, "") => format!("{up}/."),
        (up, down) => format!("{up}/{down}"),
    }
}
