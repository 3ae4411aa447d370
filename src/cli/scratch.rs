//! A folder for copies of the flake, gone when dropped.

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::Error;

/// The folder.
pub(super) struct Scratch {
    path: Utf8PathBuf,
    _folder: TempDir,
}

impl Scratch {
    /// Makes it, empty.
    pub(super) fn new() -> Result<Scratch, Error> {
        let folder = tempfile::Builder::new().prefix("flakepart-").tempdir().map_err(Error::Copy)?;
        let path = folder.path().canonicalize().map_err(Error::Copy)?;
        let path = Utf8PathBuf::from_path_buf(path)
            .map_err(|_| Error::Copy(std::io::Error::other("the folder for temporary files is not UTF-8")))?;
        Ok(Scratch { path, _folder: folder })
    }

    /// Where it is, absolute and without links.
    pub(super) fn path(&self) -> &Utf8Path {
        &self.path
    }
}
