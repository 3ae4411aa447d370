//! A partition taken apart, whoever made it: its inputs are declared at the root again, its lock becomes a
//! part of the root's, and its modules are the root's.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::MergeError;
use super::{By, Merged};
use crate::lock::{Edge, GraftError, Graph, Lock};
use crate::nix::{
    Declaration, Declarations, Edits, NixError, Source, Unwired, add_import, add_inputs, formatted_alike,
    joined, rebased, relative, replace_import, repoint, unwire,
};
use crate::partition::outline::source;
use crate::partition::pins::ALIAS;
use crate::partition::plan::Moved;
use crate::partition::{Files, Flake, Partition};

/// A partition that is being taken apart.
pub(super) struct Apart<'a> {
    flake: &'a Flake,
    partition: &'a Partition,
    folder: &'a Utf8Path,
    /// The files as far as they are done.
    files: Files,
    /// The modules that went elsewhere.
    renamed: BTreeMap<Utf8PathBuf, Utf8PathBuf>,
}

fn edit(path: &Utf8Path) -> impl Fn(NixError) -> MergeError {
    move |source| MergeError::Edit { path: path.to_owned(), source }
}

impl<'a> Apart<'a> {
    pub(super) fn new(
        flake: &'a Flake,
        partition: &'a Partition,
        folder: &'a Utf8Path,
        files: &Files,
    ) -> Self {
        Apart { flake, partition, folder, files: files.clone(), renamed: BTreeMap::new() }
    }

    /// The files without the partition.
    pub(super) fn taken(mut self) -> Result<Merged, MergeError> {
        let path = self.folder.join("flake.nix");
        let nested = source(&self.files, path.as_str())?;
        if nested.has_outputs() {
            return Err(MergeError::Outputs { path });
        }
        let declarations = Declarations::read(&nested).map_err(edit(&path))?;
        let roots = self.roots(&declarations)?;
        let mut inputs: Vec<&Declaration> =
            declarations.inputs.values().filter(|input| !roots.contains_key(&input.name)).collect();
        inputs.sort_by_key(|input| input.line);
        if let Some(input) = inputs.iter().find(|input| input.is_relative()) {
            return Err(MergeError::Relative { input: input.name.clone(), place: (path, input.line) });
        }
        let nested_nodes = self.graft(&inputs, &roots)?;
        self.declare(nested, &inputs, &roots)?;
        for file in ["flake.nix", "flake.lock"] {
            self.files.remove(&self.folder.join(file));
        }
        self.unwire()?;
        let mut names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
        names.sort();
        let moved = Moved {
            partition: self.partition.name.clone(),
            inputs: names,
            attrs: self.partition.attrs.iter().cloned().collect(),
            folder: self.folder.to_owned(),
            aliases: roots.into_iter().map(|(alias, root)| (root, alias)).collect(),
            nested_nodes,
            renamed: self.renamed,
        };
        Ok(Merged { files: self.files, moved, by: By::Rewriting })
    }

    /// The inputs of the nested flake that are the root's: its aliases, and those that it only hides.
    fn roots(&self, declarations: &Declarations) -> Result<BTreeMap<String, String>, MergeError> {
        let at_root = &self.flake.declarations.inputs;
        let mut roots = BTreeMap::new();
        for input in declarations.inputs.values() {
            let name = input.name.as_str();
            if at_root.contains_key(name) {
                let nested = self.partition.lock.as_ref();
                if nested.is_none_or(|nested| pinned(nested, name) != pinned(&self.flake.lock, name)) {
                    let place = (self.folder.join("flake.nix"), input.line);
                    return Err(MergeError::Taken { input: name.to_owned(), place });
                }
                roots.insert(name.to_owned(), name.to_owned());
                continue;
            }
            let shorter = std::iter::successors(name.strip_prefix(ALIAS), |name| name.strip_prefix(ALIAS));
            if let Some(root) = shorter.into_iter().find(|root| at_root.contains_key(*root)) {
                roots.insert(name.to_owned(), root.to_owned());
            }
        }
        Ok(roots)
    }

