//! `analyze` for people: what is heavy, and what to do.

use super::finding::findings;
use super::text::{BOLD, CYAN, DIM, GREEN, YELLOW, bold, cell, count, shown, size, styled, wrapped};
use crate::finding::{Code, Level};
use crate::nix::Usage;
use crate::partition::{Analysis, InputSummary, Proposal};

/// How wide the bar of the heaviest input is.
const BAR: usize = 10;

/// The analysis as text of at most 80 columns.
#[must_use]
pub fn analysis(analysis: &Analysis) -> String {
    let mut text = head(analysis);
    text.push_str(&inputs(analysis));
    text.push_str(&several_revisions(analysis));
    for partition in &analysis.partitions {
        let folder =
            partition.folder.as_ref().map_or("a folder that is computed".to_owned(), |f| shown(f.as_str()));
        let nodes =
            partition.nodes.map_or("no lock that can be read".to_owned(), |nodes| count(nodes, "node"));
        text.push_str(&format!(
            "\nPartition {} in {folder}: {nodes}\n",
            styled(BOLD, &shown(&partition.name))
        ));
        text.push_str(&wrapped("  holds   ", &list(&partition.inputs)));
        text.push_str(&wrapped("  serves  ", &list(&partition.attrs)));
    }
    for (index, one) in analysis.proposals.iter().enumerate() {
        text.push_str(&proposal(one, index == 0));
    }
    text.push_str(&staying(analysis));
    let grave: Vec<_> =
        analysis.findings.iter().filter(|finding| finding.level > Level::Note).cloned().collect();
    if !grave.is_empty() {
        text.push('\n');
        text.push_str(&findings(&grave));
    }
    text
}

fn head(analysis: &Analysis) -> String {
    let lock = &analysis.lock;
    let mut facts = vec![count(lock.nodes, "node"), count(lock.root_inputs, "input"), size(lock.bytes)];
    if lock.distinct < lock.nodes {
        facts.push(format!("{} lossless duplicates", lock.nodes - lock.distinct));
    }
    if !lock.unreachable.is_empty() {
        facts.push(format!("{} unreachable", lock.unreachable.len()));
    }
    format!("{}: {}\n\n", bold(&shown(lock.path.as_str())), facts.join(", "))
}

/// The table of root inputs, the heaviest first.
fn inputs(analysis: &Analysis) -> String {
    if analysis.inputs.is_empty() {
        return "No inputs.\n".to_owned();
    }
    let mut inputs: Vec<&InputSummary> = analysis.inputs.iter().collect();
    inputs.sort_by_key(|input| (std::cmp::Reverse(input.exclusive_nodes), input.name.clone()));
    let heaviest = inputs.first().map_or(1, |input| input.exclusive_nodes.max(1));
    let names = inputs.iter().map(|input| textwrap::core::display_width(&shown(&input.name)));
    let width = names.max().unwrap_or(0).clamp(5, 24);
    let head = format!("  {}  owns  {}  used by", cell("input", width), " ".repeat(BAR));
    let mut text = styled(DIM, &head) + "\n";
    for input in inputs {
        let bar = (input.exclusive_nodes * BAR).div_ceil(heaviest);
        let row = format!(
            "  {}  {:>4}  {}  ",
            cell(&shown(&input.name), width),
            input.exclusive_nodes,
            styled(CYAN, &cell(&"█".repeat(bar), BAR)),
        );
        text.push_str(&wrapped(&row, &used_by(input)));
    }
    text.push_str(&styled(DIM, "  owns: nodes that leave the lock with this input"));
    text.push('\n');
    text
}

/// The repositories that are locked more than once; of many only the first.
fn several_revisions(analysis: &Analysis) -> String {
    const NAMED: usize = 3;
    let repeated = analysis.findings.iter().filter(|finding| finding.code == Code::SeveralRevisions);
    let messages: Vec<&str> = repeated.map(|finding| finding.message.as_str()).collect();
    let more = match messages.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more like that"),
    };
    match messages.get(..messages.len().min(NAMED)) {
        None | Some([]) => String::new(),
        Some(named) => {
            wrapped("\n", &shown(&format!("{}{more}: `flakepart why OWNER/REPO`", named.join(", "))))
        }
    }
}

