//! A plan: the diff, a summary for people, and the contract's JSON.

use anstyle::Style;
use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::finding::findings;
use super::text::{BOLD, CYAN, GREEN, RED, bold, count, shown, styled, wrapped};
use crate::change::Action;
use crate::finding::Finding;
use crate::partition::{Moved, Plan, Way};
use crate::prove::Proof;

/// The contract's form of a plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanJson<'a> {
    schema: u32,
    /// The first partition's name, its folder; all inputs and outputs.
    partition: Option<&'a str>,
    inputs: Vec<&'a str>,
    attrs: Vec<&'a str>,
    folder: Option<Utf8PathBuf>,
    partitions: &'a [Moved],
    files: Vec<FileJson>,
    root_nodes_before: usize,
    root_nodes_after: usize,
    nested_nodes: usize,
    notes: &'a [Finding],
    proof: Option<&'a Proof>,
    applied: bool,
}

#[derive(Debug, Serialize)]
struct FileJson {
    path: Utf8PathBuf,
    action: Action,
}

impl<'a> PlanJson<'a> {
    /// The form of a plan, its proof where there is one, and whether it was applied.
    #[must_use]
    pub fn new(plan: &'a Plan, proof: Option<&'a Proof>, applied: bool) -> Self {
        let first = plan.partitions.first();
        let all = |names: fn(&Moved) -> &Vec<String>| {
            let mut all: Vec<&str> = plan.partitions.iter().flat_map(names).map(String::as_str).collect();
            all.sort_unstable();
            all
        };
        PlanJson {
            schema: 1,
            partition: first.map(|moved| moved.partition.as_str()),
            inputs: all(|moved| &moved.inputs),
            attrs: all(|moved| &moved.attrs),
            folder: first.map(|moved| moved.folder.clone()),
            partitions: &plan.partitions,
            files: plan
                .changes
                .actions()
                .map(|(path, action)| FileJson { path: path.to_owned(), action })
                .collect(),
            root_nodes_before: plan.root_nodes_before,
            root_nodes_after: plan.root_nodes_after,
            nested_nodes: plan.partitions.iter().map(|moved| moved.nested_nodes).sum(),
            notes: &plan.notes,
            proof,
            applied,
        }
    }
}

/// A unified diff for a terminal: in colors, and without anything that could turn on the terminal.
#[must_use]
pub fn colored_diff(diff: &str) -> String {
    diff.lines()
        .map(|line| {
            let style = match line {
                _ if ["diff --git", "+++", "---"].iter().any(|head| line.starts_with(head)) => BOLD,
                _ if line.starts_with("@@") => CYAN,
                _ if line.starts_with('+') => GREEN,
                _ if line.starts_with('-') => RED,
                _ => Style::new(),
            };
            let cells: Vec<String> = line.split('\t').map(shown).collect();
            styled(style, &cells.join("\t")) + "\n"
        })
        .collect()
}

/// What a plan does, in a few lines.
#[must_use]
pub fn plan(plan: &Plan) -> String {
    let mut text = String::new();
    for moved in &plan.partitions {
        text.push_str(&format!("Partition {}\n", bold(&shown(&moved.partition))));
        let (moves, routes, into, pins) = match plan.way {
            Way::Split => ("moves ", "routes", "into  ", "pins  "),
            Way::Merge { .. } => ("brings", "frees ", "from  ", "drops "),
        };
        text.push_str(&wrapped(&format!("  {moves}  "), &shown(&moved.inputs.join(", "))));
        text.push_str(&wrapped(&format!("  {routes}  "), &shown(&moved.attrs.join(", "))));
        text.push_str(&format!(
            "  {into}  {}: {}\n",
            shown(moved.folder.as_str()),
            count(moved.nested_nodes, "node")
        ));
        for (root, alias) in &moved.aliases {
            let why = match plan.way {
                Way::Split => format!("{alias} = the root's {root}, which a nested flake cannot follow"),
                Way::Merge { .. } => format!("{alias}: it is the root's {root} again"),
            };
            text.push_str(&wrapped(&format!("  {pins}  "), &shown(&why)));
        }
    }
    text.push_str(&format!(
        "  root    {} -> {}\n",
        plan.root_nodes_before,
        bold(&count(plan.root_nodes_after, "node"))
    ));
    let moved: Vec<_> = plan.partitions.iter().flat_map(|moved| &moved.renamed).collect();
    for (from, to) in &moved {
        text.push_str(&wrapped("  move    ", &shown(&format!("{from} to {to}"))));
    }
    let unmoved =
        |path: &Utf8Path| moved.iter().all(|(from, to)| path != from.as_path() && path != to.as_path());
    for (path, action) in plan.changes.actions().filter(|(path, _)| unmoved(path)) {
        let verb = match action {
            Action::Create => "create",
            Action::Edit => "edit  ",
            Action::Delete => "delete",
        };
        text.push_str(&format!("  {verb}  {}\n", shown(path.as_str())));
    }
    text.push('\n');
    text.push_str(&findings(&plan.notes));
    text
}
