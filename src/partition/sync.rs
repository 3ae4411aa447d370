//! The root's pins carried into the partitions: after `nix flake update` the root has moved on, and the
//! aliases under which nested flakes pin the same inputs have not.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use thiserror::Error;

use super::outline::source;
use super::pins::ALIAS;
use super::{Files, FlakeError, Outline, Partition};
use crate::change::Changes;
use crate::lock::{ExtractError, GraftError, Lock};
use crate::nix::{Declarations, NixError, Setting, Source, repoint};

/// An alias that gets the pin of the root input that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The partition.
    pub partition: String,
    /// The name in the nested flake.
    pub alias: String,
    /// The root input.
    pub root: String,
    /// What the nested lock had: a revision, or the content's hash.
    pub before: String,
    /// What the root lock has.
    pub after: String,
}

/// What carrying the root's pins into the partitions would do.
#[derive(Debug, Clone, Default)]
pub struct SyncPlan {
    /// The aliases that change, by partition and name.
    pub pins: Vec<Pin>,
    /// The files that change.
    pub changes: Changes,
}

/// Why pins cannot be carried into a partition.
#[derive(Debug, Error)]
pub enum SyncError {
    /// A nested flake.nix cannot be read.
    #[error(transparent)]
    Flake(#[from] FlakeError),
    /// The nested flake says something else about an alias than the root about the input.
    #[error("`{alias}` is declared otherwise than the root's `{root}`")]
    Declared {
        /// The flake.nix of the partition.
        path: Utf8PathBuf,
        /// 1-based.
        line: usize,
        /// The name in the nested flake.
        alias: String,
        /// The root input.
        root: String,
    },
    /// The nested flake.nix cannot be edited.
    #[error("{source}")]
    Edit {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        source: NixError,
    },
    /// The root's pin cannot be taken out of the root lock.
    #[error("the root's inputs cannot be taken along: {0}")]
    Extract(#[from] ExtractError),
    /// The nested lock cannot take it.
    #[error("{source}")]
    Graft {
        /// The lock.
        path: Utf8PathBuf,
        /// Why.
        source: GraftError,
    },
}

impl SyncError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            SyncError::Declared { root, .. } => {
                Some(format!("say the same about it as flake.nix does about `{root}`, then run it again"))
            }
            SyncError::Edit { source, .. } => source.hint().map(str::to_owned),
            SyncError::Extract(error) => error.hint(),
            SyncError::Graft { path, .. } => {
                let folder = path.parent().map_or(".", |folder| folder.as_str());
                Some(format!("`nix flake lock ./{folder}` makes it anew"))
            }
            SyncError::Flake(_) => None,
        }
    }
}

impl SyncPlan {
    /// Plans to carry the root's pins into the aliases (`root-nixpkgs`) of all partitions.
    pub fn make(files: &Files, flake: &Outline) -> Result<SyncPlan, SyncError> {
        let mut plan = SyncPlan::default();
        for partition in flake.partitions.values() {
            if let (Some(folder), Some(nested)) = (&partition.folder, &partition.lock) {
                plan.sync(files, flake, partition, folder, nested)?;
            }
        }
        Ok(plan)
    }

    fn sync(
        &mut self,
        files: &Files,
        flake: &Outline,
        partition: &Partition,
        folder: &Utf8PathBuf,
        nested: &Lock,
    ) -> Result<(), SyncError> {
        let known = flake.lock.root_inputs();
        let aliases: BTreeMap<String, String> = nested
            .root_inputs()
            .keys()
            .filter_map(|alias| {
                let root = alias.strip_prefix(ALIAS).filter(|root| known.contains_key(*root))?;
                Some((root.to_owned(), alias.to_string()))
            })
            .collect();
        if aliases.is_empty() {
            return Ok(());
        }
        let pins = aliases.iter().filter_map(|(root, alias)| {
            let (before, after) = flake.drift(nested, root, alias)?;
            let (partition, alias, root) = (partition.name.clone(), alias.clone(), root.clone());
            Some(Pin { partition, alias, root, before, after })
        });
        self.pins.extend(pins);
        let path = folder.join("flake.nix");
        let before = files.get(&path);
        let after = redeclared(files, flake, &path, &aliases)?;
        self.changes.insert(path, before.cloned(), after);
        let path = folder.join("flake.lock");
        let pinned = flake.lock.extract(&[], &aliases)?;
        let mut rest = nested.clone();
        if let Some(root) = rest.nodes.get_mut(&rest.root) {
            root.inputs.retain(|name, _| !aliases.values().any(|alias| alias == name.as_str()));
        }
        let names: Vec<&str> = aliases.values().map(String::as_str).collect();
        let synced = rest.graft(&pinned, &names, &BTreeMap::new());
        let synced = synced.map_err(|source| SyncError::Graft { path: path.clone(), source })?;
        // What Nix would write anew anyhow is no news.
        if nested.normalized().is_ok_and(|nested| nested != synced) {
            self.changes.insert(path.clone(), files.get(&path).cloned(), Some(synced.to_bytes()));
        }
        Ok(())
    }
}

/// A nested flake.nix whose aliases have the references that the root has; none where there is no such file.
fn redeclared(
    files: &Files,
    flake: &Outline,
    path: &Utf8PathBuf,
    aliases: &BTreeMap<String, String>,
) -> Result<Option<Vec<u8>>, SyncError> {
    if !files.contains_key(path) {
        return Ok(None);
    }
    let edit = |source| SyncError::Edit { path: path.clone(), source };
    let mut nested = source(files, path.as_str())?;
    for (root, alias) in aliases {
        let declarations = Declarations::read(&nested).map_err(edit)?;
        let (Some(here), Some(there)) = (flake.declarations.inputs.get(root), declarations.inputs.get(alias))
        else {
            continue;
        };
        let agree = said(&here.settings, aliases) == said(&there.settings, &BTreeMap::new());
        match (here.url(), there.url()) {
            (Some(url), Some(old)) if agree => {
                if url != old {
                    let edits = repoint(&nested, &declarations, alias, &["url"], url).map_err(edit)?;
                    let text = edits.apply(nested.text());
                    nested = Source::parse(text.as_bytes()).map_err(edit)?;
                }
            }
            (None, None) if agree => {}
            _ => {
                let (path, line) = (path.clone(), there.line);
                return Err(SyncError::Declared { path, line, alias: alias.clone(), root: root.clone() });
            }
        }
    }
    Ok(Some(nested.text().as_bytes().to_vec()))
}

/// All that is said about an input but its URL, with follows of root inputs pointed at their aliases.
fn said(settings: &[Setting], aliases: &BTreeMap<String, String>) -> BTreeMap<Vec<String>, String> {
    let value = |setting: &Setting| {
        let text = setting.string.as_deref().unwrap_or(&setting.text);
        let is_follows = setting.path.last().is_some_and(|last| last == "follows");
        let (first, rest) = text.split_once('/').map_or((text, None), |(first, rest)| (first, Some(rest)));
        match (aliases.get(first).filter(|_| is_follows), rest) {
            (Some(alias), Some(rest)) => format!("{alias}/{rest}"),
            (Some(alias), None) => alias.clone(),
            (None, _) => text.to_owned(),
        }
    };
    let settings = settings.iter().filter(|setting| setting.path != ["url"]);
    settings.map(|setting| (setting.path.clone(), value(setting))).collect()
}
