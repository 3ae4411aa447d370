//! What a command is pointed at: a flake's folder, a lock on its own, or standard input.

use std::fs::File;
use std::io::{self, Read as _};
use std::mem::ManuallyDrop;
use std::os::unix::fs::FileExt as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::unfinished::opened;
use super::{Error, Output};
use crate::finding::Finding;
use crate::lock::{LockError, LockFile, MAX_BYTES};
use crate::nix::{Declarations, Source, joined};
use crate::partition::{Files, FlakeError, may_update, unwritten_lock};
use crate::tree::{Entry, Kind, Tree, TreeError, WorkTree};

/// A command's target.
pub(super) enum Target {
    /// A flake.
    Flake(WorkTree),
    /// A lock: its name, and its bytes.
    Lock(Utf8PathBuf, Vec<u8>),
}

impl Target {
    pub(super) fn open(path: Option<&Utf8Path>, output: &Output) -> Result<Target, Error> {
        match path {
            Some(path) if path == "-" => {
                let mut bytes = Vec::new();
                // One more than there may be, to see that there is more.
                let mut stdin = io::stdin().lock().take(MAX_BYTES as u64 + 1);
                let read = stdin.read_to_end(&mut bytes);
                read.map_err(|source| Error::Read { path: "standard input".into(), source })?;
                Ok(Target::Lock("standard input".into(), bytes))
            }
            Some(path) if path.is_file() && path.file_name() != Some("flake.nix") => {
                Ok(Target::Lock(path.to_owned(), read(path)?))
            }
            _ => Ok(Target::Flake(opened(path, output)?)),
        }
    }
}

/// From so many bytes on, a thread of its own reads the second half of a file: what takes time is the memory that
/// is touched for the first time.
const LARGE: usize = 1 << 20;

/// The bytes of a lock file.
fn read(path: &Utf8Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let len = usize::try_from(file.metadata().map_err(failed)?.len()).unwrap_or(usize::MAX);
    match len {
        0..LARGE => std::fs::read(path).map_err(failed),
        LARGE..=MAX_BYTES => halves(&file, len).map_err(failed),
        bytes => Err(Error::Lock { path: path.to_owned(), source: LockError::TooLarge { bytes } }),
    }
}

fn halves(file: &File, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let (first, second) = bytes.split_at_mut(len / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| file.read_exact_at(second, (len / 2) as u64));
        file.read_exact_at(first, 0)?;
        other.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
    })?;
    Ok(bytes)
}

/// The lock that a command is pointed at, and its name: a file, standard input, or that of a flake.
pub(super) fn lock_bytes(lock: Option<&Utf8Path>, output: &Output) -> Result<(Utf8PathBuf, Vec<u8>), Error> {
    match Target::open(lock, output)? {
        Target::Lock(path, bytes) => Ok((path, bytes)),
        Target::Flake(tree) => lock_of(&tree).map_err(|error| error.within(lock)),
    }
}

/// The lock of a flake, and its name. A flake without inputs has one without nodes, though no file.
pub(super) fn lock_of(tree: &WorkTree) -> Result<(Utf8PathBuf, Vec<u8>), Error> {
    let path = from_here(tree.root().join("flake.lock"));
    if let Some(bytes) = tree.read_plain(Utf8Path::new("flake.lock"))? {
        return Ok((path, bytes));
    }
    let flake_nix = tree.read(Utf8Path::new("flake.nix"))?.unwrap_or_default();
    let declarations = Source::parse(&flake_nix).and_then(|source| Declarations::read(&source));
    let declarations = declarations.map_err(|source| FlakeError::Nix { path: "flake.nix".into(), source })?;
    match unwritten_lock(&declarations) {
        Some(bytes) => Ok((path, bytes)),
        None => Err(FlakeError::Missing { path: "flake.lock".into() }.into()),
    }
}

/// The path of a flake's lock as a person who stands in the current folder would write it; that of a flake
/// around this folder goes by its name alone.
pub(super) fn from_here(path: Utf8PathBuf) -> Utf8PathBuf {
    let here = std::env::current_dir().ok().and_then(|here| Utf8PathBuf::from_path_buf(here).ok());
    let Some(here) = here else { return path };
    if path.parent().is_some_and(|folder| here.starts_with(folder)) {
        return path.file_name().unwrap_or_default().into();
    }
    path.strip_prefix(here).map(Utf8Path::to_owned).unwrap_or(path)
}

/// Findings in a flake with their files counted from the top of the repository, as forges want them.
pub(super) fn from_top(tree: &WorkTree, findings: &[Finding]) -> Result<Vec<Finding>, Error> {
    let top = tree.top()?;
    let folder = tree.root().strip_prefix(top).unwrap_or(Utf8Path::new(""));
    Ok(findings.iter().map(|finding| finding.clone().below(folder)).collect())
}

/// The lock in these bytes. It is never freed: the process ends soon, and does that faster as a whole.
pub(super) fn parsed(path: &Utf8Path, bytes: Vec<u8>) -> Result<ManuallyDrop<LockFile>, Error> {
    tracing::debug!(lock = ?path, bytes = bytes.len(), "read");
    let lock = LockFile::parse(bytes).map_err(|source| Error::Lock { path: path.to_owned(), source })?;
    Ok(ManuallyDrop::new(lock))
}

/// The Nix files and locks of a tree, and what else may speak of its locks. A Nix file that is a link is read where the link leads, as long as
/// that is in the tree. The two files that a flake consists of must not be links.
pub(super) fn files(tree: &dyn Tree) -> Result<Files, Error> {
    let entries = tree.entries()?;
    let mut paths = Vec::new();
    let mut links = Vec::new();
    for Entry { path, kind } in &entries {
        let is_read = path.extension() == Some("nix") || path.file_name() == Some("flake.lock");
        if !is_read && !may_update(path) {
            continue;
        }
        if *kind != Kind::Link {
            paths.push(path.clone());
        } else if matches!(path.as_str(), "flake.nix" | "flake.lock") {
            return Err(TreeError::Link { path: path.clone() }.into());
        } else {
            links.push(path);
        }
    }
    tracing::debug!(files = paths.len(), links = links.len(), "read Nix code and locks of {}", tree.name());
    let read = tree.read_all(&paths)?;
    let mut files: Files =
        paths.into_iter().zip(read).filter_map(|(path, bytes)| Some((path, bytes?))).collect();
    for link in links {
        let Some(target) = tree.read(link)? else { continue };
        let Some(target) = joined(link, &String::from_utf8_lossy(&target)) else { continue };
        let at = entries.binary_search_by(|entry| entry.path.cmp(&target)).ok();
        if at.and_then(|at| entries.get(at)).is_some_and(|entry| entry.kind != Kind::Link)
            && let Some(bytes) = tree.read(&target)?
        {
            files.insert(link.clone(), bytes);
        }
    }
    Ok(files)
}
