//! Where bytes come from: the work tree, git's index, a commit, or a plain folder.
//!
//! Nix reads of a git repository the files that git tracks, with the content they have in the work
//! tree; so does this room. Paths are relative to the flake's folder throughout.

mod error;
mod git;
mod index;
mod nar;
mod since;
mod store;
mod work;

use camino::{Utf8Path, Utf8PathBuf};
use git2::{IndexAddOption, Repository};

pub use error::TreeError;
pub use git::{CommitTree, Staged, read_revision};
pub use index::Untold;
pub use nar::nar_hash;
pub use since::{CommitName, Content, Since, Version};
pub use store::{read_source, source_name};
pub use work::WorkTree;

/// A file larger than this is no Nix code and no lock: it is copied, but not read into memory.
pub const MAX_BYTES: u64 = 64 << 20;

/// What a path in a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File {
        /// Whether it may be executed.
        executable: bool,
    },
    /// A symbolic link; its content is where it points.
    Link,
}

/// A path in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the flake's folder.
    pub path: Utf8PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// Some state of a flake's files.
pub trait Tree {
    /// Every file, sorted by path.
    fn entries(&self) -> Result<Vec<Entry>, TreeError>;

    /// The paths of all files that there may be, sorted, for those who do not ask what each is.
    fn paths(&self) -> Result<Vec<Utf8PathBuf>, TreeError> {
        Ok(self.entries()?.into_iter().map(|entry| entry.path).collect())
    }

    /// What a path is; `None` where nothing is.
    fn kind(&self, path: &Utf8Path) -> Result<Option<Kind>, TreeError>;

    /// The bytes of a file that must not be a link, whose content would be where it points.
    fn read_plain(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, TreeError> {
        match self.kind(path)? {
            Some(Kind::Link) => Err(TreeError::Link { path: path.to_owned() }),
            _ => self.read(path),
        }
    }

    /// The bytes of a file; `None` where there is none.
    fn read(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, TreeError>;

    /// The bytes of many files, in their order.
    fn read_all(&self, paths: &[Utf8PathBuf]) -> Result<Vec<Option<Vec<u8>>>, TreeError> {
        paths.iter().map(|path| self.read(path)).collect()
    }

    /// What to call this state in a message.
    fn name(&self) -> String;
}

/// Has git track all files of a folder, a copy, so that Nix reads of it what it reads of the original.
pub fn track(folder: &Utf8Path) -> Result<(), TreeError> {
    let repository = Repository::init(folder)?;
    let mut index = repository.index()?;
    index.add_all(["*"], IndexAddOption::FORCE, None)?;
    Ok(index.write()?)
}

/// Copies a tree into an empty folder, links and modes kept.
pub fn export(tree: &dyn Tree, to: &Utf8Path) -> Result<(), TreeError> {
    for Entry { path, kind } in tree.entries()? {
        let Some(bytes) = tree.read(&path)? else { continue };
        let target = to.join(&path);
        if let Some(parent) = target.parent() {
            fs_err::create_dir_all(parent)?;
        }
        match kind {
            Kind::Link => {
                let points_to = String::from_utf8_lossy(&bytes).into_owned();
                fs_err::os::unix::fs::symlink(points_to, &target)?;
            }
            Kind::File { executable } => {
                fs_err::write(&target, &bytes)?;
                if executable {
                    use std::os::unix::fs::PermissionsExt as _;
                    fs_err::set_permissions(&target, std::fs::Permissions::from_mode(0o755))?;
                }
            }
        }
    }
    Ok(())
}
