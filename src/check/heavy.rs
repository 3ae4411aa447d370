//! Inputs that come to the root although a partition can hold them.

use std::collections::BTreeSet;

use crate::finding::{Code, Finding};
use crate::lock::Lock;
use crate::partition::{AtHand, Flake, Outline, Partition};

/// An input that brings fewer nodes is not worth a partition of its own.
const HEAVY: usize = 5;

/// The root inputs that were not there `before`, and that a partition holds or can hold.
pub(super) fn findings(flake: Outline, before: &Lock, at_hand: AtHand<'_>) -> Vec<Finding> {
    let is_new = |name: &str| !before.root_inputs().contains_key(name);
    let new: BTreeSet<&str> =
        flake.lock.root_inputs().keys().map(|name| name.as_str()).filter(|name| is_new(name)).collect();
    let weight = |name: &str| flake.roots.get(name).map_or(0, |root| root.exclusive_nodes);
    let holding = |name: &str| flake.partitions.values().find(|it: &&Partition| it.holds.contains(name));
    if !new.iter().any(|name| weight(name) >= HEAVY || holding(name).is_some()) {
        return Vec::new();
    }
    let held: Vec<(String, String, String)> = new
        .iter()
        .filter_map(|name| {
            let partition = holding(name)?.name.clone();
            let help = format!("remove it from the root: partition `{partition}` declares it");
            Some(((*name).to_owned(), format!("though partition `{partition}` has it"), help))
        })
        .collect();
    let new: BTreeSet<String> = new.into_iter().map(str::to_owned).collect();
    let flake = Flake::understood(flake, at_hand);
    let weight = |name: &str| flake.roots.get(name).map_or(0, |root| root.exclusive_nodes);
    let mut findings = Vec::new();
    let mut found = |name: &str, why: &str, help: String| {
        let (nodes, line) =
            (weight(name), flake.declarations.inputs.get(name).map(|declaration| declaration.line));
        let nodes = format!("{nodes} node{}", if nodes == 1 { "" } else { "s" });
        let message = format!("`{}` brings {nodes} to the root, {why}", name.escape_debug());
        let finding = Finding::new(Code::HeavyInput, message).at("flake.nix", line).about(name);
        findings.push(finding.with(["flake.lock".into()]).help(help));
    };
    for (name, why, help) in &held {
        found(name, why, help.clone());
    }
    for proposal in flake.proposals() {
        for name in proposal.inputs.iter().filter(|name| new.contains(*name) && weight(name) >= HEAVY) {
            if !held.iter().any(|(known, ..)| known == name) {
                let why = format!("and only {} need it", proposal.attrs.join(", "));
                found(name, &why, format!("`flakepart split --input {name}` moves it into a partition"));
            }
        }
    }
    findings
}