    /// Makes the nested lock a part of the root's; gives the number of its nodes.
    fn graft(
        &mut self,
        inputs: &[&Declaration],
        roots: &BTreeMap<String, String>,
    ) -> Result<usize, MergeError> {
        let path = self.folder.join("flake.lock");
        let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        let Some(nested) = &self.partition.lock else {
            return match names.first() {
                None => Ok(0),
                Some(name) => Err(MergeError::Graft {
                    path,
                    source: GraftError::UnknownInput { name: (*name).to_owned() },
                }),
            };
        };
        let lock = self.flake.lock.graft(nested, &names, roots);
        let lock = lock.map_err(|source| MergeError::Graft { path, source })?;
        if !names.is_empty() {
            self.files.insert("flake.lock".into(), lock.to_bytes());
        }
        Ok(Graph::new(nested).nodes())
    }

    /// Declares the inputs in flake.nix, where what followed an alias follows the root's input.
    fn declare(
        &mut self,
        mut nested: Source,
        inputs: &[&Declaration],
        roots: &BTreeMap<String, String>,
    ) -> Result<(), MergeError> {
        let path = self.folder.join("flake.nix");
        for input in inputs {
            for setting in &input.settings {
                let follows = setting.string.as_deref();
                let follows = follows.filter(|_| setting.path.last().is_some_and(|it| it == "follows"));
                let (first, rest) =
                    follows.map_or(("", ""), |it| it.split_at(it.find('/').unwrap_or(it.len())));
                let Some(root) = roots.get(first).filter(|root| *root != first) else { continue };
                let declarations = Declarations::read(&nested).map_err(edit(&path))?;
                let setting: Vec<&str> = setting.path.iter().map(String::as_str).collect();
                let target = format!("{root}{rest}");
                let edits = repoint(&nested, &declarations, &input.name, &setting, &target);
                nested = edited(&nested, edits.map_err(edit(&path))?).map_err(edit(&path))?;
            }
        }
        let declarations = Declarations::read(&nested).map_err(edit(&path))?;
        let added: Vec<&Declaration> =
            inputs.iter().filter_map(|input| declarations.inputs.get(&input.name)).collect();
        let flake_nix = &self.flake.flake_nix;
        let edits = add_inputs(flake_nix, &self.flake.declarations, &nested, &added);
        let edits = edits.map_err(edit("flake.nix".into()))?;
        self.files.insert("flake.nix".into(), edits.apply(flake_nix.text()).into_bytes());
        Ok(())
    }

    /// Takes out what wires the partition, and gives its modules to the root.
    fn unwire(&mut self) -> Result<(), MergeError> {
        let is_last = self.flake.partitions.len() == 1;
        let modules: Vec<(Utf8PathBuf, bool)> =
            self.flake.project.modules().map(|(path, _, is_flake)| (path.to_owned(), is_flake)).collect();
        for (path, is_flake) in &modules {
            // Another module may have the option for the partitions that stay.
            let option = "flakeModules.partitions";
            let elsewhere = modules.iter().any(|(other, _)| {
                other != path && self.flake.project.source(other).is_some_and(|it| it.text().contains(option))
            });
            let text = source(&self.files, path.as_str())?;
            let unwired =
                |and_option| unwire(&text, *is_flake, &self.partition.name, and_option).map_err(edit(path));
            let whole = if is_last || elsewhere { unwired(true)? } else { None };
            let whole = whole.filter(|unwired| is_last || unwired.is_empty);
            let Some(unwired) = (match whole {
                Some(unwired) => Some(unwired),
                None => unwired(false)?,
            }) else {
                continue;
            };
            self.without_wiring(path, *is_flake, &text, unwired)?;
        }
        Ok(())
    }

