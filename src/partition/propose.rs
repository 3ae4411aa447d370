//! Which partitions would take how much off the root.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use serde::Serialize;

use super::Flake;
use super::layout::DEVELOPMENT;
use super::split::aliases_for;

/// An input that owns at least this many nodes is worth a partition of its own making. Of 611 root
/// inputs in real locks, one in ten does (facts/lock-format.md).
const HEAVY: usize = 5;

/// A partition that could be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// Its name.
    pub partition: String,
    /// The inputs that would move, sorted.
    pub inputs: Vec<String>,
    /// The outputs that would come from it, sorted.
    pub attrs: Vec<String>,
    /// The folder of its nested flake.
    pub folder: Utf8PathBuf,
    /// Nodes in the root lock now.
    pub root_nodes_before: usize,
    /// Nodes in the root lock afterwards.
    pub root_nodes_after: usize,
    /// Nodes in the nested lock.
    pub nested_nodes: usize,
    /// The reason, in words.
    pub why: String,
}

impl Flake {
    /// The proposed partitions, the one that takes most nodes off the root first.
    #[must_use]
    pub fn proposals(&self) -> Vec<Proposal> {
        if self.flake_parts().is_none() {
            return Vec::new();
        }
        let movable = self.movable();
        let mut groups: Vec<(BTreeSet<&str>, BTreeSet<String>)> = Vec::new();
        for input in movable.iter().filter(|input| self.deserves_partition(input)) {
            let mut group = (BTreeSet::from([*input]), self.attrs_of(input));
            // Inputs that feed one output belong together: an output has one partition.
            let (sharing, apart): (Vec<_>, Vec<_>) =
                groups.into_iter().partition(|(_, attrs)| !attrs.is_disjoint(&group.1));
            groups = apart;
            for (inputs, attrs) in sharing {
                group.0.extend(inputs);
                group.1.extend(attrs);
            }
            groups.push(group);
        }
        let mut proposals: Vec<Proposal> = groups
            .into_iter()
            .filter_map(|(seeds, attrs)| {
                let mut inputs = seeds.clone();
                inputs.extend(movable.iter().filter(|input| self.attrs_of(input).is_subset(&attrs)));
                self.without_followed(&mut inputs);
                seeds.is_subset(&inputs).then(|| self.proposal(&inputs, &seeds, attrs)).flatten()
            })
            .collect();
        proposals.sort_by_key(|proposal| (proposal.root_nodes_after, proposal.partition.clone()));
        proposals
    }

    /// The inputs that nothing keeps at the root, if they all moved together.
    fn movable(&self) -> BTreeSet<&str> {
        let mut movable: BTreeSet<&str> = self.lock.root_inputs().keys().map(|name| name.as_str()).collect();
        movable.retain(|input| !self.attrs_of(input).is_empty());
        loop {
            let kept: BTreeSet<&str> =
                movable.iter().copied().filter(|input| self.blockers(input, &movable).is_empty()).collect();
            if kept.len() == movable.len() {
                return movable;
            }
            movable = kept;
        }
    }

    /// Takes out what inputs outside of the group follow.
    fn without_followed(&self, inputs: &mut BTreeSet<&str>) {
        loop {
            let kept: BTreeSet<&str> =
                inputs.iter().copied().filter(|input| self.blockers(input, inputs).is_empty()).collect();
            if kept.len() == inputs.len() {
                return;
            }
            *inputs = kept;
        }
    }

    /// Heavy, or of no use to anybody but those who work on the flake.
    fn deserves_partition(&self, input: &str) -> bool {
        let attrs = self.attrs_of(input);
        self.exclusive_nodes(input) >= HEAVY || attrs.iter().all(|attr| DEVELOPMENT.contains(&attr.as_str()))
    }

    fn proposal(
        &self,
        inputs: &BTreeSet<&str>,
        seeds: &BTreeSet<&str>,
        attrs: BTreeSet<String>,
    ) -> Option<Proposal> {
        let names: Vec<&str> = inputs.iter().copied().collect();
        let owned: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let root = self.lock.prune(&names).ok()?;
        let why = self.why(inputs, seeds, &attrs);
        let (partition, folder, nested) = match self.host(&attrs).ok()? {
            Some(host) => {
                let join = self.join(host, &names).ok()?;
                (host.to_owned(), join.folder().to_owned(), join.lock)
            }
            None => {
                let partition = self.partition_name(&owned, &attrs);
                let nested = self.lock.extract(&names, &aliases_for(self, &names)).ok()?;
                (partition.clone(), self.folder(&partition), nested)
            }
        };
        Some(Proposal {
            folder,
            partition,
            inputs: owned,
            attrs: attrs.into_iter().collect(),
            root_nodes_before: self.nodes,
            root_nodes_after: root.nodes.len() - 1,
            nested_nodes: nested.nodes.len() - 1,
            why,
        })
    }

    fn why(&self, inputs: &BTreeSet<&str>, seeds: &BTreeSet<&str>, attrs: &BTreeSet<String>) -> String {
        let outputs = listed(attrs.iter().map(String::as_str));
        let development = attrs.iter().all(|attr| DEVELOPMENT.contains(&attr.as_str()));
        let apart = if development { ", which consumers of the flake never evaluate" } else { "" };
        let heavy: Vec<&str> =
            seeds.iter().copied().filter(|seed| self.exclusive_nodes(seed) >= HEAVY).collect();
        let light: Vec<&str> = inputs.iter().copied().filter(|input| !heavy.contains(input)).collect();
        if heavy.is_empty() {
            let feed = if light.len() == 1 { "feeds" } else { "feed" };
            return format!("{} {feed} only {outputs}{apart}", listed(light.iter().copied()));
        }
        let owns = heavy.iter().map(|input| {
            let nodes = self.exclusive_nodes(input);
            format!("{input} owns {nodes} node{}", if nodes == 1 { "" } else { "s" })
        });
        let owns: Vec<String> = owns.collect();
        let owns = listed(owns.iter().map(String::as_str));
        let need = if attrs.len() == 1 { "needs" } else { "need" };
        let mut why = format!("{owns} that only {outputs} {need}{apart}");
        if !light.is_empty() {
            let names = listed(light.iter().copied());
            let it = if light.len() == 1 { "feeds" } else { "feed" };
            why.push_str(&format!("; {names} {it} no other output and can go along"));
        }
        why
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
