//! The work tree, or a plain folder where there is no git.

use camino::{Utf8Path, Utf8PathBuf};
use git2::{Repository, Status, StatusOptions};
use rayon::prelude::*;

use super::git::{CommitTree, IndexTree, Staged};
use super::{Entry, Kind, MAX_BYTES, Tree, TreeError};

/// A flake's folder as it is on disk.
pub struct WorkTree {
    pub(super) root: Utf8PathBuf,
    pub(super) git: Option<Git>,
}

pub(super) struct Git {
    pub(super) repository: Repository,
    /// The flake's folder within the repository; empty at its top.
    pub(super) prefix: Utf8PathBuf,
}

/// The lock in a folder without a flake.nix: devenv has one of the same form.
fn lone_lock(folder: &Utf8Path) -> Option<Utf8PathBuf> {
    let folder = folder.strip_prefix(".").unwrap_or(folder);
    ["devenv.lock", "flake.lock"].map(|name| folder.join(name)).into_iter().find(|lock| lock.is_file())
}

/// The nearest flake above a folder: as the folder was written, where that goes so far up, or whole.
fn flake_above(folder: &Utf8Path, root: &Utf8Path) -> Option<Utf8PathBuf> {
    let has_flake = |folder: &&Utf8Path| folder.join("flake.nix").is_file();
    let above = root.ancestors().skip(1).find(has_flake)?;
    let written = folder.ancestors().skip(1).map(|it| if it == "" { Utf8Path::new(".") } else { it });
    let same = |written: &&Utf8Path| written.canonicalize_utf8().is_ok_and(|written| written == above);
    Some(written.into_iter().find(same).unwrap_or(above).to_owned())
}

impl WorkTree {
    /// Opens the flake in `folder`, or, where none is named, the nearest one upwards from the current
    /// folder.
    pub fn open(folder: Option<&Utf8Path>) -> Result<WorkTree, TreeError> {
        let root = match folder {
            Some(folder) => {
                let folder = if folder.file_name() == Some("flake.nix") {
                    folder.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."))
                } else {
                    folder
                };
                let root = folder
                    .canonicalize_utf8()
                    .map_err(|source| TreeError::Unreadable { path: folder.to_owned(), source })?;
                if !root.join("flake.nix").exists() {
                    let (lock, above) = (lone_lock(folder), flake_above(folder, &root));
                    return Err(TreeError::NoFlakeIn { folder: folder.to_owned(), lock, above });
                }
                root
            }
            None => {
                let here = Utf8Path::new(".")
                    .canonicalize_utf8()
                    .map_err(|source| TreeError::Unreadable { path: "the current folder".into(), source })?;
                let found = here.ancestors().find(|folder| folder.join("flake.nix").exists());
                let missing =
                    || TreeError::NoFlake { folder: here.clone(), lock: lone_lock(Utf8Path::new("")) };
                found.map(Utf8Path::to_owned).ok_or_else(missing)?
            }
        };
        let tree = WorkTree::at(root)?;
        if let Some(git) = &tree.git
            && !super::git::is_tracked(git, Utf8Path::new("flake.nix"))?
        {
            return Err(TreeError::Untracked { path: "flake.nix".into() });
        }
        Ok(tree)
    }

    /// Opens a folder, absolute and without links, whether it holds a flake or just a lock.
    pub fn at(root: Utf8PathBuf) -> Result<WorkTree, TreeError> {
        // git does not hash again either what it reads from its own store.
        git2::opts::strict_hash_verification(false);
        let git = match Repository::discover(&root) {
            Ok(repository) => within(repository, &root)?,
            Err(error) if error.code() == git2::ErrorCode::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        tracing::debug!(folder = ?root, git = git.is_some(), "open");
        Ok(WorkTree { root, git })
    }

    /// The flake's folder, absolute and without links.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Whether git tracks this flake.
    #[must_use]
    pub fn is_git(&self) -> bool {
        self.git.is_some()
    }

    /// The whole repository that the flake is in, and the flake's folder in it. Without git that is the flake
    /// itself.
    pub fn whole(&self) -> Result<(WorkTree, Utf8PathBuf), TreeError> {
        let root = self.top()?;
        let (git, flake) = match &self.git {
            Some(git) => (within(Repository::open(&root)?, &root)?, git.prefix.clone()),
            None => (None, Utf8PathBuf::new()),
        };
        Ok((WorkTree { root, git }, flake))
    }

    pub(super) fn git(&self) -> Result<&Git, TreeError> {
        self.git.as_ref().ok_or_else(|| TreeError::NotGit { folder: self.root.clone() })
    }

    /// The flake's files as a commit has them.
    pub fn commit(&self, rev: &str) -> Result<CommitTree<'_>, TreeError> {
        CommitTree::open(self.git()?, rev)
    }

