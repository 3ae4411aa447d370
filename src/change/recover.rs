//! Undoing a change, and finding what a run that was stopped has left.

use std::fmt;
use std::io::ErrorKind;

use camino::Utf8PathBuf;

use super::ChangeError;
use super::apply::{Writer, has_real_folders, store};
use super::disk::{Refused, beside};
use super::journal::{Journal, digest_at};
use super::lock::is_locked;
use crate::tree::WorkTree;

/// What was found of a run that was stopped, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// It had not changed anything yet.
    Cleared,
    /// It had changed these files, which are as they were before.
    Undone(Vec<Utf8PathBuf>),
    /// It had changed all files that it wanted to, which stay so.
    Finished(Vec<Utf8PathBuf>),
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recovered::Cleared => f.write_str(
                "an earlier run was stopped before it changed anything; its leftovers are removed",
            ),
            Recovered::Undone(paths) => {
                f.write_str("an earlier run was stopped half way; put back as it was:")?;
                paths.iter().try_for_each(|path| write!(f, " {path}"))
            }
            Recovered::Finished(paths) => {
                f.write_str("an earlier run was stopped after its last change; changed for good:")?;
                paths.iter().try_for_each(|path| write!(f, " {path}"))
            }
        }
    }
}

/// The files of which a run that was stopped may have changed some, and not others; empty where there are
/// none. The next [`Writer`] puts them back.
pub fn unfinished(tree: &WorkTree) -> Result<Vec<Utf8PathBuf>, ChangeError> {
    let Some(journal) = store(tree)?.read()? else { return Ok(Vec::new()) };
    let top = tree.top()?;
    let mut touched = Vec::new();
    for step in &journal.files {
        if digest_at(&top.join(&step.path))? != step.before {
            touched.push(step.path.clone());
        }
    }
    // A run that is at work now has not been stopped.
    if is_locked(&tree.notes()?) { Ok(Vec::new()) } else { Ok(touched) }
}

impl Writer<'_> {
    /// Finishes or undoes what a run that was stopped has left.
    pub(super) fn recover(&self) -> Result<Option<Recovered>, ChangeError> {
        let unrecovered = |error: ChangeError| match error {
            ChangeError::Write { path, source } => ChangeError::Unrecovered { path, source },
            error => error,
        };
        let recover = || {
            self.release_index()?;
            let Some(journal) = self.store.read()? else {
                let was_there = self.store.folder().exists();
                self.store.clear(&self.disk)?;
                return Ok(was_there.then_some(Recovered::Cleared));
            };
            for path in journal.files.iter().map(|step| &step.path).chain(&journal.folders) {
                has_real_folders(&self.top, path)?;
            }
            if self.is_done(&journal)? {
                self.tidy(&journal)?;
                return Ok(Some(Recovered::Finished(journal.paths())));
            }
            let undone = self.undo(&journal)?;
            Ok(Some(if undone.is_empty() { Recovered::Cleared } else { Recovered::Undone(undone) }))
        };
        recover().map_err(unrecovered)
    }

    /// Whether all files are as they should be, and git knows of them.
    fn is_done(&self, journal: &Journal) -> Result<bool, ChangeError> {
        for step in &journal.files {
            if digest_at(&self.top.join(&step.path))? != step.after {
                return Ok(false);
            }
        }
        let (created, deleted) = journal.created_and_deleted();
        Ok(self.tree.untold(&created, &deleted)?.is_empty())
    }

    /// Puts back what was changed, newest first; gives those files. Can be stopped and done again. A file that
    /// was changed, but is not as the change made it, is somebody's work: then nothing is put back.
    pub(super) fn undo(&self, journal: &Journal) -> Result<Vec<Utf8PathBuf>, ChangeError> {
        let (mut changed, mut edited) = (Vec::new(), Vec::new());
        for (at, step) in journal.files.iter().enumerate() {
            let now = digest_at(&self.top.join(&step.path))?;
            let (old, new) = (self.store.old(at), self.store.new_file(at));
            let is_touched = if step.after.is_some() { !new.exists() } else { old.exists() };
            if now == step.before || !is_touched && (now != step.after || step.after.is_none()) {
                continue;
            }
            if now != step.after || digest_at(&old)? != step.before {
                edited.push(step.path.clone());
            }
            changed.push((at, step));
        }
        if !edited.is_empty() {
            let folder = self.store.folder().to_owned();
            return Err(ChangeError::Edited { paths: edited, folder });
        }
        for (at, step) in changed.iter().rev() {
            let target = self.top.join(&step.path);
            match step.before {
                Some(_) => self.disk.place(&self.store.old(*at), &target)?,
                None => self.disk.remove(&target)?,
            }
        }
        self.clear_beside(journal)?;
        for folder in journal.folders.iter().rev() {
            match self.disk.remove_dir(&self.top.join(folder)) {
                // Somebody has put something there, or it was never made.
                Err(Refused { source, .. })
                    if !matches!(source.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound) =>
                {
                    return Err(ChangeError::Write { path: folder.clone(), source });
                }
                _ => {}
            }
        }
        self.sync_folders(journal)?;
        self.release_index()?;
        self.store.clear(&self.disk)?;
        Ok(changed.into_iter().map(|(_, step)| step.path.clone()).collect())
    }

    /// Removes what waited beside files to take their place.
    pub(super) fn clear_beside(&self, journal: &Journal) -> Result<(), Refused> {
        let paths = journal.files.iter().map(|step| self.top.join(&step.path));
        paths.map(|path| beside(&path)).try_for_each(|path| self.disk.remove_if_there(&path))
    }
}
