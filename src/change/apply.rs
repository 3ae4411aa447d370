//! Writing the changes: all of them, or none.
//!
//! 1. Beside the journal lies every file as it was and as it will be: a full disk shows itself while nothing
//!    has happened yet, and no undo needs room on it.
//! 2. The journal. From here on the next run can undo what this one leaves.
//! 3. Each file takes its place, by a rename.
//! 4. git's index, with what it has to know of files that came and went, takes its place: until then all is
//!    undone, from then on all is done.
//! 5. The journal goes.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use camino::{Utf8Path, Utf8PathBuf};

use super::disk::{Disk, Refused};
use super::journal::{Journal, Step, Store, digest, digest_at};
use super::lock::lock;
use super::recover::Recovered;
use super::{ChangeError, Changes, stays_inside};
use crate::tree::{Tree as _, TreeError, WorkTree};

/// What holds git's index says so.
const HOLD: &[u8] =
    b"flakepart is changing files, or was stopped while it did: the next `flakepart split` ends that\n";

/// The right to write into a flake: one run has it at a time, and it begins with a tree that no run left
/// half changed.
pub struct Writer<'a> {
    pub(super) tree: &'a WorkTree,
    pub(super) disk: Disk<'a>,
    /// What the journal's paths are relative to.
    pub(super) top: Utf8PathBuf,
    pub(super) store: Store,
    index: Option<Utf8PathBuf>,
    _lock: File,
}

impl<'a> Writer<'a> {
    /// Gets that right. Calls `waiting` before it waits for another run, and undoes or finishes what a run
    /// that was stopped has left.
    pub fn open(
        tree: &'a WorkTree,
        disk: Disk<'a>,
        waiting: impl FnOnce(),
    ) -> Result<(Writer<'a>, Option<Recovered>), ChangeError> {
        let folder = tree.notes()?;
        let lock = lock(&folder, waiting)
            .map_err(|source| ChangeError::Unreadable { path: folder.clone(), source })?;
        let (top, store, index) = (tree.top()?, store(tree)?, tree.index_file()?);
        let writer = Writer { tree, disk, top, store, index, _lock: lock };
        let recovered = writer.recover().map_err(|error| error.seen_from(tree.root()))?;
        Ok((writer, recovered))
    }

    /// Applies the changes and tells git of the new files. On any error, and once `interrupted` is set,
    /// everything is put back as it was.
    pub fn apply(&self, changes: &Changes, interrupted: &AtomicBool) -> Result<(), ChangeError> {
        let applied = self.check(changes).and_then(|()| {
            self.disk.create_dir(self.store.folder())?;
            let journal = self.stage(changes).inspect_err(|_| {
                // What stays is cleared by the next run.
                let _ = self.store.clear(&self.disk);
            })?;
            self.carry_out(&journal, interrupted).map_err(|error| {
                let error = match error {
                    // The signal reached git, too.
                    ChangeError::Tree(_) if interrupted.load(Ordering::Relaxed) => ChangeError::Interrupted,
                    error => error.seen_from(self.tree.root()),
                };
                match self.undo(&journal) {
                    Ok(_) => error,
                    Err(undo) => ChangeError::Stranded {
                        why: error.why(),
                        undo: undo.seen_from(self.tree.root()).why(),
                    },
                }
            })?;
            // All is done; what cannot be cleared now is cleared by the next run.
            let _ = self.tidy(&journal);
            Ok(())
        });
        applied.map_err(|error| error.seen_from(self.tree.root()))
    }

    /// Whether the files are those that the plan was made on, and may be written.
    fn check(&self, changes: &Changes) -> Result<(), ChangeError> {
        changes.refuse_links(self.tree)?;
        for (path, change) in changes.iter() {
            let meta = self.tree.root().join(path).symlink_metadata();
            if self.tree.read(path)? != change.before {
                return Err(ChangeError::Moved { path: path.to_owned() });
            }
            if meta.is_ok_and(|meta| meta.permissions().readonly()) {
                return Err(ChangeError::ReadOnly { path: path.to_owned() });
            }
        }
        Ok(())
    }

