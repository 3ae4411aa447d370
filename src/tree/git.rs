//! What git holds: the index and commits.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use camino::{Utf8Path, Utf8PathBuf};
use git2::{
    Commit, Delta, Index, IndexEntry, IndexEntryExtendedFlag, ObjectType, Oid, Repository, TreeWalkMode,
    TreeWalkResult,
};

use super::work::{Git, utf8};
use super::{Entry, Kind, MAX_BYTES, Tree, TreeError};

/// The mode bits of a link in git.
const LINK: u32 = 0o120_000;
/// The mode bits of a submodule in git: no file of this repository.
const SUBMODULE: u32 = 0o160_000;

type Blobs = BTreeMap<Utf8PathBuf, (Oid, Kind)>;

fn kind(mode: u32) -> Option<Kind> {
    match mode & 0o170_000 {
        LINK => Some(Kind::Link),
        SUBMODULE => None,
        _ => Some(Kind::File { executable: mode & 0o100 != 0 }),
    }
}

fn shown(path: &[u8]) -> TreeError {
    TreeError::NotUtf8 { path: String::from_utf8_lossy(path).escape_debug().to_string() }
}

/// Of a path that is not merged the index holds several stages, from 1.
fn stage(entry: &IndexEntry) -> u16 {
    entry.flags >> 12 & 3
}

/// git's index: for a hook the one that git is about to commit, which need not be the usual one
/// (`git commit FILE` makes one of its own, and says so in `GIT_INDEX_FILE`).
fn index(git: &Git) -> Result<Index, TreeError> {
    let told = std::env::var_os("GIT_INDEX_FILE").and_then(|path| utf8(path.into()).ok());
    let told = told.and_then(|path| path.canonicalize_utf8().ok());
    let own = utf8(git.repository.path().canonicalize()?)?;
    if let Some(path) = told.filter(|path| path.starts_with(own)) {
        return Ok(Index::open(path.as_std_path())?);
    }
    let mut index = git.repository.index()?;
    index.read(false)?;
    Ok(index)
}

/// Whether git tracks a file of the flake.
pub(super) fn is_tracked(git: &Git, path: &Utf8Path) -> Result<bool, TreeError> {
    let index = index(git)?;
    let path = git.prefix.join(path);
    // With a merge unfinished, a file stands there in three stages instead.
    Ok((0..=3).any(|stage| index.get_path(path.as_std_path(), stage).is_some()))
}

/// The files below the flake's folder that git tracks, those only intended to be added among them.
pub(super) fn index_paths(git: &Git) -> Result<Blobs, TreeError> {
    blobs(git, &index(git)?, |_| true)
}

fn blobs(git: &Git, index: &Index, counts: impl Fn(&IndexEntry) -> bool) -> Result<Blobs, TreeError> {
    let mut blobs = Vec::with_capacity(index.len());
    for entry in index.iter().filter(counts) {
        let Ok(path) = std::str::from_utf8(&entry.path) else {
            // A name that is not UTF-8 is no Nix code and no lock; only a copy would need it.
            if entry.path.starts_with(git.prefix.as_str().as_bytes()) {
                return Err(shown(&entry.path));
            }
            continue;
        };
        if let (Ok(path), Some(kind)) = (Utf8Path::new(path).strip_prefix(&git.prefix), kind(entry.mode)) {
            blobs.push((path.to_owned(), (entry.id, kind)));
        }
    }
    Ok(blobs.into_iter().collect())
}

/// What is staged for the next commit, as paths of the flake.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Staged {
    /// Files that are new or have other content.
    pub changed: BTreeSet<Utf8PathBuf>,
    /// Files that go.
    pub gone: BTreeSet<Utf8PathBuf>,
}

pub(super) fn staged(git: &Git) -> Result<Staged, TreeError> {
    // Before the first commit, everything is new.
    let head = git.repository.head().ok().map(|head| head.peel_to_tree()).transpose()?;
    let diff = git.repository.diff_tree_to_index(head.as_ref(), Some(&index(git)?), None)?;
    let mut staged = Staged::default();
    for delta in diff.deltas() {
        let (files, file) = match delta.status() {
            Delta::Deleted => (&mut staged.gone, delta.old_file()),
            _ => (&mut staged.changed, delta.new_file()),
        };
        // A name that is not UTF-8 is no Nix code and no lock.
        let path = file.path().and_then(Utf8Path::from_path);
        files.extend(path.and_then(|path| path.strip_prefix(&git.prefix).ok()).map(Utf8Path::to_owned));
    }
    Ok(staged)
}

