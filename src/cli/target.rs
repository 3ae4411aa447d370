//! What a command is pointed at: a flake's folder, a lock on its own, or standard input.

use std::io::Read as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::Error;
use crate::nix::joined;
use crate::partition::Files;
use crate::tree::{Entry, Kind, Tree, TreeError, WorkTree};

/// A command's target.
pub(super) enum Target {
    /// A flake.
    Flake(WorkTree),
    /// A lock: its name, and its bytes.
    Lock(Utf8PathBuf, Vec<u8>),
}

impl Target {
    pub(super) fn open(path: Option<&Utf8Path>) -> Result<Target, Error> {
        match path {
            Some(path) if path == "-" => {
                let mut bytes = Vec::new();
                let read = std::io::stdin().lock().read_to_end(&mut bytes);
                read.map_err(|source| Error::Read { path: "standard input".into(), source })?;
                Ok(Target::Lock("standard input".into(), bytes))
            }
            Some(path) if path.is_file() && path.file_name() != Some("flake.nix") => {
                let bytes =
                    std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
                Ok(Target::Lock(path.to_owned(), bytes))
            }
            _ => Ok(Target::Flake(WorkTree::open(path)?)),
        }
    }
}

/// The Nix files and locks of a tree. A Nix file that is a link is read where the link leads, as long as
/// that is in the tree. The two files that a flake consists of must not be links.
pub(super) fn files(tree: &dyn Tree) -> Result<Files, Error> {
    let mut files = Files::new();
    for Entry { path, kind } in tree.entries()? {
        if path.extension() != Some("nix") && path.file_name() != Some("flake.lock") {
            continue;
        }
        if kind == Kind::Link && matches!(path.as_str(), "flake.nix" | "flake.lock") {
            return Err(TreeError::Link { path }.into());
        }
        let bytes = if kind == Kind::Link { linked(tree, &path)? } else { tree.read(&path)? };
        if let Some(bytes) = bytes {
            files.insert(path, bytes);
        }
    }
    Ok(files)
}

/// The bytes of the file that a link leads to; `None` where that is another link, or outside.
fn linked(tree: &dyn Tree, link: &Utf8Path) -> Result<Option<Vec<u8>>, Error> {
    let Some(target) = tree.read(link)? else { return Ok(None) };
    let Some(target) = joined(link, &String::from_utf8_lossy(&target)) else { return Ok(None) };
    let is_file = |entry: &Entry| entry.path == target && entry.kind != Kind::Link;
    if tree.entries()?.iter().any(is_file) { Ok(tree.read(&target)?) } else { Ok(None) }
}
