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
        !self.partitions.contains_key(name)
            && self.paths.iter().all(|path| {
                !path.starts_with(self.folder(name)) && *path != self.module_path(name, &self.folder(name))
            })
    }

    /// The folder of a partition's nested flake: hidden from import-tree by its name.
    pub(super) fn folder(&self, partition: &str) -> Utf8PathBuf {
        let tree = self.module_tree.as_ref().map_or(Utf8Path::new(""), |tree| &tree.folder);
        tree.join(partition).join("_inputs")
    }

    /// The file of the module that wires a partition: beside the nested flake where import-tree looks
    /// there, else at the top of the module tree.
    pub(super) fn module_path(&self, partition: &str, folder: &Utf8Path) -> Utf8PathBuf {
        let beside = folder.parent().unwrap_or(Utf8Path::new(""));
        match &self.module_tree {
            Some(tree) if !self.is_visible(beside) => {
                tree.folder.join("partitions").join(format!("{partition}.nix"))
            }
            _ => beside.join("partition.nix"),
        }
    }

    /// Whether import-tree imports the Nix files in a folder.
    pub(super) fn is_visible(&self, folder: &Utf8Path) -> bool {
        self.module_tree.as_ref().is_some_and(|tree| {
            folder
                .strip_prefix(&tree.folder)
                .is_ok_and(|below| !below.components().any(|part| part.as_str().starts_with('_')))
        })
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
        Some(if word.ends_with('s') { word } else { format!("{word}s") })
    }
}

/// How the module in `from` writes the path of the folder `to`: `./_inputs`, `../../dev`.
pub(super) fn relative(from: &Utf8Path, to: &Utf8Path) -> String {
    let mut from: Vec<&str> =
        from.parent().unwrap_or(Utf8Path::new("")).components().map(|part| part.as_str()).collect();
    let mut to: Vec<&str> = to.components().map(|part| part.as_str()).collect();
    while let (Some(a), Some(b)) = (from.first(), to.first())
        && a == b
    {
        from.remove(0);
        to.remove(0);
    }
    let up = "../".repeat(from.len());
    let up = if up.is_empty() { "./" } else { up.as_str() };
    format!("{up}{}", to.join("/"))
}
