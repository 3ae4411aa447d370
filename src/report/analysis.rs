//! `analyze` for people: what is heavy, and what to do.

use std::collections::BTreeSet;

use super::finding::findings;
use super::text::{BOLD, CYAN, DIM, GREEN, YELLOW, bold, cell, count, shown, size, styled, wrapped};
use crate::finding::{Code, Level};
use crate::nix::{SiteKind, Usage};
use crate::partition::{Analysis, Blocker, InputSummary, Proposal, SiteSummary};

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
        let serves = if partition.attrs.is_empty() { "not known".to_owned() } else { list(&partition.attrs) };
        text.push_str(&wrapped("  serves  ", &serves));
    }
    for (index, one) in analysis.proposals.iter().enumerate() {
        text.push_str(&proposal(one, index == 0, analysis.obstacle.is_none()));
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
        facts.push(count(lock.nodes - lock.distinct, "lossless duplicate"));
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
    // One node is one cell, as long as that fits.
    let heaviest = inputs.first().map_or(BAR, |input| input.exclusive_nodes.max(BAR));
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
    let mut notes = vec!["owns: nodes that leave the lock with this input"];
    if text.contains("indirectly ") {
        notes.push("indirectly: by way of `self`, or of an input that follows it");
    }
    for note in notes {
        text.push_str(&format!("  {}\n", styled(DIM, note)));
    }
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
    let named: Vec<&SiteSummary> = input.sites.iter().filter(|site| site.kind != SiteKind::Follows).collect();
    let place = match named.as_slice() {
        [] if input.sites.is_empty() => {
            return if input.usage == Usage::Unused { "nothing" } else { "not known" }.to_owned();
        }
        [] => format!("followed by {}", input.followed_by.join(", ")),
        [first] => format!("{}:{}", first.file, first.line),
        [first, more @ ..] => format!("{}:{} +{}", first.file, first.line, more.len()),
    };
    let certain: BTreeSet<&str> = outputs_where(input, true);
    let may: BTreeSet<&str> = &outputs_where(input, false) - &certain;
    if input.sites.iter().any(|site| site.why.is_some() && site.certain) {
        return shown(&format!("every output ({place})"));
    }
    let any = input.sites.iter().any(|site| site.why.is_some());
    let maybe = if any { vec!["any output"] } else { may.into_iter().collect() };
    let direct = |output: &&str| input.sites.iter().any(|site| site.direct.contains(*output));
    let (direct, indirect): (Vec<&str>, Vec<&str>) = certain.into_iter().partition(direct);
    let ways = [("", direct), ("indirectly ", indirect), ("maybe ", maybe)];
    let ways: Vec<String> = ways
        .into_iter()
        .filter(|(_, outputs)| !outputs.is_empty())
        .map(|(way, outputs)| format!("{way}{}", outputs.join(", ")))
        .collect();
    let what = if ways.is_empty() { "no output".to_owned() } else { ways.join(", ") };
    shown(&format!("{what} ({place})"))
}

fn outputs_where(input: &InputSummary, certain: bool) -> BTreeSet<&str> {
    let sites = input.sites.iter().filter(|site| site.certain == certain);
    sites.flat_map(|site| &site.outputs).map(String::as_str).collect()
}

fn proposal(proposal: &Proposal, first: bool, possible: bool) -> String {
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
    if possible {
        text.push_str(&format!("  do it   {command}   (--dry-run shows the diff)\n"));
    }
    text
}

/// What keeps splits from being made, and why inputs stay where they are, the heavier ones first.
fn staying(analysis: &Analysis) -> String {
    let mut text = String::new();
    if let Some((why, hint)) = &analysis.obstacle {
        text.push_str(&wrapped("\n", &format!("{} {}", styled(YELLOW, "No split yet:"), shown(why))));
        if let Some(hint) = hint {
            text.push_str(&wrapped("  hint: ", &shown(hint)));
        }
    } else if analysis.proposals.is_empty()
        && analysis.inputs.iter().any(|input| input.usage != Usage::Unknown)
    {
        text.push_str(&format!("\n{}\n", styled(YELLOW, "Nothing to propose.")));
    }
    let mut inputs: Vec<(&InputSummary, &Blocker)> = analysis
        .inputs
        .iter()
        .filter_map(|input| Some((input, analysis.staying.get(&input.name)?)))
        .collect();
    inputs.sort_by_key(|(input, _)| (std::cmp::Reverse(input.exclusive_nodes), input.name.clone()));
    // Inputs with one reason stand together, where the first of them would.
    let mut reasons: Vec<(String, &Blocker, Vec<String>)> = Vec::new();
    for (input, blocker) in inputs {
        let reason = shown(&blocker.reason.to_string());
        let name = shown(&input.name);
        match reasons.iter_mut().find(|(known, ..)| *known == reason) {
            Some((.., names)) => names.push(name),
            None => reasons.push((reason, blocker, vec![name])),
        }
    }
    if analysis.obstacle.is_none() && !analysis.light.is_empty() {
        text.push_str("\nToo light to propose\n");
        text.push_str(&wrapped("  ", &list(&analysis.light)));
        text.push_str("      `flakepart split --input NAME` moves one all the same\n");
    }
    if !reasons.is_empty() {
        text.push_str("\nAt the root stay\n");
    }
    if !analysis.without_partitions.is_empty() {
        text.push_str("\nWithout partitions\n");
    }
    for advice in &analysis.without_partitions {
        let names: Vec<String> = advice.inputs.iter().map(|name| shown(name)).collect();
        text.push_str(&wrapped("  ", &some_of(&names)));
        text.push_str(&wrapped("      ", &shown(&advice.text)));
    }
    for (reason, blocker, names) in reasons {
        let place = blocker.place.as_ref().map(|(file, line)| shown(&format!(" ({file}:{line})")));
        text.push_str(&wrapped("  ", &some_of(&names)));
        text.push_str(&wrapped("      ", &format!("{reason}{}", place.unwrap_or_default())));
    }
    text
}

/// `a, b, c and 31 more`
fn some_of(names: &[String]) -> String {
    const NAMED: usize = 8;
    let named: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    match names.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| shown(name)).collect();
    names.join(", ")
}
