//! What a command is pointed at: a flake's folder, a lock on its own, or standard input.

use std::io::Read as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::Error;
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

/// The Nix files and locks of a tree. Links are left out: what they lead to is read under its own name.
/// The two files that a flake consists of must not be links.
pub(super) fn files(tree: &dyn Tree) -> Result<Files, Error> {
    let mut files = Files::new();
    for Entry { path, kind } in tree.entries()? {
        let wanted = path.extension() == Some("nix") || path.file_name() == Some("flake.lock");
        if !wanted {
            continue;
        }
        if kind == Kind::Link {
            if matches!(path.as_str(), "flake.nix" | "flake.lock") {
                return Err(TreeError::Link { path }.into());
            }
            continue;
        }
        if let Some(bytes) = tree.read(&path)? {
            files.insert(path, bytes);
        }
    }
    Ok(files)
}
