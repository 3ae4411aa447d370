//! What `analyze` knows of a flake or of a bare lock, as the value that every report renders.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::outline::{Root, roots};
use super::{Advice, Blocker, Flake, Proposal};
use crate::credentials;
use crate::finding::Finding;
use crate::lock::{Examined, Graph, Lock, Name, reference};
use crate::nix::{Site, SiteKind, Usage};

/// Everything `analyze` says. Serialises to the contract's JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Analysis {
    /// The version of this form.
    pub schema: u32,
    /// The lock as a whole.
    pub lock: LockSummary,
    /// The root inputs, by name.
    pub inputs: Vec<InputSummary>,
    /// The partitions there are, by name.
    pub partitions: Vec<PartitionSummary>,
    /// The partitions that could be made, the one that takes most nodes off the root first.
    pub proposals: Vec<Proposal>,
    /// What else was found.
    pub findings: Vec<Finding>,
    /// Why each input that is not proposed stays at the root, by name.
    #[serde(skip)]
    pub staying: BTreeMap<String, Blocker>,
    /// What keeps any split from being made, and what to do about it. A lock on its own has none.
    #[serde(skip)]
    pub obstacle: Option<(String, Option<String>)>,
    /// The inputs that nothing keeps at the root, and that are too light for a proposal.
    #[serde(skip)]
    pub light: Vec<String>,
    /// The flakes below this one whose code is not read though code of this one names them: folder, and place.
    #[serde(skip)]
    pub foreign: BTreeMap<Utf8PathBuf, (Utf8PathBuf, usize)>,
    /// What else would help a flake that cannot have partitions.
    #[serde(skip)]
    pub without_partitions: Vec<Advice>,
}

/// A lock as a whole.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LockSummary {
    /// Where it lies.
    pub path: Utf8PathBuf,
    /// The lock file version.
    pub version: u64,
    /// Locked inputs, the root entry not among them.
    pub nodes: usize,
    /// The file's size; 0 where there is none, and none is needed.
    pub bytes: usize,
    /// Root inputs.
    pub root_inputs: usize,
    /// Nodes that remain when lossless duplicates count once.
    pub distinct: usize,
    /// Follows edges.
    pub follows: usize,
    /// The longest way of explicit edges from the root.
    pub max_depth: usize,
    /// Keys of nodes that nothing leads to.
    pub unreachable: Vec<String>,
    /// Whether Nix would write the same bytes.
    pub canonical: bool,
}

/// A root input.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputSummary {
    /// Its name.
    pub name: String,
    /// The key of its node; none where it follows what is not there.
    pub node: Option<String>,
    /// Its flake reference.
    pub reference: Option<String>,
    /// False for `flake = false`.
    pub flake: bool,
    /// Nodes that leave the lock with it.
    pub exclusive_nodes: usize,
    /// Nodes that it leads to.
    pub reachable_nodes: usize,
    /// Root inputs that its subtree follows.
    pub follows: Vec<String>,
    /// Root inputs whose subtree follows into it.
    pub followed_by: Vec<String>,
    /// Whether code uses it.
    pub usage: Usage,
    /// Where.
    pub sites: Vec<SiteSummary>,
}

/// A place in the code.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SiteSummary {
    /// The file, relative to the flake.
    pub file: Utf8PathBuf,
    /// 1-based.
    pub line: usize,
    /// What is done there.
    pub kind: SiteKind,
    /// The flake outputs that it feeds.
    pub outputs: Vec<String>,
    /// False where the code is too dynamic to be sure.
    pub certain: bool,
    /// Why any output may depend on it, where that is so.
    pub why: Option<String>,
    /// Those outputs that have to be made where the input is.
    #[serde(skip)]
    pub direct: BTreeSet<String>,
}

/// A partition.
#[derive(Debug, Serialize)]
pub struct PartitionSummary {
    /// Its name.
    pub name: String,
    /// The folder of its nested flake.
    pub folder: Option<Utf8PathBuf>,
    /// The outputs that come from it.
    pub attrs: Vec<String>,
    /// The inputs of its nested flake.
    pub inputs: Vec<String>,
    /// Nodes in its nested lock.
    pub nodes: Option<usize>,
}

