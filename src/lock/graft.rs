//! The way back of a cut: inputs of a nested lock become root inputs again.

use std::collections::{BTreeMap, BTreeSet};

use super::cut::{Copy, followers, newly_dangling, relative_to_root};
use super::document::Lock;
use super::error::{GraftError, LockError};

impl Lock {
    /// This lock with the root inputs `inputs` of `nested` besides, as Nix would write it: the way back
    /// of [`Lock::prune`] and [`Lock::extract`]. What follows one of `aliases` there (alias to root input
    /// here) follows the root input.
    ///
    /// # Errors
    /// Where an input is here already, follows what does not come along, or its path is relative to the
    /// nested flake; and where Nix would say of one that it `follows a non-existent input`.
    pub fn graft(
        &self,
        nested: &Lock,
        inputs: &[&str],
        aliases: &BTreeMap<String, String>,
    ) -> Result<Lock, GraftError> {
        let (here, there) = (self.root_inputs(), nested.root_inputs());
        let inputs: BTreeSet<&str> = inputs.iter().copied().collect();
        let unknown = inputs.iter().find(|name| !there.contains_key(**name)).copied();
        let unknown =
            unknown.or_else(|| aliases.values().map(String::as_str).find(|name| !here.contains_key(*name)));
        if let Some(name) = unknown {
            return Err(GraftError::UnknownInput { name: name.to_owned() });
        }
        if let Some(name) = inputs.iter().find(|name| here.contains_key(**name)) {
            return Err(GraftError::Taken { name: (*name).to_owned() });
        }
        // What follows nothing there must not follow something here.
        let caught = |name: &str| {
            !inputs.contains(name)
                && !aliases.contains_key(name)
                && (there.contains_key(name) || here.contains_key(name))
        };
        let followers = followers(nested, inputs.iter().copied(), caught);
        if !followers.is_empty() {
            return Err(GraftError::Leaving { followers });
        }

        let mut copy = Copy::default();
        for (name, edge) in here.iter() {
            copy.subtree(self, name, edge, |_| None, |_| Ok::<(), LockError>(()))?;
        }
        for (name, edge) in there.iter().filter(|(name, _)| inputs.contains(name.as_str())) {
            copy.subtree(
                nested,
                name,
                edge,
                |name| aliases.get(name).cloned(),
                |node| match relative_to_root(node) {
                    Some(reference) => {
                        Err(GraftError::Relative { input: name.to_string(), reference: reference.to_owned() })
                    }
                    None => Ok(()),
                },
            )?;
        }
        let whole = Lock { extra: self.extra.clone(), ..copy.into_lock() }.normalized()?;
        match newly_dangling(nested, &whole) {
            followers if followers.is_empty() || newly_dangling(self, &whole).is_empty() => Ok(whole),
            followers => Err(GraftError::Dangling { followers }),
        }
    }
}
