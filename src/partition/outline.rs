//! What a flake consists of: its lock, its declarations, its modules, its partitions. Who uses which input
//! takes longer to find out, and stands in `flake`.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use thiserror::Error;

use crate::finding::{Code, Finding, Level};
use crate::lock::{Graph, LockError, LockFile, RootInput};
use crate::nix::{Declarations, NixError, Project, Role, Site, Source, TreeFilter, joined};

/// The flake's Nix files and locks, by path relative to the flake.
pub type Files = BTreeMap<Utf8PathBuf, Vec<u8>>;

/// A file, relative to the flake, and a 1-based line.
pub type Place = (Utf8PathBuf, usize);

/// Why a flake cannot be understood.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FlakeError {
    /// A file that every flake has is not there.
    #[error("no such file")]
    Missing {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A lock cannot be read.
    #[error("{source}")]
    Lock {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        source: LockError,
    },
    /// A Nix file cannot be read.
    #[error("{source}")]
    Nix {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        source: NixError,
    },
}

/// A partition that the flake has.
#[derive(Debug, Clone)]
pub struct Partition {
    /// Its name.
    pub name: String,
    /// The folder of its nested flake, where that is a path literal.
    pub folder: Option<Utf8PathBuf>,
    /// The module that defines it, and the line there.
    pub module: (Utf8PathBuf, usize),
    /// The flake outputs that come from it.
    pub attrs: BTreeSet<String>,
    /// The modules that it has besides the root's, as the module that defines it writes their paths.
    pub modules: Vec<String>,
    /// The inputs that its nested flake declares.
    pub holds: BTreeSet<String>,
    /// The lock of its nested flake, where there is one that can be read.
    pub lock: Option<LockFile>,
}

/// The tree of modules that import-tree reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleTree {
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// Which of its files are read; none where code decides that flakepart cannot read.
    pub filter: Option<TreeFilter>,
    /// The file and line that begin it.
    pub place: (Utf8PathBuf, usize),
}

/// A root input's place in the lock's graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The key of its node; none where it follows what is not there.
    pub node: Option<String>,
    /// Nodes that leave the lock with it.
    pub exclusive_nodes: usize,
    /// Nodes that it leads to.
    pub reachable_nodes: usize,
    /// Root inputs that its subtree follows.
    pub follows: Vec<String>,
    /// Root inputs whose subtree follows into it.
    pub followed_by: Vec<String>,
}

impl From<&RootInput<'_>> for Root {
    fn from(root: &RootInput<'_>) -> Root {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Root {
            node: root.node.map(str::to_owned),
            exclusive_nodes: root.exclusive_nodes,
            reachable_nodes: root.reachable_nodes,
            follows: owned(&root.follows),
            followed_by: owned(&root.followed_by),
        }
    }
}

