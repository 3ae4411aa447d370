//! What can go wrong while reading a tree.

use camino::Utf8PathBuf;
use thiserror::Error;

/// Why a tree cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TreeError {
    /// No flake.nix here or above.
    #[error("no flake.nix in {folder} or in a folder above it")]
    NoFlake {
        /// Where the search began.
        folder: Utf8PathBuf,
        /// The lock that is there all the same.
        lock: Option<Utf8PathBuf>,
    },
    /// The folder that was named holds no flake.nix.
    #[error("{folder} has no flake.nix")]
    NoFlakeIn {
        /// The folder.
        folder: Utf8PathBuf,
        /// The lock that is there all the same.
        lock: Option<Utf8PathBuf>,
        /// The folder above it that has one.
        above: Option<Utf8PathBuf>,
    },
    /// What was named is not there, or not to be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The path.
        path: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// flake.nix is there, but git does not track it, so Nix does not see it.
    #[error("{path} is not tracked by git, so Nix does not see it")]
    Untracked {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A path that is not UTF-8.
    #[error("the path {path} is not UTF-8")]
    NotUtf8 {
        /// As far as it can be shown.
        path: String,
    },
    /// A link that leads out of the repository.
    #[error("{path} is a symbolic link that leaves the repository")]
    Leaves {
        /// The link.
        path: Utf8PathBuf,
    },
    /// A link where only a file will do.
    #[error("{path} is a symbolic link, and flakepart takes only plain files here")]
    Link {
        /// The link.
        path: Utf8PathBuf,
    },
    /// A file too large to be what it is taken for.
    #[error("{path} has {bytes} bytes, more than flakepart reads")]
    TooLarge {
        /// The file.
        path: Utf8PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// git has no such revision.
    #[error("git has no revision `{rev}` here")]
    NoRevision {
        /// What was asked for.
        rev: String,
        /// Whether the clone is shallow.
        shallow: bool,
        /// What libgit2 says.
        #[source]
        source: git2::Error,
    },
    /// HEAD and another revision have no commit in common.
    #[error("HEAD and `{rev}` have no commit in common{}", if *.shallow { ", as far as this shallow clone goes back" } else { "" })]
    NoMergeBase {
        /// The other revision.
        rev: String,
        /// Whether the clone is shallow.
        shallow: bool,
    },
    /// A merge left a path undecided, so that nothing can be committed.
    #[error("{path} is not merged yet, so git has nothing to commit")]
    Unmerged {
        /// The path, from the top of the repository.
        path: String,
    },
    /// The folder is not in a git repository.
    #[error("{folder} is not in a git repository")]
    NotGit {
        /// The folder.
        folder: Utf8PathBuf,
    },
    /// The `git` program is missing.
    #[error("cannot run git: {source}")]
    NoGitProgram {
        /// What the system says.
        source: std::io::Error,
    },
    /// The `git` program failed.
    #[error("`git {what}` failed: {message}")]
    GitProgram {
        /// The git command.
        what: String,
        /// What it said.
        message: String,
    },
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// libgit2 refused.
    #[error("git: {}", .0.message())]
    Git(#[from] git2::Error),
}

impl TreeError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            TreeError::NoFlake { lock: Some(lock), .. } | TreeError::NoFlakeIn { lock: Some(lock), .. } => {
                Some(format!("to read the lock on its own: `flakepart analyze {lock}`"))
            }
            TreeError::NoFlakeIn { above: Some(above), .. } => Some(format!(
                "the flake above it is `{above}`: name that, or run this in the folder and name none"
            )),
            TreeError::NoFlake { .. } | TreeError::NoFlakeIn { .. } => {
                Some("name the flake's folder: `flakepart COMMAND path/to/flake`".to_owned())
            }
            TreeError::Unreadable { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("name a folder with a flake.nix, or a lock file where one serves, too".to_owned())
            }
            TreeError::Untracked { path } => Some(format!("`git add -N {path}` makes it known")),
            TreeError::NoRevision { shallow: true, .. } | TreeError::NoMergeBase { shallow: true, .. } => Some(
                "this clone is shallow; fetch the whole history: `fetch-depth: 0` for GitHub's checkout, \
                 `GIT_DEPTH: 0` in GitLab, `git fetch --unshallow` by hand"
                    .to_owned(),
            ),
            TreeError::NoRevision { .. } => {
                Some("in a shallow clone, fetch the revision first: `git fetch origin REV`".to_owned())
            }
            TreeError::NoMergeBase { .. } => {
                Some("name a revision that HEAD was once made from, such as origin/main".to_owned())
            }
            TreeError::NotGit { .. } => Some(
                "only git knows revisions and what is staged; `check` without `--staged` and `verify \
                 --before DIR` need no git"
                    .to_owned(),
            ),
            TreeError::Leaves { .. } | TreeError::Link { .. } => {
                Some("replace the link by the file it leads to".to_owned())
            }
            TreeError::Unmerged { path } => {
                Some(format!("decide how {path} shall be, then `git add` it"))
            }
            TreeError::NotUtf8 { .. } => Some("rename it".to_owned()),
            TreeError::NoGitProgram { .. } => Some("install git, and put it on the PATH".to_owned()),
            TreeError::Git(error) if error.message().contains("unsupported mandatory extension") => Some(
                "libgit2, by which git is read here, knows no sparse index: `git sparse-checkout reapply \
                 --no-sparse-index` writes a full one, the work tree stays sparse"
                    .to_owned(),
            ),
            TreeError::Git(error)
                if ["unknown object format", "unsupported extension"]
                    .iter()
                    .any(|unknown| error.message().contains(unknown)) =>
            {
                Some(
                    "libgit2, by which git is read here, does not know this kind of repository yet; a copy of \
                     its files serves: `git archive HEAD | tar -x -C FOLDER`"
                        .to_owned(),
                )
            }
            // What the system, git or a file of another size needs, nobody knows from here.
            TreeError::Unreadable { .. }
            | TreeError::TooLarge { .. }
            | TreeError::GitProgram { .. }
            | TreeError::Io(_)
            | TreeError::Git(_) => None,
        }
    }

    /// Whether git itself failed, rather than what it was asked to read being at fault.
    #[must_use]
    pub fn is_program_failure(&self) -> bool {
        matches!(self, TreeError::Git(_) | TreeError::NoGitProgram { .. } | TreeError::GitProgram { .. })
    }
}