    /// The flake's files as the nearest commits have them that do not have the file `path`: HEAD, or those
    /// before the file came.
    pub fn commits_without(&self, path: &Utf8Path) -> Result<Vec<CommitTree<'_>>, TreeError> {
        let git = self.git()?;
        let revs = super::git::commits_without(git, path)?;
        revs.iter().map(|rev| CommitTree::open(git, rev)).collect()
    }

    /// The flake's files as they are staged.
    pub fn index(&self) -> Result<IndexTree<'_>, TreeError> {
        IndexTree::open(self.git()?)
    }

    /// What is staged for the next commit.
    pub fn staged(&self) -> Result<Staged, TreeError> {
        super::git::staged(self.git()?)
    }

    /// A file as the last commit has it; none without git, or before the first commit.
    pub fn committed(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, TreeError> {
        match &self.git {
            Some(git) => super::git::committed(git, path),
            None => Ok(None),
        }
    }

    /// A path as one writes it in the current folder, relative to the flake. A file that is not there, or not
    /// in the flake, keeps its name.
    pub fn relative(&self, path: &Utf8Path) -> Result<Utf8PathBuf, TreeError> {
        let full = utf8(std::path::absolute(path)?)?;
        let folder = full.parent().and_then(|folder| folder.canonicalize_utf8().ok());
        let full = match (folder, full.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => full,
        };
        Ok(full.strip_prefix(&self.root).map_or_else(|_| path.to_owned(), Utf8Path::to_owned))
    }

    /// Which of these files have uncommitted changes, or are there without being tracked.
    pub fn dirty(&self, paths: &[Utf8PathBuf]) -> Result<Vec<Utf8PathBuf>, TreeError> {
        let Some(git) = &self.git else { return Ok(Vec::new()) };
        let mut dirty = Vec::new();
        for path in paths {
            let mut options = StatusOptions::new();
            options.pathspec(git.prefix.join(path).as_str()).disable_pathspec_match(true);
            options.include_untracked(true).include_ignored(true).recurse_untracked_dirs(true);
            let statuses = git.repository.statuses(Some(&mut options))?;
            if statuses.iter().any(|status| status.status() != Status::CURRENT) {
                dirty.push(path.clone());
            }
        }
        Ok(dirty)
    }
}

/// The place of a folder in a repository's work tree; `None` for a bare repository.
fn within(repository: Repository, root: &Utf8Path) -> Result<Option<Git>, TreeError> {
    let Some(workdir) = repository.workdir() else { return Ok(None) };
    let workdir = utf8(workdir.canonicalize()?)?;
    let Ok(prefix) = root.strip_prefix(&workdir).map(Utf8Path::to_owned) else { return Ok(None) };
    Ok(Some(Git { repository, prefix }))
}

pub(super) fn utf8(path: std::path::PathBuf) -> Result<Utf8PathBuf, TreeError> {
    Utf8PathBuf::from_path_buf(path)
        .map_err(|path| TreeError::NotUtf8 { path: path.display().to_string().escape_debug().to_string() })
}

impl Tree for WorkTree {
    fn entries(&self) -> Result<Vec<Entry>, TreeError> {
        let mut paths = Vec::new();
        match &self.git {
            Some(git) => paths.extend(super::git::index_paths(git)?.into_keys()),
            None => {
                let walk = ignore::WalkBuilder::new(&self.root)
                    .standard_filters(false)
                    .filter_entry(|entry| entry.file_name() != ".git")
                    .build();
                for entry in walk {
                    let path = utf8(entry.map_err(std::io::Error::other)?.into_path())?;
                    paths.extend(path.strip_prefix(&self.root).map(Utf8Path::to_owned));
                }
                paths.sort();
            }
        }
        let root = &self.root;
        let entry = |path: Utf8PathBuf| match kind(&root.join(&path)) {
            Ok(kind) => kind.map(|kind| Ok(Entry { path, kind })),
            Err(error) => Some(Err(error)),
        };
        paths.into_par_iter().filter_map(entry).collect()
    }

    fn paths(&self) -> Result<Vec<Utf8PathBuf>, TreeError> {
        match &self.git {
            Some(git) => Ok(super::git::index_paths(git)?.into_keys().collect()),
            None => Ok(self.entries()?.into_iter().map(|entry| entry.path).collect()),
        }
    }

    fn kind(&self, path: &Utf8Path) -> Result<Option<Kind>, TreeError> {
        kind(&self.root.join(path))
    }

    fn read(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, TreeError> {
        read(&self.root, path)
    }

    fn read_all(&self, paths: &[Utf8PathBuf]) -> Result<Vec<Option<Vec<u8>>>, TreeError> {
        let root = &self.root;
        paths.par_iter().map(|path| read(root, path)).collect()
    }

    fn name(&self) -> String {
        "the work tree".to_owned()
    }
}

fn read(root: &Utf8Path, path: &Utf8Path) -> Result<Option<Vec<u8>>, TreeError> {
    let full = root.join(path);
    let Some(kind) = kind(&full)? else { return Ok(None) };
    if kind == Kind::Link {
        let target = fs_err::read_link(&full)?;
        return Ok(Some(target.to_string_lossy().into_owned().into_bytes()));
    }
    // A folder on the way may be a link that leads out of the repository.
    if !full.canonicalize_utf8()?.starts_with(root) {
        return Err(TreeError::Leaves { path: path.to_owned() });
    }
    let bytes = fs_err::metadata(&full)?.len();
    if bytes > MAX_BYTES {
        return Err(TreeError::TooLarge { path: path.to_owned(), bytes });
    }
    Ok(Some(fs_err::read(&full)?))
}

fn kind(path: &Utf8Path) -> Result<Option<Kind>, TreeError> {
    use std::os::unix::fs::PermissionsExt as _;
    match fs_err::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => Ok(Some(Kind::Link)),
        Ok(meta) if meta.is_file() => {
            Ok(Some(Kind::File { executable: meta.permissions().mode() & 0o100 != 0 }))
        }
        Ok(_) => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error.into()),
    }
}
