//! The limits on the size of locks.

use serde::Serialize;

use crate::finding::{Code, Finding};
use crate::lock::Measure;

/// What a lock may be; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Nodes.
    pub max_nodes: Option<usize>,
    /// Bytes.
    pub max_bytes: Option<usize>,
    /// Nodes more than the base has.
    pub max_growth: Option<usize>,
}

/// A lock held against its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// The version of this form.
    pub schema: u32,
    /// The lock.
    pub lock: Measure,
    /// The lock of the base, where there is one.
    pub base: Option<Measure>,
    /// The limits.
    pub limits: Limits,
    /// Which limits it breaks.
    pub findings: Vec<Finding>,
}

impl Gate {
    /// Holds a lock against its limits.
    #[must_use]
    pub fn new(lock: Measure, base: Option<Measure>, limits: Limits) -> Gate {
        let mut findings = Vec::new();
        let mut over = |code, what: String| {
            findings.push(
                Finding::new(code, what)
                    .at("flake.lock", None)
                    .help("`flakepart analyze` shows which input brings what"),
            );
        };
        let nodes =
            |count: usize, more: &str| format!("{count} {more}node{}", if count == 1 { "" } else { "s" });
        if let Some(limit) = limits.max_nodes.filter(|limit| lock.nodes > *limit) {
            over(Code::OverBudget, format!("{}; the limit is {limit}", nodes(lock.nodes, "")));
        }
        if let Some(limit) = limits.max_bytes.filter(|limit| lock.bytes > *limit) {
            over(Code::OverBudget, format!("{} bytes; the limit is {limit}", lock.bytes));
        }
        if let (Some(base), Some(limit)) = (base, limits.max_growth) {
            let growth = lock.nodes.saturating_sub(base.nodes);
            if growth > limit {
                let more = nodes(growth, "more ");
                let (before, after) = (base.nodes, lock.nodes);
                over(Code::Growth, format!("{more} than before ({before} to {after}); the limit is {limit}"));
            }
        }
        Gate { schema: 1, lock, base, limits, findings }
    }
}