/// A file of the flake as HEAD has it.
pub(super) fn committed(git: &Git, path: &Utf8Path) -> Result<Option<Vec<u8>>, TreeError> {
    let Ok(head) = git.repository.head() else { return Ok(None) };
    let path = git.prefix.join(path);
    match head.peel_to_tree()?.get_path(path.as_std_path()) {
        Ok(entry) if entry.kind() == Some(ObjectType::Blob) => {
            blob(&git.repository, &path, entry.id()).map(Some)
        }
        Ok(_) => Ok(None),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The staged files.
pub struct IndexTree<'a> {
    repository: &'a Repository,
    blobs: Blobs,
}

impl<'a> IndexTree<'a> {
    pub(super) fn open(git: &'a Git) -> Result<Self, TreeError> {
        // What is only intended to be added (`git add -N`) is no part of the next commit.
        let is_staged = |entry: &IndexEntry| {
            let flags = IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended);
            !flags.is_intent_to_add()
        };
        let index = index(git)?;
        if let Some(entry) = index.iter().find(|entry| stage(entry) > 0) {
            let path = String::from_utf8_lossy(&entry.path).escape_debug().to_string();
            return Err(TreeError::Unmerged { path });
        }
        Ok(IndexTree { repository: &git.repository, blobs: blobs(git, &index, is_staged)? })
    }
}

impl Tree for IndexTree<'_> {
    fn entries(&self) -> Result<Vec<Entry>, TreeError> {
        Ok(entries(&self.blobs))
    }

    fn kind(&self, path: &Utf8Path) -> Result<Option<Kind>, TreeError> {
        Ok(self.blobs.get(path).map(|(_, kind)| *kind))
    }

    fn read(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, TreeError> {
        read(self.repository, &self.blobs, path)
    }

    fn name(&self) -> String {
        "the index".to_owned()
    }
}

/// The files of a commit.
pub struct CommitTree<'a> {
    repository: &'a Repository,
    blobs: Blobs,
    name: String,
}

pub(super) fn commit<'a>(repository: &'a Repository, rev: &str) -> Result<Commit<'a>, TreeError> {
    repository.revparse_single(rev).and_then(|object| object.peel_to_commit()).map_err(|source| {
        let shallow = repository.is_shallow();
        TreeError::NoRevision { rev: rev.to_owned(), shallow, source }
    })
}

/// The bytes of a file as a revision has it, in the repository around a folder; `None` where it has no such
/// file. The path counts from the top of the repository, or from the folder where it begins with `./`.
pub fn read_revision(folder: &Utf8Path, rev: &str, path: &str) -> Result<Option<Vec<u8>>, TreeError> {
    let repository = Repository::discover(folder).map_err(|error| match error.code() {
        git2::ErrorCode::NotFound => TreeError::NotGit { folder: folder.to_owned() },
        _ => error.into(),
    })?;
    let path = match (path.strip_prefix("./"), repository.workdir()) {
        (Some(below), Some(top)) => {
            let (folder, top) = (folder.canonicalize_utf8()?, utf8(top.canonicalize()?)?);
            folder.strip_prefix(top).unwrap_or(Utf8Path::new("")).join(below)
        }
        _ => Utf8PathBuf::from(path),
    };
    let entry = match commit(&repository, rev)?.tree()?.get_path(path.as_std_path()) {
        Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(None),
        entry => entry?,
    };
    if entry.kind() != Some(ObjectType::Blob) {
        return Ok(None);
    }
    blob(&repository, &path, entry.id()).map(Some)
}

/// Only so far back a file's coming is looked for.
const MAX_COMMITS: usize = 20_000;
/// A file that came more often than this is no longer told apart.
const MAX_COMINGS: usize = 4;