/// The root inputs of a lock, by name.
pub(super) fn roots(inputs: &[RootInput<'_>]) -> BTreeMap<String, Root> {
    inputs.iter().map(|root| (root.name.to_owned(), Root::from(root))).collect()
}

/// The lock of a flake without inputs.
pub const NO_INPUTS: &str =
    "{\n  \"nodes\": {\n    \"root\": {}\n  },\n  \"root\": \"root\",\n  \"version\": 7\n}\n";

/// The bytes of a lock that is not there, where none is needed: Nix writes none for a flake without inputs.
#[must_use]
pub fn unwritten_lock(declarations: &Declarations) -> Option<Vec<u8>> {
    declarations.inputs.is_empty().then(|| NO_INPUTS.as_bytes().to_vec())
}

/// The outline of a flake.
#[derive(Debug)]
pub struct Outline {
    /// The root lock.
    pub lock: LockFile,
    /// How many nodes the root lock has.
    pub nodes: usize,
    /// The root inputs and their weights, by name.
    pub roots: BTreeMap<String, Root>,
    /// The declared inputs.
    pub declarations: Declarations,
    /// flake.nix.
    pub flake_nix: Source,
    /// The Nix files, and which of them are modules.
    pub project: Project,
    /// The partitions there are, by name.
    pub partitions: BTreeMap<String, Partition>,
    /// Which partition each routed attribute comes from, with the module and line that say so.
    pub routed: BTreeMap<String, (String, Utf8PathBuf, usize)>,
    /// Where partitions are wired in a form that cannot be read.
    pub unreadable_wiring: Option<(Utf8PathBuf, usize)>,
    /// The first module tree, where import-tree reads one.
    pub module_tree: Option<ModuleTree>,
    /// What was found on the way.
    pub findings: Vec<Finding>,
    /// The paths of all Nix files and locks.
    pub paths: BTreeSet<Utf8PathBuf>,
    /// Files that cannot be read, and may use inputs.
    pub(super) unread: Vec<Site>,
}

impl Outline {
    /// Reads the outline of a flake from its files.
    pub fn read(files: &Files) -> Result<Outline, FlakeError> {
        Outline::of(files, &|_, _| true)
    }

    /// The same as far as partitions and some of the files need it: other files of the `project` are not
    /// parsed, which is what takes most of the time.
    pub fn sketch(files: &Files, some: &BTreeSet<Utf8PathBuf>) -> Result<Outline, FlakeError> {
        let sketch = Outline::of(files, &|path, bytes| some.contains(path) || wires(path, bytes))?;
        // Who imports a module with wiring may be among those that were not parsed, and so may be the module
        // of a partition that has outputs, but no inputs.
        let is_reached =
            |path: &Utf8Path| sketch.project.role(path).is_none_or(|role| role != Role::Unreached);
        let reached = files.iter().all(|(path, bytes)| !wires(path, bytes) || is_reached(path));
        let known = sketch.routed.values().all(|(partition, ..)| sketch.partitions.contains_key(partition));
        // Without flake-parts there are no modules at all, for who reads everything either.
        let whole = !sketch.flake_nix.calls_mk_flake() || reached && known;
        if whole { Ok(sketch) } else { Outline::read(files) }
    }

    fn of(files: &Files, is_read: &(dyn Fn(&Utf8Path, &[u8]) -> bool + Sync)) -> Result<Outline, FlakeError> {
        let flake_nix = source(files, "flake.nix")?;
        let declarations = Declarations::read(&flake_nix).map_err(nix("flake.nix"))?;
        let lock_path = Utf8Path::new("flake.lock");
        let lock_bytes = match files.get(lock_path) {
            Some(bytes) => bytes.clone(),
            None => unwritten_lock(&declarations)
                .ok_or_else(|| FlakeError::Missing { path: lock_path.to_owned() })?,
        };
        let lock = LockFile::parse(lock_bytes)
            .map_err(|source| FlakeError::Lock { path: lock_path.to_owned(), source })?;
        let graph = Graph::new(&lock);
        let (nodes, roots) = (graph.nodes(), roots(&graph.inputs()));
        let names: Vec<&str> = declarations.inputs.keys().map(String::as_str).collect();
        let mut findings = Vec::new();
        let mut unread = Vec::new();
        let code: Vec<_> = files.iter().filter(|(path, _)| path.extension() == Some("nix")).collect();
        let parse =
            |(path, bytes): &(&Utf8PathBuf, &Vec<u8>)| is_read(path, bytes).then(|| Source::parse(bytes));
        let parsed: Vec<_> = code.par_iter().map(parse).collect();
        let parsed = code.into_iter().zip(parsed).filter_map(|((path, bytes), parsed)| match parsed? {
            Ok(source) => Some((path.clone(), source)),
            Err(error) => {
                let finding = Finding::new(Code::UnreadableCode, format!("not read: {error}"))
                    .at(path.clone(), error.line());
                let may_use = may_name_inputs(bytes, &names);
                // Files that are broken on purpose, to test a parser, say nothing of inputs and partitions.
                let level = if may_use || wires(path, bytes) { finding.level } else { Level::Note };
                findings.push(Finding { level, ..finding });
                if may_use {
                    let why = "this file cannot be read".to_owned();
                    unread.push(Site::unread(path.clone(), error.line().unwrap_or(1), why));
                }
                None
            }
        });
        let project = Project::of_modules(parsed.collect());
        let mut outline = Outline {
            lock,
            nodes,
            roots,
            declarations,
            flake_nix,
            project,
            partitions: BTreeMap::new(),
            routed: BTreeMap::new(),
            unreadable_wiring: None,
            module_tree: None,
            findings,
            paths: files.keys().cloned().collect(),
            unread,
        };
        outline.find_wiring();
        outline.read_nested(files);
        Ok(outline)
    }

    fn find_wiring(&mut self) {
        for (path, source, is_flake) in self.project.modules() {
            let wiring = source.wiring(is_flake);
            for (name, (folder, line)) in wiring.folders {
                let folder = folder.and_then(|folder| joined(path, &folder));
                let module = (path.to_owned(), line);
                let partition = self.partitions.entry(name.clone()).or_insert(Partition {
                    name,
                    folder: None,
                    module: module.clone(),
                    attrs: BTreeSet::new(),
                    modules: Vec::new(),
                    holds: BTreeSet::new(),
                    lock: None,
                });
                if folder.is_some() {
                    partition.folder = folder;
                    partition.module = module;
                }
            }
            for (name, modules) in wiring.modules {
                let partition = self.partitions.get_mut(&name).filter(|it| it.module.0 == path);
                if let Some(partition) = partition {
                    partition.modules = modules;
                }
            }
            for (attr, (partition, line)) in wiring.attrs {
                self.routed.insert(attr, (partition, path.to_owned(), line));
            }
            if let Some(line) = wiring.unreadable {
                self.unreadable_wiring.get_or_insert((path.to_owned(), line));
            }
            if self.module_tree.is_none() {
                self.module_tree = source.import_trees(is_flake).into_iter().find_map(|tree| {
                    let folder = joined(path, &tree.path)?;
                    Some(ModuleTree { folder, filter: tree.filter, place: (path.to_owned(), tree.line) })
                });
            }
        }
        for (attr, (partition, ..)) in &self.routed {
            if let Some(partition) = self.partitions.get_mut(partition) {
                partition.attrs.insert(attr.clone());
            }
        }
    }

    fn read_nested(&mut self, files: &Files) {
        for partition in self.partitions.values_mut() {
            let Some(folder) = &partition.folder else { continue };
            let declarations = files
                .get(&folder.join("flake.nix"))
                .map(|bytes| Source::parse(bytes).and_then(|source| Declarations::read(&source)));
            match declarations {
                Some(Ok(declarations)) => partition.holds = declarations.inputs.into_keys().collect(),
                Some(Err(error)) => self.findings.push(
                    Finding::new(Code::PartitionIncomplete, format!("cannot be read: {error}"))
                        .at(folder.join("flake.nix"), error.line()),
                ),
                None => {}
            }
            match files.get(&folder.join("flake.lock")).map(|bytes| LockFile::parse(bytes.clone())) {
                Some(Ok(lock)) => partition.lock = Some(lock),
                Some(Err(error)) => self.findings.push(
                    Finding::new(Code::PartitionIncomplete, format!("cannot be read: {error}"))
                        .at(folder.join("flake.lock"), error.place().map(|place| place.line)),
                ),
                None => {}
            }
        }
    }

    /// Whether import-tree imports a file, or what is called as most modules are in a folder.
    pub(super) fn is_visible(&self, path: &Utf8Path) -> bool {
        self.module_tree.as_ref().is_some_and(|tree| {
            path.strip_prefix(&tree.folder).is_ok_and(|below| {
                let filter = tree.filter.clone().unwrap_or_default();
                let is_file = below.extension() == Some("nix");
                if is_file { filter.passes(below) } else { filter.passes(&below.join("default.nix")) }
            })
        })
    }

    /// Where `imports` is computed from a folder in which `folder` lies, and that folder as written. An
    /// import-tree says by itself what it passes over.
    pub(super) fn computed_from(&self, folder: &Utf8Path) -> Option<((Utf8PathBuf, usize), String)> {
        let mut modules = self.project.modules().filter(|_| self.module_tree.is_none());
        modules.find_map(|(path, source, is_flake)| {
            let mut read = source.folders_read(is_flake).into_iter();
            read.find_map(|(read, line)| {
                let has_it = joined(path, &read).is_some_and(|read| folder.starts_with(read));
                has_it.then(|| ((path.to_owned(), line), read))
            })
        })
    }

    /// Whether flake-parts makes the outputs, and under which name it is an input.
    #[must_use]
    pub fn flake_parts(&self) -> Option<&str> {
        if !self.flake_nix.calls_mk_flake() {
            return None;
        }
        declared_flake_parts(&self.declarations)
    }
}

/// The input that is flake-parts, as far as declarations tell.
#[must_use]
pub fn declared_flake_parts(declarations: &Declarations) -> Option<&str> {
    let by_reference = declarations.inputs.values().find(|input| {
        let path = input.url().and_then(|url| url.split(['?', '#']).next());
        path.is_some_and(|path| path.ends_with("/flake-parts"))
    });
    let by_name = declarations.inputs.get("flake-parts");
    by_name.or(by_reference).map(|input| input.name.as_str())
}

/// Whether a file may wire partitions, or have import-tree read modules that do.
fn wires(path: &Utf8Path, bytes: &[u8]) -> bool {
    const WORDS: [&str; 3] = ["import-tree", "partitionedAttrs", "extraInputsFlake"];
    // Many a comment says what import-tree passes over.
    let code = |line: &str| !line.trim_start().starts_with('#');
    let speaks = |text: &str| {
        WORDS.iter().any(|word| text.contains(word))
            && text.lines().any(|line| code(line) && WORDS.iter().any(|word| line.contains(word)))
    };
    path == "flake.nix" || path.extension() == Some("nix") && std::str::from_utf8(bytes).is_ok_and(speaks)
}

/// Whether a file that cannot be parsed may use one of the inputs `names`: it says so somewhere.
fn may_name_inputs(bytes: &[u8], names: &[&str]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '\'')));
    words.any(|word| matches!(word, "inputs" | "inputs'") || names.contains(&word))
}

pub(super) fn source(files: &Files, path: &str) -> Result<Source, FlakeError> {
    let bytes = files.get(Utf8Path::new(path)).ok_or_else(|| FlakeError::Missing { path: path.into() })?;
    Source::parse(bytes).map_err(nix(path))
}

fn nix(path: &str) -> impl Fn(NixError) -> FlakeError {
    let path = Utf8PathBuf::from(path);
    move |source| FlakeError::Nix { path: path.clone(), source }
}
