//! What a lock may be at most.

use std::collections::BTreeSet;

use super::Budget;
use super::rules::FlakeLock;
use crate::finding::{Code, Finding};
use crate::lock::{Attrs, Lock, repository};

/// Every limit of a budget that a lock breaks, but growth: that takes a base.
pub(super) fn over_budget(lock: &FlakeLock<'_>, budget: &Budget) -> Vec<Finding> {
    let graph = &lock.lock.graph;
    let over = |what: [&str; 2], limit: Option<usize>, size: &dyn Fn() -> usize| {
        let limit = limit?;
        let size = size();
        (size > limit).then(|| {
            let path = lock.path();
            let target = if lock.partition.is_none() { String::new() } else { format!(" {path}") };
            Finding::new(
                Code::OverBudget,
                format!("{size} {}; the budget is {limit}", what[usize::from(size != 1)]),
            )
            .at(path, None)
            .help(format!("`flakepart analyze{target}` shows which input brings what"))
        })
    };
    let over = [
        over(["node", "nodes"], budget.nodes, &|| graph.nodes()),
        over(["byte", "bytes"], budget.bytes, &|| lock.lock.bytes.len()),
        over(["revision of nixpkgs", "revisions of nixpkgs"], budget.nixpkgs, &|| {
            nixpkgs_revisions(lock.lock.lock)
        }),
        over(["input deep", "inputs deep"], budget.depth, &|| graph.max_depth()),
    ];
    over.into_iter().flatten().collect()
}

/// Whether a node is nixpkgs, NixOS' own or a copy of it.
pub(super) fn is_nixpkgs(locked: &Attrs) -> bool {
    let repository = repository(locked);
    let repo = repository.as_deref().and_then(|name| name.rsplit('/').next());
    repo.is_some_and(|repo| repo.eq_ignore_ascii_case("nixpkgs")) || channel(locked).is_some()
}

/// The channel that a tarball is of (`https://nixos.org/channels/nixos-unstable/nixexprs.tar.xz`).
pub(super) fn channel(attrs: &Attrs) -> Option<&str> {
    let url = attrs.str("url")?;
    let (_, rest) = ["://nixos.org/channels/", "://channels.nixos.org/"]
        .into_iter()
        .find_map(|place| url.split_once(place))?;
    rest.split('/').next()
}

fn nixpkgs_revisions(lock: &Lock) -> usize {
    let locked = lock.nodes.values().filter_map(|node| node.locked.as_ref());
    let nixpkgs = locked.filter(|locked| is_nixpkgs(locked));
    nixpkgs.filter_map(|locked| locked.str("rev").or(locked.str("narHash"))).collect::<BTreeSet<_>>().len()
}
