//! Folders below a flake that are flakes of their own: templates, examples. What their code does with inputs
//! is theirs, so that it is not read.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::Flake;
use crate::nix::{Role, joined};

impl Flake {
    /// The folders of other flakes that code of this one names without reading what is in them, each with
    /// the first place that does. A partition's folder is none of them.
    #[must_use]
    pub fn foreign(&self) -> BTreeMap<Utf8PathBuf, (Utf8PathBuf, usize)> {
        let mut named = BTreeMap::new();
        let is_read = |path: &Utf8Path| self.project.role(path).is_some_and(|role| role != Role::Unreached);
        let folders = self.paths.iter().filter(|path| path.file_name() == Some("flake.nix"));
        let folders = folders.filter_map(|path| path.parent()).filter(|folder| {
            let partition = self.partitions.values().any(|it| it.folder.as_deref() == Some(*folder));
            // A folder that is imported by its default.nix, and a module that is called flake.nix, are read.
            let read = ["default.nix", "flake.nix"].iter().any(|name| is_read(&folder.join(name)));
            *folder != "" && !partition && !read
        });
        let folders: Vec<&Utf8Path> = folders.collect();
        if folders.is_empty() {
            return named;
        }
        for (file, source) in self.project.sources().filter(|(file, _)| is_read(file)) {
            let text = source.text();
            for (line, text) in (1..).zip(text.lines()) {
                let code = text.split_once(" #").map_or(text, |(code, _)| code);
                let words = code.split(|c: char| c.is_whitespace() || "\"'()[]{};,".contains(c));
                let paths = words.filter(|word| word.starts_with("./") || word.starts_with("../"));
                for folder in paths.filter_map(|path| joined(file, path)) {
                    if !code.trim_start().starts_with('#') && folders.contains(&folder.as_path()) {
                        named.entry(folder).or_insert_with(|| (file.to_owned(), line));
                    }
                }
            }
        }
        named
    }
}
