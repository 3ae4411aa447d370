//! What makes the lock of a flake lighter that has no partitions, because flake-parts does not make its
//! outputs.

use std::collections::BTreeSet;

use super::Flake;
use super::layout::DEVELOPMENT;
use crate::lock::{Edge, repository};
use crate::nix::Usage;

/// What else would help, for some inputs of a flake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The inputs, the heaviest first.
    pub inputs: Vec<String>,
    /// What to do with each.
    pub text: String,
}

impl Flake {
    /// What would take weight off the lock without partitions: to remove what nothing uses, to keep what
    /// only development needs in a flake of its own, and to share what is locked more than once.
    #[must_use]
    pub fn without_partitions(&self) -> Vec<Advice> {
        let mut inputs: Vec<&str> = self.roots.keys().map(String::as_str).collect();
        inputs.sort_by_key(|input| std::cmp::Reverse(self.exclusive_nodes(input)));
        let mut all: Vec<Advice> = Vec::new();
        for input in inputs {
            for text in self.advice(input) {
                match all.iter_mut().find(|advice| advice.text == text) {
                    Some(advice) => advice.inputs.push(input.to_owned()),
                    None => all.push(Advice { inputs: vec![input.to_owned()], text }),
                }
            }
        }
        all
    }

    fn advice(&self, input: &str) -> Vec<String> {
        if self.usages.usage(input) == Usage::Unused {
            return vec!["no code names it: remove it if nothing needs it".to_owned()];
        }
        let mut advice = Vec::new();
        let sites = self.usages.sites.get(input).map_or(&[][..], Vec::as_slice);
        let outputs: BTreeSet<&str> =
            sites.iter().flat_map(|site| &site.outputs).map(String::as_str).collect();
        let certain = self.usages.opaque.is_empty() && sites.iter().all(|site| site.certain);
        if certain && !outputs.is_empty() && outputs.iter().all(|output| DEVELOPMENT.contains(output)) {
            let outputs: Vec<&str> = outputs.into_iter().collect();
            let need = if outputs.len() == 1 { "needs" } else { "need" };
            advice.push(format!(
                "only {} {need} it: in a flake of its own, such as ./dev, consumers would not lock it",
                outputs.join(", ")
            ));
        }
        advice.extend(self.own_copies(input).into_iter().map(|(inner, root)| {
            format!(
                "it brings its own {inner}: `inputs.{inner}.follows = \"{root}\"` would share this flake's"
            )
        }));
        advice
    }

    /// The inputs of `input` that are locked by themselves although the root has the same repository:
    /// their names, and the root's.
    fn own_copies(&self, input: &str) -> Vec<(&str, &str)> {
        let node = |key: Option<&str>| self.lock.nodes.get(key?);
        let Some(parent) = node(self.roots.get(input).and_then(|root| root.node.as_deref())) else {
            return Vec::new();
        };
        let mut copies = Vec::new();
        for (inner, edge) in parent.inputs.iter() {
            let Edge::Node(key) = edge else { continue };
            let repository_of = |key| repository(node(Some(key))?.locked.as_ref()?);
            let Some(wanted) = repository_of(key) else { continue };
            let same = self.roots.iter().find(|(name, root)| {
                let own = root.node.as_deref().filter(|own| *own != key && *name != input);
                own.and_then(repository_of).is_some_and(|other| other.eq_ignore_ascii_case(&wanted))
            });
            copies.extend(same.map(|(root, _)| (inner.as_str(), root.as_str())));
        }
        copies
    }
}