/// The nearest commits, HEAD among them, that do not have a file of the flake.
pub(super) fn commits_without(git: &Git, path: &Utf8Path) -> Result<Vec<String>, TreeError> {
    let path = git.prefix.join(path);
    let mut without = Vec::new();
    let mut queue = VecDeque::from([git.repository.head()?.peel_to_commit()?.id()]);
    let mut seen: HashSet<Oid> = queue.iter().copied().collect();
    while let Some(id) = queue.pop_front() {
        let commit = git.repository.find_commit(id)?;
        if commit.tree()?.get_path(path.as_std_path()).is_err() {
            without.push(id.to_string());
        } else if seen.len() < MAX_COMMITS {
            queue.extend(commit.parent_ids().filter(|parent| seen.insert(*parent)));
        }
        if without.len() == MAX_COMINGS {
            break;
        }
    }
    Ok(without)
}

impl<'a> CommitTree<'a> {
    pub(super) fn open(git: &'a Git, rev: &str) -> Result<Self, TreeError> {
        CommitTree::of(git, &commit(&git.repository, rev)?, rev)
    }

    /// A commit that somebody calls `rev`.
    pub(super) fn of(git: &'a Git, commit: &Commit<'_>, rev: &str) -> Result<Self, TreeError> {
        let blobs = commit_blobs(git, commit)?;
        let short = short(commit.id());
        let name = if rev.starts_with(&short) { short } else { format!("{rev} ({short})") };
        Ok(CommitTree { repository: &git.repository, blobs, name })
    }
}

/// The first digits of a commit, which name it well enough.
pub(super) fn short(id: Oid) -> String {
    id.to_string().chars().take(10).collect()
}

fn commit_blobs(git: &Git, commit: &Commit<'_>) -> Result<Blobs, TreeError> {
    let mut blobs = Vec::new();
    let mut bad = None;
    commit.tree()?.walk(TreeWalkMode::PreOrder, |folder, entry| {
        if entry.kind() != Some(ObjectType::Blob) {
            return TreeWalkResult::Ok;
        }
        let (Ok(folder), Ok(name)) =
            (std::str::from_utf8(folder.as_bytes()), std::str::from_utf8(entry.name_bytes()))
        else {
            bad.get_or_insert_with(|| shown(entry.name_bytes()));
            return TreeWalkResult::Ok;
        };
        let path = Utf8Path::new(folder).join(name);
        let mode = u32::try_from(entry.filemode()).unwrap_or_default();
        if let (Ok(path), Some(kind)) = (path.strip_prefix(&git.prefix), kind(mode)) {
            blobs.push((path.to_owned(), (entry.id(), kind)));
        }
        TreeWalkResult::Ok
    })?;
    match bad {
        Some(error) => Err(error),
        // In order already, nearly.
        None => Ok(blobs.into_iter().collect()),
    }
}

impl Tree for CommitTree<'_> {
    fn entries(&self) -> Result<Vec<Entry>, TreeError> {
        Ok(entries(&self.blobs))
    }

    fn kind(&self, path: &Utf8Path) -> Result<Option<Kind>, TreeError> {
        Ok(self.blobs.get(path).map(|(_, kind)| *kind))
    }

    fn read(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, TreeError> {
        read(self.repository, &self.blobs, path)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

fn entries(blobs: &Blobs) -> Vec<Entry> {
    blobs.iter().map(|(path, (_, kind))| Entry { path: path.clone(), kind: *kind }).collect()
}

fn read(repository: &Repository, blobs: &Blobs, path: &Utf8Path) -> Result<Option<Vec<u8>>, TreeError> {
    let Some((id, _)) = blobs.get(path) else { return Ok(None) };
    blob(repository, path, *id).map(Some)
}

pub(super) fn blob(repository: &Repository, path: &Utf8Path, id: Oid) -> Result<Vec<u8>, TreeError> {
    let (bytes, _) = repository.odb()?.read_header(id)?;
    if bytes as u64 > MAX_BYTES {
        return Err(TreeError::TooLarge { path: path.to_owned(), bytes: bytes as u64 });
    }
    Ok(repository.find_blob(id)?.content().to_vec())
}
