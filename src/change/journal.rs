//! The journal: what a change does to each file, on disk before the first of them is touched.
//!
//! It lies in a folder of its own with everything that the change needs, under a file's place in the
//! journal: `3.old` is file 3 as it was, `3.new` as it will be. A folder without a journal in it belongs to a
//! run that had not begun to change anything.

use camino::{Utf8Path, Utf8PathBuf};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::ChangeError;
use super::disk::{At as _, Disk, Refused};

/// What a journal of this form says of its form.
const SCHEMA: u32 = 1;

/// A change as it is written down. Paths are relative to the top of the tree.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    schema: u32,
    /// Folders that it makes, outermost first.
    pub(super) folders: Vec<Utf8PathBuf>,
    pub(super) files: Vec<Step>,
}

/// What becomes of a file: digests, `None` where there is none.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) path: Utf8PathBuf,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

impl Journal {
    pub(super) fn new(folders: Vec<Utf8PathBuf>, files: Vec<Step>) -> Journal {
        Journal { schema: SCHEMA, folders, files }
    }

    pub(super) fn paths(&self) -> Vec<Utf8PathBuf> {
        self.files.iter().map(|step| step.path.clone()).collect()
    }

    /// The files that come, and those that go.
    pub(super) fn created_and_deleted(&self) -> (Vec<Utf8PathBuf>, Vec<Utf8PathBuf>) {
        let of = |which: fn(&Step) -> bool| {
            self.files.iter().filter(|step| which(step)).map(|step| step.path.clone()).collect()
        };
        (of(|step| step.before.is_none()), of(|step| step.after.is_none()))
    }
}

/// The folder of a journal.
pub(super) struct Store(Utf8PathBuf);

impl Store {
    pub(super) fn new(folder: Utf8PathBuf) -> Store {
        Store(folder)
    }

    pub(super) fn folder(&self) -> &Utf8Path {
        &self.0
    }

    pub(super) fn old(&self, at: usize) -> Utf8PathBuf {
        self.0.join(format!("{at}.old"))
    }

    pub(super) fn new_file(&self, at: usize) -> Utf8PathBuf {
        self.0.join(format!("{at}.new"))
    }

    /// git's index with what it is to be told.
    pub(super) fn index(&self) -> Utf8PathBuf {
        self.0.join("index")
    }

    /// What holds git's index while it is linked to that place.
    pub(super) fn hold(&self) -> Utf8PathBuf {
        self.0.join("hold")
    }

    fn journal(&self) -> Utf8PathBuf {
        self.0.join("journal.json")
    }

    /// Writes the journal; from then on the change can be undone whatever happens.
    pub(super) fn write(&self, journal: &Journal, disk: &Disk) -> Result<(), Refused> {
        let target = self.journal();
        let bytes = serde_json::to_vec_pretty(journal).map_err(std::io::Error::from).at(&target)?;
        let draft = target.with_extension("draft");
        disk.create(&draft, &bytes, None)?;
        disk.rename(&draft, &target)?;
        disk.sync(&self.0)?;
        disk.sync(self.0.parent().unwrap_or(&self.0))
    }

    /// The journal that is there.
    pub(super) fn read(&self) -> Result<Option<Journal>, ChangeError> {
        let unknown = || ChangeError::UnknownJournal { folder: self.0.clone() };
        // A link would have files removed elsewhere.
        if self.0.symlink_metadata().is_ok_and(|meta| !meta.is_dir()) {
            return Err(unknown());
        }
        let bytes = match std::fs::read(self.journal()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ChangeError::Unreadable { path: self.journal(), source }),
        };
        let journal: Journal = serde_json::from_slice(&bytes).map_err(|_| unknown())?;
        // In a plain folder anybody may have put it there.
        let paths = journal.files.iter().map(|step| &step.path).chain(&journal.folders);
        let inside = paths.clone().all(|path| super::stays_inside(path));
        if journal.schema == SCHEMA && inside { Ok(Some(journal)) } else { Err(unknown()) }
    }

    /// Removes the folder, the journal as the last thing in it.
    pub(super) fn clear(&self, disk: &Disk) -> Result<(), Refused> {
        let entries = match self.0.read_dir_utf8() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries.at(&self.0)?,
        };
        let mut files = Vec::new();
        for entry in entries {
            files.push(entry.at(&self.0)?.into_path());
        }
        files.sort_by_key(|file| (*file == self.journal(), file.clone()));
        files.iter().try_for_each(|file| disk.remove(file))?;
        disk.remove_dir(&self.0)
    }
}

/// A digest of bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// The digest of the file at a path; of what is no file, something that is no digest.
pub(super) fn digest_at(path: &Utf8Path) -> Result<Option<String>, Refused> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match path.symlink_metadata() {
        Ok(meta) if meta.is_file() => Ok(Some(digest(&std::fs::read(path).at(path)?))),
        Ok(_) => Ok(Some("no file".to_owned())),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        Err(error) => Err(error).at(path),
    }
}
