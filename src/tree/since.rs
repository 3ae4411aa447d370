//! What came between a base and the work tree: the commits, and the states of a file in them.

use std::collections::HashMap;

use camino::Utf8Path;
use git2::{ErrorCode, ObjectType, Oid, Sort};

use super::git::{CommitTree, blob, commit, short};
use super::work::Git;
use super::{TreeError, WorkTree};

/// More commits than this are not looked through.
const MAX_COMMITS: usize = 20_000;

/// The time since HEAD and a base went their own ways.
pub struct Since<'a> {
    git: &'a Git,
    base: Oid,
    name: String,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitName {
    /// The commit, by its first ten digits.
    pub id: String,
    /// The first line of its message.
    pub subject: String,
}

/// A file as a commit has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The commit.
    pub commit: CommitName,
    /// The content; none where the commit has no such file.
    pub content: Option<Content>,
    /// The commits before it, as numbers in the list of versions: those that the base does not know.
    pub parents: Vec<usize>,
}

/// The content of a file, to be read. The same for the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Content(Oid);

impl WorkTree {
    /// What came since HEAD left the way of `base`: a branch, or any revision.
    pub fn since(&self, base: &str) -> Result<Since<'_>, TreeError> {
        let git = self.git()?;
        let repository = &git.repository;
        let tip = commit(repository, base)?.id();
        let head = commit(repository, "HEAD")?.id();
        let shared = repository.merge_base(head, tip).map_err(|error| match error.code() {
            ErrorCode::NotFound => {
                TreeError::NoMergeBase { rev: base.to_owned(), shallow: repository.is_shallow() }
            }
            _ => error.into(),
        })?;
        Ok(Since { git, base: shared, name: base.to_owned() })
    }
}

impl<'a> Since<'a> {
    /// The last commit that HEAD and the base have in common.
    pub fn base(&self) -> Result<CommitTree<'a>, TreeError> {
        CommitTree::of(self.git, &self.git.repository.find_commit(self.base)?, &self.name)
    }

    /// A file of the flake in every commit since, HEAD's first and each before its parents; none where there
    /// are too many commits.
    pub fn versions(&self, path: &Utf8Path) -> Result<Option<Vec<Version>>, TreeError> {
        let repository = &self.git.repository;
        let path = self.git.prefix.join(path);
        let mut walk = repository.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL)?;
        walk.push_head()?;
        walk.hide(self.base)?;
        let ids = walk.take(MAX_COMMITS + 1).collect::<Result<Vec<Oid>, _>>()?;
        if ids.len() > MAX_COMMITS {
            return Ok(None);
        }
        let numbers: HashMap<Oid, usize> = ids.iter().copied().zip(0..).collect();
        let version = |id: &Oid| {
            let commit = repository.find_commit(*id)?;
            let content = match commit.tree()?.get_path(path.as_std_path()) {
                Ok(entry) if entry.kind() == Some(ObjectType::Blob) => Some(Content(entry.id())),
                Ok(_) => None,
                Err(error) if error.code() == ErrorCode::NotFound => None,
                Err(error) => return Err(error.into()),
            };
            let subject = String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned();
            let parents = commit.parent_ids().filter_map(|parent| numbers.get(&parent).copied()).collect();
            Ok(Version { commit: CommitName { id: short(*id), subject }, content, parents })
        };
        ids.iter().map(version).collect::<Result<_, _>>().map(Some)
    }

    /// The bytes of a content.
    pub fn read(&self, path: &Utf8Path, content: Content) -> Result<Vec<u8>, TreeError> {
        blob(&self.git.repository, path, content.0)
    }
}
