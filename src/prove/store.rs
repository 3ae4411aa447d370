//! The store that derivations lie in, as a folder of this machine.

use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::derivation::Derivation;
use super::nix::{Nix, ProveError};

/// A store whose files can be read.
pub(super) struct Store {
    /// Where its paths lie if not where they say.
    folder: Option<Utf8PathBuf>,
}

impl Store {
    /// The one that this Nix evaluates into. Where the derivations cannot be read in it, as with one on
    /// another machine, they are copied into the empty folder `scratch`, with all that they need.
    pub(super) fn with(nix: &Nix, derivations: &[&str], scratch: &Utf8Path) -> Result<Store, ProveError> {
        let url = nix.evaluates_into();
        let store = Store { folder: url.and_then(root).map(store_below) };
        let (Some(url), true) = (url, derivations.iter().any(|path| !store.file(path).exists())) else {
            return Ok(store);
        };
        nix.copy(derivations, url, scratch.as_str())?;
        let folder = store_below(scratch);
        writable(&folder)?;
        Ok(Store { folder: Some(folder) })
    }

    /// Where a path is.
    pub(super) fn file(&self, path: &str) -> Utf8PathBuf {
        match (&self.folder, path.rsplit_once('/')) {
            (Some(folder), Some((_, name))) => folder.join(name),
            _ => path.into(),
        }
    }

    /// A derivation; nothing where it is not there, or is written in a way that is not known.
    pub(super) fn derivation(&self, path: &str) -> Option<Derivation> {
        Derivation::parse(&fs_err::read_to_string(self.file(path)).ok()?)
    }
}

/// The folder of a store that has one of its own.
fn root(url: &str) -> Option<&Utf8Path> {
    let root = url.strip_prefix("local?root=").unwrap_or(url);
    let root = Utf8Path::new(root.split(['&', '?']).next().unwrap_or(root));
    (root.is_absolute() && root != "/").then_some(root)
}

/// Where such a store keeps its paths, whatever they say.
fn store_below(root: &Utf8Path) -> Utf8PathBuf {
    root.join("nix/store")
}

/// Has the folders in a store be such that they can be deleted.
fn writable(folder: &Utf8Path) -> std::io::Result<()> {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        fs_err::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
        for entry in folder.read_dir_utf8()? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.into_path());
            }
        }
    }
    Ok(())
}
