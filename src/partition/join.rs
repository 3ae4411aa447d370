//! Inputs that move into a partition that is there already, because the outputs that need them come from it.
//!
//! What wires that partition stays as it is, whoever wrote it: options of flake-parts may be defined in
//! several modules, and so the outputs and the code that come along are said in one more.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::error::SplitError;
use super::outline::source;
use super::split::aliases_for;
use super::{Files, Flake, Partition};
use crate::lock::Lock;
use crate::nix::{
    Declaration, Declarations, NestedFlake, NixError, Source, add_inputs, partition_module, relative,
};

/// The partition that inputs join, as it is and as it will be.
pub(super) struct Join<'a> {
    partition: &'a Partition,
    folder: &'a Utf8Path,
    /// Root input to the name under which the nested flake will pin it.
    pub(super) aliases: BTreeMap<String, String>,
    /// Those of them that it has already.
    known: BTreeMap<String, String>,
    pub(super) lock: Lock,
}

impl Flake {
    /// The partition that some of these outputs come from, if any does.
    ///
    /// # Errors
    /// Where they come from two: an input cannot be in both.
    pub(super) fn host(&self, attrs: &BTreeSet<String>) -> Result<Option<&str>, SplitError> {
        let mut routed = attrs.iter().filter_map(|attr| {
            let (partition, ..) = self.routed.get(attr)?;
            Some((attr.as_str(), partition.as_str()))
        });
        let Some((attr, partition)) = routed.next() else { return Ok(None) };
        match routed.find(|(_, other)| *other != partition) {
            None => Ok(Some(partition)),
            Some((other_attr, other)) => Err(SplitError::TwoPartitions {
                first: (attr.to_owned(), partition.to_owned()),
                second: (other_attr.to_owned(), other.to_owned()),
            }),
        }
    }

    /// Has inputs join a partition.
    pub(super) fn join<'a>(&'a self, name: &str, inputs: &[&str]) -> Result<Join<'a>, SplitError> {
        let unreadable = |partition: Option<&Partition>| SplitError::PartitionUnreadable {
            name: name.to_owned(),
            place: partition.map(|partition| partition.module.clone()),
        };
        let partition = self.partitions.get(name).ok_or_else(|| unreadable(None))?;
        let (Some(folder), Some(nested)) = (&partition.folder, &partition.lock) else {
            return Err(unreadable(Some(partition)));
        };
        let taken = inputs.iter().find(|input| partition.holds.contains(**input));
        if let Some(input) = taken {
            return Err(SplitError::HeldAlready {
                input: (*input).to_owned(),
                name: name.to_owned(),
                folder: folder.clone(),
            });
        }
        let aliases = aliases_for(self, inputs);
        let known: BTreeMap<String, String> = aliases
            .iter()
            .filter(|(_, alias)| nested.root_inputs().contains_key(alias.as_str()))
            .map(|(root, alias)| (root.clone(), alias.clone()))
            .collect();
        let mut aliased = known.iter();
        if let Some((_, alias)) = aliased.find(|(root, alias)| self.drift(nested, root, alias).is_some()) {
            return Err(SplitError::Drifted { alias: alias.clone(), folder: folder.clone() });
        }
        let extract = self.lock.extract(inputs, &aliases)?;
        let new =
            aliases.iter().filter(|(root, _)| !known.contains_key(*root)).map(|(_, alias)| alias.as_str());
        let names: Vec<&str> = inputs.iter().copied().chain(new).collect();
        let there = known.values().map(|alias| (alias.clone(), alias.clone())).collect();
        let lock = nested.graft(&extract, &names, &there)?;
        Ok(Join { partition, folder, aliases, known, lock })
    }
}

impl Join<'_> {
    /// The nested flake.nix with the inputs.
    pub(super) fn flake_nix(
        &self,
        flake: &Flake,
        inputs: &[String],
        files: &Files,
    ) -> Result<String, SplitError> {
        let mut declared: Vec<(String, &Declaration)> = inputs
            .iter()
            .filter_map(|name| Some((name.clone(), flake.declarations.inputs.get(name)?)))
            .collect();
        declared.sort_by_key(|(_, declaration)| declaration.line);
        for (root, alias) in self.aliases.iter().filter(|(root, _)| !self.known.contains_key(*root)) {
            declared.extend(flake.declarations.inputs.get(root).map(|it| (alias.clone(), it)));
        }
        let aliases = self.aliases.iter().map(|(root, alias)| (root.clone(), alias.clone())).collect();
        let names: Vec<String> = declared.iter().map(|(name, _)| name.clone()).collect();
        let alone = NestedFlake { partition: &self.partition.name, inputs: declared, aliases }.to_nix();
        let alone = Source::parse(alone.as_bytes())?;
        let alone_declared = Declarations::read(&alone)?;
        let added: Vec<&Declaration> =
            names.iter().filter_map(|name| alone_declared.inputs.get(name)).collect();
        let path = self.folder.join("flake.nix");
        let nested = source(files, path.as_str())?;
        let edit = |error: NixError| SplitError::EditNested { path: path.clone(), error };
        let declarations = Declarations::read(&nested).map_err(edit)?;
        let edits = add_inputs(&nested, &declarations, &alone, &added).map_err(edit)?;
        Ok(edits.apply(nested.text()))
    }

    /// The module that says what comes along, and its text: the one that flakepart wrote for this partition,
    /// if nobody has touched it since, else one more. None where nothing comes along.
    pub(super) fn wiring(
        &self,
        flake: &Flake,
        files: &Files,
        attrs: &BTreeSet<String>,
        modules: &[Utf8PathBuf],
        flake_parts: &str,
    ) -> Option<(Utf8PathBuf, String)> {
        let name = &self.partition.name;
        let all: Vec<&str> = attrs.union(&self.partition.attrs).map(String::as_str).collect();
        if modules.is_empty() && all.len() == self.partition.attrs.len() {
            return None;
        }
        let own = &self.partition.module.0;
        let text = |attrs: &[&str], modules: &[String]| {
            partition_module(name, attrs, Some(&relative(own, self.folder)), modules, flake_parts)
        };
        let written = files.get(own).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let before: Vec<&str> = self.partition.attrs.iter().map(String::as_str).collect();
        let known = &self.partition.modules;
        if written == text(&before, known) {
            let added = modules.iter().map(|module| relative(own, module));
            let modules: Vec<String> = known.iter().cloned().chain(added).collect();
            return Some((own.clone(), text(&all, &modules)));
        }
        let beside = flake.module_path(name, self.folder);
        let beside = beside.parent().unwrap_or(Utf8Path::new(""));
        let path = (2..)
            .map(|number| beside.join(format!("partition-{number}.nix")))
            .find(|path| !files.contains_key(path))?;
        let new: Vec<&str> = attrs.difference(&self.partition.attrs).map(String::as_str).collect();
        let modules: Vec<String> = modules.iter().map(|module| relative(&path, module)).collect();
        let text = partition_module(name, &new, None, &modules, flake_parts);
        Some((path, text))
    }

    pub(super) fn folder(&self) -> &Utf8Path {
        self.folder
    }
}
