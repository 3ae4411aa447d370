//! Inputs at the root that follow inputs which move: what becomes of them.

use std::collections::BTreeSet;

use super::error::SplitError;
use super::outline::source;
use super::{Files, Flake};
use crate::lock::{Edge, Lock, Name};
use crate::nix::{Declarations, repoint};

/// What becomes of inputs at the root that follow inputs which move. Nix refuses a follows that leads
/// nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followers {
    /// They move, too.
    Move,
    /// What they follow stays at the root with them.
    Keep,
    /// They follow nothing any more: `follows = ""`.
    Cut,
}

impl Flake {
    /// The inputs that stay and follow one of `moving`, each with that one.
    fn followers<'a>(&'a self, moving: &BTreeSet<String>) -> Vec<(&'a str, &'a str)> {
        let followed = self.roots.iter().filter(|(name, _)| moving.contains(*name));
        let pairs = followed.flat_map(|(name, root)| {
            root.followed_by.iter().map(move |follower| (follower.as_str(), name.as_str()))
        });
        pairs.filter(|(follower, _)| !moving.contains(*follower)).collect()
    }

    /// The inputs that move when `inputs` shall, and what follows them is moved along or kept.
    pub(super) fn with_followers(&self, inputs: &[String], followers: Followers) -> Vec<String> {
        let mut moving: BTreeSet<String> = inputs.iter().cloned().collect();
        loop {
            let found = self.followers(&moving);
            let (movers, kept): (BTreeSet<String>, BTreeSet<String>) = found
                .iter()
                .map(|(follower, followed)| ((*follower).to_owned(), (*followed).to_owned()))
                .unzip();
            match followers {
                _ if found.is_empty() => break,
                Followers::Move => moving.extend(movers),
                Followers::Keep => moving.retain(|input| !kept.contains(input)),
                Followers::Cut => break,
            }
        }
        moving.into_iter().collect()
    }

    /// Has the inputs that stay follow none of `inputs`, in flake.nix and in the lock.
    pub(super) fn cut_followers(&self, inputs: &[String], files: &mut Files) -> Result<(), SplitError> {
        let moving: BTreeSet<String> = inputs.iter().cloned().collect();
        if !self.followers(&moving).is_empty() {
            self.editable()?;
        }
        let mut lock = Lock::clone(&self.lock);
        let followers: BTreeSet<&str> =
            self.followers(&moving).into_iter().map(|(follower, _)| follower).collect();
        for follower in followers {
            let Some(declaration) = self.declarations.inputs.get(follower) else { continue };
            for setting in &declaration.settings {
                let follows = setting.string.as_deref().filter(|_| is_override(&setting.path));
                let target = follows.and_then(|follows| follows.split('/').next()).unwrap_or_default();
                if !moving.contains(target) {
                    continue;
                }
                let flake_nix = source(files, "flake.nix")?;
                let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
                let declarations = Declarations::read(&flake_nix)?;
                let edits = repoint(&flake_nix, &declarations, follower, &path, "")?;
                files.insert("flake.nix".into(), edits.apply(flake_nix.text()).into_bytes());
                // `inputs`, a name, `inputs`, a name, `follows`.
                let names = path.iter().skip(1).step_by(2).copied();
                follow_nothing(&mut lock, &std::iter::once(follower).chain(names).collect::<Vec<_>>());
            }
        }
        files.insert("flake.lock".into(), lock.normalized()?.to_bytes());
        Ok(())
    }
}

/// `inputs.x.follows`, and deeper: what a flake.nix has an input of an input follow.
fn is_override(path: &[String]) -> bool {
    path.len() > 1 && path.last().is_some_and(|last| last == "follows")
}

/// Points the follows at an input path to nothing. Nix writes the empty path for it.
fn follow_nothing(lock: &mut Lock, path: &[&str]) {
    let Some((input, way)) = path.split_last() else { return };
    let mut key: Name = lock.root.clone();
    for name in way {
        match lock.nodes.get(&key).and_then(|node| node.inputs.get(*name)) {
            Some(Edge::Node(next)) => key = next.clone(),
            _ => return,
        }
    }
    if let Some(edge) = lock.nodes.get_mut(&key).and_then(|node| node.inputs.get_mut(*input)) {
        *edge = Edge::Follows(Vec::new());
    }
}
