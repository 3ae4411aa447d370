//! What git's index is told when files come and go. Paths are relative to the top of the work tree here.

use camino::{Utf8Path, Utf8PathBuf};
use git2::IndexEntryExtendedFlag;

use super::work::utf8;
use super::{TreeError, WorkTree};

/// What git does not know yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Untold {
    /// New files, which Nix does not see before git knows them.
    pub come: Vec<Utf8PathBuf>,
    /// Files that are gone, and of which git knows no more than that they were to be added.
    pub gone: Vec<Utf8PathBuf>,
}

impl Untold {
    /// Whether git knows all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.come.is_empty() && self.gone.is_empty()
    }
}

impl WorkTree {
    /// The folder that paths in git's index are relative to; without git, the flake's.
    pub fn top(&self) -> Result<Utf8PathBuf, TreeError> {
        match self.git.as_ref().and_then(|git| git.repository.workdir()) {
            Some(top) => utf8(top.canonicalize()?),
            None => Ok(self.root.clone()),
        }
    }

    /// Where notes about this work tree belong: in the folder that git has for it, which is each one's own
    /// where a repository has several, and which neither git nor Nix takes for files of the flake. Without
    /// git there is no such place. The flake's folder itself then serves: it is on the same file system,
    /// and the notes are found again when it was moved.
    pub fn notes(&self) -> Result<Utf8PathBuf, TreeError> {
        match &self.git {
            Some(git) => utf8(git.repository.path().canonicalize()?),
            None => Ok(self.root.clone()),
        }
    }

    /// The file that holds git's index.
    pub fn index_file(&self) -> Result<Option<Utf8PathBuf>, TreeError> {
        let Some(git) = &self.git else { return Ok(None) };
        git.repository.index()?.path().map(|path| utf8(path.to_owned())).transpose()
    }

    /// What git has to be told of files that came and went.
    ///
    /// A file that is gone and was committed stays in the index: its deletion is the user's to stage, like
    /// every edit. `git status` shows it together with the new file as a rename where they are alike, Nix
    /// passes over it, and what the user had staged stays staged.
    pub fn untold(&self, created: &[Utf8PathBuf], deleted: &[Utf8PathBuf]) -> Result<Untold, TreeError> {
        let Some(git) = &self.git else { return Ok(Untold::default()) };
        let mut index = git.repository.index()?;
        index.read(false)?;
        let known =
            |path: &&Utf8PathBuf| (0..=3).any(|stage| index.get_path(path.as_std_path(), stage).is_some());
        let only_intended = |path: &&Utf8PathBuf| {
            let entry = index.get_path(path.as_std_path(), 0);
            entry.is_some_and(|entry| {
                IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended).is_intent_to_add()
            })
        };
        Ok(Untold {
            come: created.iter().filter(|path| !known(path)).cloned().collect(),
            gone: deleted.iter().filter(only_intended).cloned().collect(),
        })
    }

    /// Tells git, in this copy of its index: new files as `git add -N` does, so that Nix sees them and the
    /// commit stays the user's.
    ///
    /// libgit2 knows no intent to add, so the `git` program does it.
    pub fn tell_git(&self, untold: &Untold, index: &Utf8Path) -> Result<(), TreeError> {
        if !untold.come.is_empty() {
            self.run_git(&["add", "--intent-to-add", "--force", "--"], &untold.come, index)?;
        }
        if !untold.gone.is_empty() {
            self.run_git(&["update-index", "--force-remove", "--"], &untold.gone, index)?;
        }
        Ok(())
    }

    fn run_git(&self, arguments: &[&str], paths: &[Utf8PathBuf], index: &Utf8Path) -> Result<(), TreeError> {
        let mut command = std::process::Command::new("git");
        command.arg("-C").arg(self.top()?).arg("--literal-pathspecs").args(arguments).args(paths);
        command.env("GIT_INDEX_FILE", index);
        tracing::debug!(?command, "run");
        let output = command
            .stdin(std::process::Stdio::null())
            .output()
            .map_err(|source| TreeError::NoGitProgram { source })?;
        if output.status.success() {
            return Ok(());
        }
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(TreeError::GitProgram {
            what: arguments.first().map_or(String::new(), |verb| (*verb).to_owned()),
            message,
        })
    }
}
