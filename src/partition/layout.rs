//! What a partition is called, and where its files go.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::Flake;
use crate::nix::SiteKind;

/// Outputs that only those who work on the flake need.
pub(super) const DEVELOPMENT: [&str; 5] = ["checks", "devShells", "formatter", "herculesCI", "pre-commit"];

/// Words of file and input names that say nothing about a role.
const IDLE_WORDS: [&str; 14] = [
    "default", "flake", "flakes", "input", "inputs", "lib", "main", "modules", "module", "nix", "package",
    "packages", "per", "system",
];

/// Whether a name can be a folder, and a Nix attribute without quotes.
pub(super) fn is_plain(name: &str) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    name.starts_with(|char: char| char.is_ascii_alphabetic()) && name.chars().all(plain)
}

impl Flake {
    /// A name for the partition of `inputs`: by the outputs it serves, the folder or the word that the
    /// sites of all its inputs share, or its heaviest input.
    pub(super) fn partition_name(&self, inputs: &[String], attrs: &BTreeSet<String>) -> String {
        let heaviest = inputs
            .iter()
            .max_by_key(|input| (self.exclusive_nodes(input), std::cmp::Reverse(input.as_str())))
            .cloned()
            .unwrap_or_default();
        let development = attrs.iter().all(|attr| DEVELOPMENT.contains(&attr.as_str()));
        let candidates = development
            .then(|| "dev".to_owned())
            .into_iter()
            .chain(self.shared_folder(inputs))
            .chain(self.shared_word(inputs))
            .chain([heaviest, "inputs".to_owned()]);
        let mut numbered = (2..).map(|number| format!("inputs-{number}"));
        let free = |name: &String| is_plain(name) && self.is_free(name);
        candidates.into_iter().find(free).or_else(|| numbered.find(free)).unwrap_or_default()
    }

    /// Whether no partition and no folder has this name.
    pub(super) fn is_free(&self, name: &str) -> bool {
        let folder = self.folder(name);
        let taken = |path: &Utf8PathBuf| match &self.module_tree {
            Some(_) => path.starts_with(&folder),
            // In a folder of its own it may have modules already.
            None => ["flake.nix", "flake.lock"].iter().any(|file| *path == folder.join(file)),
        };
        !self.partitions.contains_key(name)
            && self.paths.iter().all(|path| !taken(path) && *path != self.module_path(name, &folder))
    }

    /// The folder of a partition's nested flake: hidden from import-tree by its name; without import-tree
    /// where this flake, or else most flakes, have such folders (facts/partitions.md).
    pub(super) fn folder(&self, partition: &str) -> Utf8PathBuf {
        if let Some(tree) = &self.module_tree {
            return tree.folder.join(partition).join("_inputs");
        }
        let beside = self.partitions.values().filter_map(|other| other.folder.as_ref()?.parent());
        let usual = ["flake", "nix", "", "partitions"].map(Utf8Path::new);
        let folders: Vec<&Utf8Path> = beside.chain(usual).collect();
        let exists = |folder: &Utf8Path| self.paths.iter().any(|path| path.starts_with(folder));
        let there = folders.iter().find(|folder| exists(&folder.join(partition)));
        // Where its parts are kept in a folder, the partition is one more.
        let parts = folders.iter().find(|folder| !folder.as_str().is_empty() && exists(folder));
        there.or(parts).copied().unwrap_or(Utf8Path::new("")).join(partition)
    }

    /// The folder of the code that moves into a partition.
    pub(super) fn code_folder(&self, folder: &Utf8Path) -> Utf8PathBuf {
        match &self.module_tree {
            Some(tree) if folder.starts_with(&tree.folder) => {
                folder.parent().unwrap_or(Utf8Path::new("")).join("_module")
            }
            _ => folder.to_owned(),
        }
    }

    /// The file of the module that wires a partition: beside the nested flake where import-tree looks
    /// there, else at the top of the module tree.
    pub(super) fn module_path(&self, partition: &str, folder: &Utf8Path) -> Utf8PathBuf {
        let beside = folder.parent().unwrap_or(Utf8Path::new(""));
        match &self.module_tree {
            Some(tree) if !self.is_visible(beside) => {
                tree.folder.join("partitions").join(format!("{partition}.nix"))
            }
            Some(_) => beside.join("partition.nix"),
            None => folder.join("partition.nix"),
        }
    }

    pub(super) fn exclusive_nodes(&self, input: &str) -> usize {
        self.roots.get(input).map_or(0, |root| root.exclusive_nodes)
    }

    /// The folders below the module tree, and the file's own name, of each site of an input.
    fn site_parts(&self, input: &str) -> Vec<Vec<String>> {
        let tree = self.module_tree.as_ref().map_or(Utf8Path::new(""), |tree| &tree.folder);
        let sites = self.usages.sites.get(input).into_iter().flatten();
        sites
            .filter(|site| site.kind != SiteKind::Follows)
            .map(|site| {
                let below = site.file.strip_prefix(tree).unwrap_or(&site.file).with_extension("");
                below.components().map(|part| part.as_str().to_owned()).collect()
            })
            .collect()
    }

    fn shared_folder(&self, inputs: &[String]) -> Option<String> {
        let mut folders: BTreeSet<Option<String>> = BTreeSet::new();
        for parts in inputs.iter().flat_map(|input| self.site_parts(input)) {
            folders.insert(if parts.len() > 1 { parts.into_iter().next() } else { None });
        }
        match folders.into_iter().collect::<Vec<_>>().as_slice() {
            [Some(folder)] if !IDLE_WORDS.contains(&folder.as_str()) => Some(folder.clone()),
            _ => None,
        }
    }

    /// A word that every input's name or sites have: `hermes-agent` and `nix/pi-agent.nix` make `agents`.
    fn shared_word(&self, inputs: &[String]) -> Option<String> {
        if inputs.len() < 2 {
            return None;
        }
        let words = |input: &String| -> BTreeSet<String> {
            let parts = self.site_parts(input).into_iter().flatten().chain([input.clone()]);
            parts
                .flat_map(|part| {
                    part.split(|char: char| !char.is_ascii_alphanumeric())
                        .map(|word| word.to_ascii_lowercase())
                        .collect::<Vec<_>>()
                })
                .filter(|word| word.len() > 2 && !IDLE_WORDS.contains(&word.as_str()))
                .collect()
        };
        let shared = inputs.iter().map(words).reduce(|shared, words| &shared & &words)?;
        let word = shared.into_iter().next()?;
        // Of an input and its like, the input's own name will do.
        let is_name = word.ends_with('s') || inputs.contains(&word);
        Some(if is_name { word } else { format!("{word}s") })
    }
}
