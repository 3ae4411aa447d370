//! What a lock may be at most.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::Budget;
use crate::finding::{Code, Finding};
use crate::lock::{Attrs, Graph, Lock, repository};

/// Every limit of a budget that a lock of so many bytes breaks, but growth: that takes a base.
#[must_use]
pub fn over_budget(path: &Utf8Path, graph: &Graph<'_>, bytes: usize, budget: &Budget) -> Vec<Finding> {
    let over = |what: [&str; 2], limit: Option<usize>, size: &dyn Fn() -> usize| {
        let limit = limit?;
        let size = size();
        (size > limit).then(|| {
            let message = format!("{size} {}; the budget is {limit}", what[usize::from(size != 1)]);
            Finding::new(Code::OverBudget, message).at(path, None).help(analyze(path))
        })
    };
    let over = [
        over(["node", "nodes"], budget.nodes, &|| graph.nodes()),
        over(["byte", "bytes"], budget.bytes, &|| bytes),
        over(["revision of nixpkgs", "revisions of nixpkgs"], budget.nixpkgs, &|| {
            nixpkgs_revisions(graph.lock())
        }),
        over(["input deep", "inputs deep"], budget.depth, &|| graph.max_depth()),
    ];
    over.into_iter().flatten().collect()
}

/// What shows why a lock is as large as it is.
pub(super) fn analyze(path: &Utf8Path) -> String {
    let target = if path == "flake.lock" { String::new() } else { format!(" {path}") };
    format!("`flakepart analyze{target}` shows which input brings what")
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