    /// Writes down all that will happen, and what it needs.
    fn stage(&self, changes: &Changes) -> Result<Journal, ChangeError> {
        let root = self.tree.root();
        let flake = root.strip_prefix(&self.top).unwrap_or(Utf8Path::new(""));
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for (at, (path, change)) in changes.iter().enumerate() {
            let target = root.join(path);
            if let Some(after) = &change.after {
                if change.before.is_some() {
                    self.disk.keep(&target, &self.store.old(at))?;
                }
                let like = change.moved_from.as_ref().map_or_else(|| target.clone(), |from| root.join(from));
                self.disk.create(&self.store.new_file(at), after, like.metadata().ok().as_ref())?;
                let missing = target.ancestors().skip(1).take_while(|folder| !folder.exists());
                let mut missing: Vec<&Utf8Path> =
                    missing.filter_map(|folder| folder.strip_prefix(&self.top).ok()).collect();
                missing.reverse();
                missing.retain(|folder| folders.iter().all(|known| known != folder));
                folders.extend(missing.into_iter().map(Utf8Path::to_owned));
            }
            files.push(Step {
                path: flake.join(path),
                before: change.before.as_deref().map(digest),
                after: change.after.as_deref().map(digest),
            });
        }
        let journal = Journal::new(folders, files);
        self.store.write(&journal, &self.disk)?;
        Ok(journal)
    }

    /// Does it. It ends with the one step that makes everything valid.
    fn carry_out(&self, journal: &Journal, interrupted: &AtomicBool) -> Result<(), ChangeError> {
        let go_on = || match interrupted.load(Ordering::Relaxed) {
            true => Err(ChangeError::Interrupted),
            false => Ok(()),
        };
        self.hold_index()?;
        for folder in &journal.folders {
            self.disk.create_dir(&self.top.join(folder))?;
        }
        for (at, step) in journal.files.iter().enumerate() {
            go_on()?;
            let target = self.top.join(&step.path);
            if digest_at(&target)? != step.before {
                return Err(ChangeError::Moved { path: step.path.clone() });
            }
            // What goes is moved away, for how far this came shows in what lies by the journal.
            match step.after {
                Some(_) => self.disk.place(&self.store.new_file(at), &target)?,
                None => self.disk.place(&target, &self.store.old(at))?,
            }
        }
        self.sync_folders(journal)?;
        let (created, deleted) = journal.created_and_deleted();
        let untold = self.tree.untold(&created, &deleted)?;
        let Some(index) = self.index.as_ref().filter(|_| !untold.is_empty()) else { return go_on() };
        let copy = self.store.index();
        self.disk.keep(index, &copy)?;
        self.disk.call("git", &copy, || self.tree.tell_git(&untold, &copy))?;
        self.disk.sync(&copy)?;
        go_on()?;
        Ok(self.disk.place(&copy, index)?)
    }

    /// Has every rename survive the machine.
    pub(super) fn sync_folders(&self, journal: &Journal) -> Result<(), Refused> {
        let folders = journal.files.iter().filter_map(|step| step.path.parent());
        let folders = folders.chain(journal.folders.iter().filter_map(|folder| folder.parent()));
        let mut folders: Vec<Utf8PathBuf> = folders.map(|folder| self.top.join(folder)).collect();
        folders.sort();
        folders.dedup();
        // An undo has removed some of them.
        folders.retain(|folder| folder.exists());
        folders.iter().try_for_each(|folder| self.disk.sync(folder))
    }

