//! `analyze` as Markdown, for a job summary.

use super::analysis::{facts, heaviest_first, used_by};
use super::markdown::{code, details, findings_table, room, table};
use super::text::count;
use crate::partition::Analysis;

/// The root inputs, the partitions that there are or could be, and what else was found.
#[must_use]
pub fn analysis_markdown(analysis: &Analysis) -> String {
    let mut text =
        format!("**{}**: {}\n", code(analysis.lock.path.as_str()), facts(&analysis.lock).join(", "));
    let inputs = heaviest_first(analysis);
    let inputs = inputs.into_iter().map(|input| {
        format!("| {} | {} | {} |", code(&input.name), input.exclusive_nodes, code(&used_by(input)))
    });
    section(&mut text, "", &["input", "owns", "used by"], inputs.collect());
    let partitions = analysis.partitions.iter().map(|partition| {
        let folder = partition.folder.as_ref().map(|folder| code(folder.as_str())).unwrap_or_default();
        let nodes = partition.nodes.map(|nodes| nodes.to_string()).unwrap_or_default();
        let (name, inputs) = (code(&partition.name), code(&partition.inputs.join(", ")));
        format!("| {name} | {folder} | {nodes} | {inputs} | {} |", code(&partition.attrs.join(", ")))
    });
    let head = ["partition", "folder", "nodes", "holds", "serves"];
    section(&mut text, "Partitions", &head, partitions.collect());
    let proposals = analysis.proposals.iter().map(|proposal| {
        let (before, after) = (proposal.root_nodes_before, proposal.root_nodes_after);
        let (name, inputs) = (code(&proposal.partition), code(&proposal.inputs.join(", ")));
        format!("| {name} | {inputs} | {} | {before} → {after} |", code(&proposal.attrs.join(", ")))
    });
    let head = ["partition", "moves", "routes", "nodes at the root"];
    section(&mut text, "Proposed partitions", &head, proposals.collect());
    if !analysis.findings.is_empty() {
        let table = findings_table(room(&text), &analysis.findings);
        text.push_str(&format!("\n{}", details(&count(analysis.findings.len(), "finding"), &table)));
    }
    text
}

/// A table under its heading, where it has rows.
fn section(text: &mut String, heading: &str, head: &[&str], rows: Vec<String>) {
    if rows.is_empty() {
        return;
    }
    if !heading.is_empty() {
        text.push_str(&format!("\n### {heading}\n"));
    }
    let table = table(room(text), head, &rows);
    text.push_str(&format!("\n{table}"));
}