impl Analysis {
    /// Analyses a flake.
    #[must_use]
    pub fn of_flake(flake: &Flake, lock_path: Utf8PathBuf, findings: Vec<Finding>) -> Analysis {
        let proposals = flake.proposals();
        let proposed: BTreeSet<&str> =
            proposals.iter().flat_map(|proposal| &proposal.inputs).map(String::as_str).collect();
        let everything: BTreeSet<&str> = flake.lock.root_inputs().keys().map(Name::as_str).collect();
        let mut staying = BTreeMap::new();
        let mut light = Vec::new();
        let mut inputs = Vec::new();
        for (name, root) in &flake.roots {
            if flake.flake_parts().is_some() && !proposed.contains(name.as_str()) {
                let blocker = flake.blockers(name, &everything).into_iter().next();
                let blocker = blocker.or_else(|| flake.blockers(name, &proposed).into_iter().next());
                match blocker {
                    Some(blocker) => {
                        staying.insert(name.clone(), blocker);
                    }
                    None => light.push(name.clone()),
                }
            }
            let declaration = flake.declarations.inputs.get(name);
            let reference = declaration.and_then(|declaration| declaration.url()).map(credentials::hidden);
            let usage = flake.usages.usage(name);
            let sites = flake.sites(name);
            let is_flake = declaration.is_none_or(|declaration| declaration.is_flake());
            inputs.push(InputSummary {
                reference,
                flake: is_flake,
                usage,
                sites,
                ..InputSummary::of(name, root, &flake.lock)
            });
        }
        let partitions = flake.partitions.values().map(|partition| PartitionSummary {
            name: partition.name.clone(),
            folder: partition.folder.clone(),
            attrs: partition.attrs.iter().cloned().collect(),
            inputs: partition.holds.iter().cloned().collect(),
            nodes: partition.lock.as_ref().map(|lock| Graph::new(lock).nodes()),
        });
        let mut lock = LockSummary::new(lock_path, &Examined::new(&flake.lock));
        if !flake.paths.contains(Utf8Path::new("flake.lock")) {
            lock.bytes = 0;
        }
        Analysis {
            schema: 1,
            lock,
            inputs,
            partitions: partitions.collect(),
            proposals,
            findings,
            staying,
            light,
            foreign: flake.foreign(),
            without_partitions: match flake.flake_parts() {
                None => flake.without_partitions(),
                Some(_) => Vec::new(),
            },
            obstacle: flake.obstacle().map(|obstacle| (obstacle.to_string(), obstacle.hint())),
        }
    }

    /// Analyses a lock file on its own.
    #[must_use]
    pub fn of_lock(path: &Utf8Path, lock: &Examined<'_>, findings: Vec<Finding>) -> Analysis {
        let roots = roots(&lock.inputs);
        let inputs = roots.iter().map(|(name, root)| InputSummary::of(name, root, lock.lock));
        Analysis {
            schema: 1,
            lock: LockSummary::new(path.to_owned(), lock),
            inputs: inputs.collect(),
            partitions: Vec::new(),
            proposals: Vec::new(),
            findings,
            staying: BTreeMap::new(),
            light: Vec::new(),
            foreign: BTreeMap::new(),
            obstacle: None,
            without_partitions: Vec::new(),
        }
    }
}

impl Flake {
    /// The places that touch an input, and those that may.
    #[must_use]
    pub fn sites(&self, input: &str) -> Vec<SiteSummary> {
        let named = self.usages.sites.get(input).into_iter().flatten();
        named.chain(&self.usages.opaque).chain(&self.usages.lock).map(SiteSummary::from).collect()
    }
}

impl LockSummary {
    fn new(path: Utf8PathBuf, examined: &Examined<'_>) -> LockSummary {
        let (lock, graph) = (examined.lock, &examined.graph);
        LockSummary {
            path,
            version: lock.version,
            nodes: graph.nodes(),
            bytes: lock.bytes().len(),
            root_inputs: lock.root_inputs().len(),
            distinct: examined.distinct,
            follows: graph.follows(),
            max_depth: graph.max_depth(),
            unreachable: graph.unreachable().into_iter().map(str::to_owned).collect(),
            canonical: examined.canonical == Some(true),
        }
    }
}

impl InputSummary {
    /// What the lock alone says of an input.
    fn of(name: &str, root: &Root, lock: &Lock) -> InputSummary {
        let node = root.node.as_ref().and_then(|key| lock.nodes.get(key));
        InputSummary {
            name: name.to_owned(),
            node: root.node.clone(),
            reference: node.and_then(|node| node.original.as_ref()).map(reference),
            flake: node.is_none_or(|node| node.flake),
            exclusive_nodes: root.exclusive_nodes,
            reachable_nodes: root.reachable_nodes,
            follows: root.follows.clone(),
            followed_by: root.followed_by.clone(),
            usage: Usage::Unknown,
            sites: Vec::new(),
        }
    }
}

impl From<&Site> for SiteSummary {
    fn from(site: &Site) -> SiteSummary {
        SiteSummary {
            file: site.file.clone(),
            line: site.line,
            kind: site.kind,
            outputs: site.outputs.iter().cloned().collect(),
            certain: site.certain,
            direct: site.direct.clone(),
            why: site.any_output().map(str::to_owned),
        }
    }
}