    /// What is left to do once all is done: folders without a file in them go, as git has it, and the
    /// journal.
    pub(super) fn tidy(&self, journal: &Journal) -> Result<(), Refused> {
        if let Some(folder) = self.index.as_ref().and_then(|index| index.parent()) {
            self.disk.sync(folder)?;
        }
        self.release_index()?;
        for step in journal.files.iter().filter(|step| step.after.is_none()) {
            for folder in step.path.ancestors().skip(1).filter(|folder| !folder.as_str().is_empty()) {
                let folder = self.top.join(folder);
                let is_empty = folder.read_dir_utf8().is_ok_and(|mut files| files.next().is_none());
                if folder.exists() && (!is_empty || self.disk.remove_dir(&folder).is_err()) {
                    break;
                }
            }
        }
        self.clear_beside(journal)?;
        self.store.clear(&self.disk)
    }

    /// Keeps git from committing what is half changed, as git itself does while it writes the work tree.
    fn hold_index(&self) -> Result<(), ChangeError> {
        let Some(lock) = self.index_lock() else { return Ok(()) };
        let hold = self.store.hold();
        self.disk.create(&hold, HOLD, None)?;
        // Another name for it, for a lock that appears with its content can always be told from git's own.
        self.disk.keep(&hold, &lock).map_err(|refused| match refused.source.kind() {
            std::io::ErrorKind::AlreadyExists => ChangeError::IndexHeld { path: lock },
            _ => refused.into(),
        })
    }

    /// Lets git's index go, if it is held by a flakepart. There is only one at a time.
    pub(super) fn release_index(&self) -> Result<(), Refused> {
        match self.index_lock() {
            Some(lock) if std::fs::read(&lock).is_ok_and(|bytes| bytes == HOLD) => self.disk.remove(&lock),
            _ => Ok(()),
        }
    }

    fn index_lock(&self) -> Option<Utf8PathBuf> {
        self.index.as_ref().map(|index| format!("{index}.lock").into())
    }
}

/// Where the journal of a tree lies.
pub(super) fn store(tree: &WorkTree) -> Result<Store, TreeError> {
    let name = if tree.is_git() { "flakepart" } else { ".flakepart" };
    Ok(Store::new(tree.notes()?.join(name)))
}

/// Refuses a path on which a link or a file stands where a folder has to be.
pub(super) fn has_real_folders(root: &Utf8Path, path: &Utf8Path) -> Result<(), ChangeError> {
    for folder in path.ancestors().skip(1).filter(|folder| !folder.as_str().is_empty()) {
        match root.join(folder).symlink_metadata() {
            Ok(meta) if meta.is_symlink() => return Err(TreeError::Link { path: folder.to_owned() }.into()),
            Ok(meta) if !meta.is_dir() => {
                let source = std::io::ErrorKind::NotADirectory.into();
                return Err(ChangeError::Write { path: folder.to_owned(), source });
            }
            _ => {}
        }
    }
    Ok(())
}

impl Changes {
    /// Refuses what leads out of the flake, or is a link: what it stands for is not the flake's alone.
    pub fn refuse_links(&self, tree: &WorkTree) -> Result<(), ChangeError> {
        for (path, _) in self.iter() {
            if !stays_inside(path) {
                return Err(ChangeError::Leaves { path: path.to_owned() });
            }
            has_real_folders(tree.root(), path)?;
            let meta = tree.root().join(path).symlink_metadata();
            if meta.is_ok_and(|meta| meta.is_symlink()) {
                return Err(TreeError::Link { path: path.to_owned() }.into());
            }
        }
        Ok(())
    }

    /// Writes the changes into a plain folder that holds the state before, a copy made for a proof.
    pub fn write_to(&self, folder: &Utf8Path) -> std::io::Result<()> {
        for (path, change) in self.iter() {
            let target = folder.join(path);
            match &change.after {
                Some(after) => {
                    if let Some(parent) = target.parent() {
                        fs_err::create_dir_all(parent)?;
                    }
                    fs_err::write(&target, after)?;
                }
                None => fs_err::remove_file(&target)?,
            }
        }
        Ok(())
    }
}