/// The outputs that an input feeds and the first place that says so.
fn used_by(input: &InputSummary) -> String {
    let mut outputs: Vec<&str> =
        input.sites.iter().flat_map(|site| &site.outputs).map(String::as_str).collect();
    outputs.sort_unstable();
    outputs.dedup();
    let Some(first) = input.sites.first() else {
        return match input.usage {
            Usage::Unused if input.followed_by.is_empty() => "nothing".to_owned(),
            Usage::Unused => format!("{}, by follows", input.followed_by.join(", ")),
            _ => "not known".to_owned(),
        };
    };
    let more = match input.sites.len() {
        1 => String::new(),
        sites => format!(" +{}", sites - 1),
    };
    let certain = input.sites.iter().all(|site| site.certain);
    let what = match (outputs.is_empty(), certain) {
        (true, true) => "the flake's modules".to_owned(),
        (true, false) => "maybe any output".to_owned(),
        (false, true) => outputs.join(", "),
        (false, false) => format!("{}, maybe more", outputs.join(", ")),
    };
    shown(&format!("{what} ({}:{}{more})", first.file, first.line))
}

fn proposal(proposal: &Proposal, first: bool) -> String {
    let name = shown(&proposal.partition);
    let mut text = format!("\n{} {}\n", styled(GREEN.bold(), "Proposed partition"), bold(&name));
    text.push_str(&wrapped("  moves   ", &list(&proposal.inputs)));
    text.push_str(&wrapped("  routes  ", &list(&proposal.attrs)));
    text.push_str(&format!("  into    {}\n", shown(proposal.folder.as_str())));
    text.push_str(&format!(
        "  root    {} -> {}; the nested lock has {}\n",
        proposal.root_nodes_before,
        bold(&count(proposal.root_nodes_after, "node")),
        proposal.nested_nodes
    ));
    text.push_str(&wrapped("  why     ", &shown(&proposal.why)));
    let command =
        if first { "flakepart split".to_owned() } else { format!("flakepart split --partition {name}") };
    text.push_str(&format!("  do it   {command}   (--dry-run shows the diff)\n"));
    text
}

/// Why inputs stay where they are, the heavier ones first.
fn staying(analysis: &Analysis) -> String {
    if !analysis.flake_parts {
        let is_flake = analysis.inputs.iter().any(|input| input.usage != Usage::Unknown);
        let why = "Partitions are a feature of flake-parts, which does not make this flake's outputs.";
        return if is_flake { format!("\n{}", wrapped("", why)) } else { String::new() };
    }
    let mut inputs: Vec<&InputSummary> =
        analysis.inputs.iter().filter(|input| analysis.staying.contains_key(&input.name)).collect();
    inputs.sort_by_key(|input| (std::cmp::Reverse(input.exclusive_nodes), input.name.clone()));
    let mut text = String::new();
    if analysis.proposals.is_empty() {
        text.push_str(&format!("\n{}\n", styled(YELLOW, "Nothing to propose.")));
    }
    if !inputs.is_empty() {
        text.push_str("\nAt the root stay\n");
    }
    let names = inputs.iter().map(|input| textwrap::core::display_width(&shown(&input.name)));
    let width = names.max().unwrap_or(0).min(24);
    for input in inputs {
        let Some(blocker) = analysis.staying.get(&input.name) else { continue };
        let place =
            blocker.place.as_ref().map(|(file, line)| format!(" ({file}:{line})")).unwrap_or_default();
        text.push_str(&wrapped(
            &format!("  {}  ", cell(&shown(&input.name), width)),
            &shown(&format!("{}{place}", blocker.reason)),
        ));
    }
    text
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| shown(name)).collect();
    names.join(", ")
}
