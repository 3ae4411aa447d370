//! Inputs that come to the root although a partition can hold them.

use std::collections::BTreeSet;

use crate::finding::{Code, Finding};
use crate::lock::{Lock, Name};
use crate::partition::{AtHand, Files, Flake, Outline, Partition};

/// An input that brings fewer nodes is not worth a partition of its own.
const HEAVY: usize = 5;

/// The root inputs that were not there `before`, and that a partition holds or can hold.
pub(super) fn findings(flake: &Outline, files: &Files, before: &Lock, at_hand: AtHand<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut heavy = BTreeSet::new();
    for name in flake.lock.root_inputs().keys().map(Name::as_str) {
        if before.root_inputs().contains_key(name) {
            continue;
        }
        match flake.partitions.values().find(|partition| partition.holds.contains(name)) {
            Some(Partition { name: partition, .. }) => {
                let help = format!("remove it from the root: partition `{partition}` declares it");
                findings.push(found(flake, name, &format!("though partition `{partition}` has it"), help));
            }
            None if weight(flake, name) >= HEAVY => {
                heavy.insert(name);
            }
            None => {}
        }
    }
    // Who uses an input takes longer to find out than all the rest, and is rarely asked.
    let whole = if heavy.is_empty() { None } else { Flake::read(files, at_hand).ok() };
    for proposal in whole.iter().flat_map(Flake::proposals) {
        for name in proposal.inputs.iter().filter(|name| heavy.contains(name.as_str())) {
            let why = format!("and only {} need it", proposal.attrs.join(", "));
            let help = format!("`flakepart split --input {name}` moves it into a partition");
            findings.push(found(flake, name, &why, help));
        }
    }
    findings
}

fn weight(flake: &Outline, name: &str) -> usize {
    flake.roots.get(name).map_or(0, |root| root.exclusive_nodes)
}

fn found(flake: &Outline, name: &str, why: &str, help: String) -> Finding {
    let nodes = weight(flake, name);
    let line = flake.declarations.inputs.get(name).map(|declaration| declaration.line);
    let nodes = format!("{nodes} node{}", if nodes == 1 { "" } else { "s" });
    let message = format!("`{}` brings {nodes} to the root, {why}", name.escape_debug());
    Finding::new(Code::HeavyInput, message)
        .at("flake.nix", line)
        .about(name)
        .with(["flake.lock".into()])
        .help(help)
}
