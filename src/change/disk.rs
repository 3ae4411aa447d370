//! Every write of this room, each a single system call, so that a test can stop it at any of them.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown};

use camino::{Utf8Path, Utf8PathBuf};

/// A write that the system refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) path: Utf8PathBuf,
    pub(super) source: Error,
}

pub(super) trait At<T> {
    /// The failure with the path that it is about.
    fn at(self, path: &Utf8Path) -> std::result::Result<T, Refused>;
}

impl<T> At<T> for Result<T> {
    fn at(self, path: &Utf8Path) -> std::result::Result<T, Refused> {
        self.map_err(|source| Refused { path: path.to_owned(), source })
    }
}

/// What a test has to say before a write to a path: nothing, or the error that the write ends with instead.
type Fault<'a> = &'a dyn Fn(&'static str, &Utf8Path) -> Result<()>;

/// The disk.
#[derive(Default)]
pub struct Disk<'a> {
    fault: Option<Fault<'a>>,
}

type Done = std::result::Result<(), Refused>;

impl<'a> Disk<'a> {
    /// A disk that asks before every write, by its name and its path, and fails as it is told.
    #[must_use]
    pub fn failing(fault: Fault<'a>) -> Disk<'a> {
        Disk { fault: Some(fault) }
    }

    /// One write.
    pub(super) fn call<T, E: From<Error>>(
        &self,
        name: &'static str,
        path: &Utf8Path,
        call: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        if let Some(fault) = self.fault {
            fault(name, path)?;
        }
        call()
    }

    pub(super) fn create_dir(&self, path: &Utf8Path) -> Done {
        self.call("mkdir", path, || std::fs::create_dir(path)).at(path)
    }

    pub(super) fn remove_dir(&self, path: &Utf8Path) -> Done {
        self.call("rmdir", path, || std::fs::remove_dir(path)).at(path)
    }

    pub(super) fn remove(&self, path: &Utf8Path) -> Done {
        self.call("unlink", path, || std::fs::remove_file(path)).at(path)
    }

    pub(super) fn remove_if_there(&self, path: &Utf8Path) -> Done {
        if path.symlink_metadata().is_ok() { self.remove(path) } else { Ok(()) }
    }

    pub(super) fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> Done {
        self.call("rename", to, || std::fs::rename(from, to)).at(to)
    }

    /// Has a file, or the names in a folder, survive the machine.
    pub(super) fn sync(&self, path: &Utf8Path) -> Done {
        self.call("fsync", path, || File::open(path)?.sync_all()).at(path)
    }

    /// A new file that is whole on the disk, with the mode and, where that is allowed, the owner of another.
    pub(super) fn create(&self, path: &Utf8Path, bytes: &[u8], like: Option<&Metadata>) -> Done {
        let open = || OpenOptions::new().write(true).create_new(true).open(path);
        let mut file = self.call("open", path, open).at(path)?;
        self.call("write", path, || file.write_all(bytes)).at(path)?;
        if let Some(like) = like {
            let own = file.metadata().at(path)?;
            if (own.uid(), own.gid()) != (like.uid(), like.gid()) {
                // Only root may give files away; anybody else becomes the owner of what they edit.
                let _ = self.call("chown", path, || chown(path, Some(like.uid()), Some(like.gid())));
            }
            if own.permissions() != like.permissions() {
                self.call("chmod", path, || file.set_permissions(like.permissions())).at(path)?;
            }
        }
        self.call("fsync", path, || file.sync_all()).at(path)
    }

    /// Gives a file a second name, where none such exists: the very file, its times included, and no more
    /// room on the disk. A file system that knows no hard links gets a copy.
    pub(super) fn keep(&self, from: &Utf8Path, to: &Utf8Path) -> Done {
        match self.call("link", to, || std::fs::hard_link(from, to)) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                let (bytes, meta) = (std::fs::read(from).at(from)?, from.metadata().at(from)?);
                self.create(to, &bytes, Some(&meta))?;
                // By the age of its index git knows which files it has to look into.
                let set = || File::open(to)?.set_modified(meta.modified()?);
                self.call("utimens", to, set).at(to)
            }
            done => done.at(to),
        }
    }

    /// Moves a file to its place, at once. From another file system it has to be copied beside it first.
    pub(super) fn place(&self, from: &Utf8Path, to: &Utf8Path) -> Done {
        match self.call("move", to, || std::fs::rename(from, to)) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                let beside = beside(to);
                let (bytes, meta) = (std::fs::read(from).at(from)?, from.metadata().at(from)?);
                self.remove_if_there(&beside)?;
                self.create(&beside, &bytes, Some(&meta))?;
                self.rename(&beside, to)?;
                self.remove(from)
            }
            done => done.at(to),
        }
    }
}

/// The name under which a file waits to take its place.
pub(super) fn beside(path: &Utf8Path) -> Utf8PathBuf {
    path.with_file_name(format!(".{}.flakepart", path.file_name().unwrap_or_default()))
}