    /// The module without the wiring: its modules take its place where nothing else is left of it.
    fn without_wiring(
        &mut self,
        path: &Utf8Path,
        is_flake: bool,
        text: &Source,
        unwired: Unwired,
    ) -> Result<(), MergeError> {
        if unwired.is_empty && self.replaced(path, &unwired.modules)? {
            self.files.remove(path);
            return Ok(());
        }
        let before = text.text().to_owned();
        let mut text = edited(text, unwired.edits).map_err(edit(path))?;
        for module in &unwired.modules {
            let edits = add_import(&text, is_flake, module).map_err(edit(path))?;
            text = edited(&text, edits).map_err(edit(path))?;
        }
        let text = formatted_alike(&before, text.text());
        self.files.insert(path.to_owned(), text.into_bytes());
        Ok(())
    }

    /// Puts modules where one was imported, if that can be done.
    fn replaced(&mut self, path: &Utf8Path, modules: &[String]) -> Result<bool, MergeError> {
        let files: Option<Vec<Utf8PathBuf>> =
            modules.iter().map(|module| joined(path, module).filter(|_| module.starts_with('.'))).collect();
        let Some(files) = files else { return Ok(false) };
        let mut importers = Vec::new();
        for (importer, source, is_flake) in self.flake.project.modules() {
            for (written, _) in source.imported_paths(is_flake) {
                let target = joined(importer, &written);
                if target.is_some_and(|target| target == path || target.join("default.nix") == path) {
                    importers.push((importer.to_owned(), is_flake, written));
                }
            }
        }
        if importers.is_empty() {
            return Ok(self.flake.is_visible(path) && self.uncovered(&files)?);
        }
        for (importer, is_flake, written) in importers {
            let text = source(&self.files, importer.as_str())?;
            let modules: Vec<String> = files.iter().map(|file| relative(&importer, file)).collect();
            let edits = replace_import(&text, is_flake, &written, &modules).map_err(edit(&importer))?;
            self.files.insert(importer, edits.apply(text.text()).into_bytes());
        }
        Ok(true)
    }

    /// Moves modules that import-tree does not see to where it does; says whether all could be moved.
    fn uncovered(&mut self, modules: &[Utf8PathBuf]) -> Result<bool, MergeError> {
        let mut moves = Vec::new();
        for module in modules {
            let place = module.ancestors().skip(1).find(|folder| self.flake.is_visible(folder));
            let place = place.zip(module.file_name()).map(|(folder, name)| folder.join(name));
            let place = place.filter(|place| !self.files.contains_key(place) && !self.is_shared(module));
            match place {
                Some(place) if self.files.contains_key(module) => moves.push((module, place)),
                _ => return Ok(false),
            }
        }
        for (module, place) in moves {
            let text = rebased(&source(&self.files, module.as_str())?, module, &place);
            self.files.remove(module);
            self.files.insert(place.clone(), text.into_bytes());
            self.renamed.insert(module.clone(), place);
        }
        Ok(true)
    }

    /// Whether another partition or another module names a module.
    fn is_shared(&self, module: &Utf8Path) -> bool {
        let is_it = |from: &Utf8Path, written: &str| joined(from, written).is_some_and(|path| path == module);
        let others = self.flake.partitions.values().filter(|other| other.name != self.partition.name);
        let mut of_others =
            others.flat_map(|other| other.modules.iter().map(|written| (&other.module.0, written)));
        let mut imported = self.flake.project.modules().flat_map(|(path, source, is_flake)| {
            source.imported_paths(is_flake).into_iter().map(move |(written, _)| (path, written))
        });
        of_others.any(|(from, written)| is_it(from, written))
            || imported.any(|(from, written)| is_it(from, &written))
    }
}

fn edited(source: &Source, edits: Edits) -> Result<Source, NixError> {
    Source::parse(edits.apply(source.text()).as_bytes())
}

/// What a root input is locked to.
fn pinned<'a>(lock: &'a Lock, input: &str) -> Option<&'a crate::lock::Attrs> {
    let key = match lock.root_inputs().get(input)? {
        Edge::Node(key) => key.to_string(),
        Edge::Follows(_) => {
            Graph::new(lock).inputs().into_iter().find(|it| it.name == input)?.node?.to_owned()
        }
    };
    lock.nodes.get(&key)?.locked.as_ref()
}
