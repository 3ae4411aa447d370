//! `analyze` for people: what is heavy, and what to do.

use std::collections::BTreeSet;

use super::finding::findings;
use super::text::{
    BOLD, CYAN, DIM, GREEN, YELLOW, bold, cell, count, is_narrow, shown, size, styled, wrapped,
};
use crate::finding::{Code, Level};
use crate::nix::{SiteKind, Usage};
use crate::partition::{Analysis, Blocker, InputSummary, LockSummary, Proposal, SiteSummary};

/// How wide the bar of the heaviest input is, and on a narrow terminal.
const BAR: (usize, usize) = (10, 4);

/// What stands for the place of an input that no code names.
const UNNAMED: &str = "unnamed";

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
        let name = styled(BOLD, &shown(&partition.name));
        text.push_str(&wrapped("\n", &format!("Partition {name} in {folder}: {nodes}")));
        text.push_str(&wrapped("  holds   ", &list(&partition.inputs)));
        let serves = if partition.attrs.is_empty() { "not known".to_owned() } else { list(&partition.attrs) };
        text.push_str(&wrapped("  serves  ", &serves));
    }
    if !analysis.foreign.is_empty() {
        let folders = analysis.foreign.iter();
        let folders: Vec<String> =
            folders.map(|(folder, (file, line))| shown(&format!("{folder} ({file}:{line})"))).collect();
        text.push_str("\nNot read: flakes of their own\n");
        text.push_str(&wrapped("  ", &some_of(&folders)));
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
    if lock.bytes == 0 {
        let name = bold(&shown(lock.path.as_str()));
        return wrapped("", &format!("{name}: none is needed, since flake.nix declares no inputs"));
    }
    wrapped("", &format!("{}: {}", bold(&shown(lock.path.as_str())), facts(lock).join(", "))) + "\n"
}

/// How large a lock is.
pub(super) fn facts(lock: &LockSummary) -> Vec<String> {
    let mut facts = vec![count(lock.nodes, "node"), count(lock.root_inputs, "input"), size(lock.bytes)];
    if lock.distinct < lock.nodes {
        facts.push(count(lock.nodes - lock.distinct, "lossless duplicate"));
    }
    if !lock.unreachable.is_empty() {
        facts.push(format!("{} unreachable", lock.unreachable.len()));
    }
    facts
}

/// The root inputs, by what they own.
pub(super) fn heaviest_first(analysis: &Analysis) -> Vec<&InputSummary> {
    let mut inputs: Vec<&InputSummary> = analysis.inputs.iter().collect();
    inputs.sort_by_key(|input| (std::cmp::Reverse(input.exclusive_nodes), input.name.clone()));
    inputs
}

/// The table of root inputs, the heaviest first.
fn inputs(analysis: &Analysis) -> String {
    if analysis.inputs.is_empty() {
        return if analysis.lock.bytes == 0 { "" } else { "No inputs.\n" }.to_owned();
    }
    let inputs = heaviest_first(analysis);
    // One node is one cell, as long as that fits.
    let room = if is_narrow() { BAR.1 } else { BAR.0 };
    let heaviest = inputs.first().map_or(room, |input| input.exclusive_nodes.max(room));
    let names = inputs.iter().map(|input| textwrap::core::display_width(&shown(&input.name)));
    let width = names.max().unwrap_or(0).clamp(5, 24);
    let head = format!("  {}  owns  {}  used by", cell("input", width), " ".repeat(room));
    let mut text = styled(DIM, &head) + "\n";
    for input in inputs {
        let bar = (input.exclusive_nodes * room).div_ceil(heaviest);
        let row = format!(
            "  {}  {:>4}  {}  ",
            cell(&shown(&input.name), width),
            input.exclusive_nodes,
            styled(CYAN, &cell(&"█".repeat(bar), room)),
        );
        text.push_str(&wrapped(&row, &used_by(input)));
    }
    let mut notes = vec!["owns: nodes that leave the lock with this input".to_owned()];
    if text.contains("indirectly ") {
        notes.push("indirectly: by way of `self`, or of an input that follows it".to_owned());
    }
    if let Some(places) = analysis.inputs.iter().find_map(|input| unnamed(&code(input))) {
        notes.push(format!("{UNNAMED}: no code names it, but that at {places} may take any input"));
    }
    if analysis.lock.distinct < analysis.lock.nodes {
        notes.push("lossless duplicates: locked again with the same content and the same inputs".to_owned());
    }
    for note in notes {
        text.push_str(&wrapped("  ", &styled(DIM, &shown(&note))));
    }
    text
}

/// The repositories that are locked more than once; of many only the first.
fn several_revisions(analysis: &Analysis) -> String {
    const NAMED: usize = 3;
    let repeated = || analysis.findings.iter().filter(|finding| finding.code == Code::SeveralRevisions);
    let Some(help) = repeated().find_map(|finding| finding.help.as_ref()) else { return String::new() };
    let named: Vec<&str> = repeated().take(NAMED).map(|finding| finding.message.as_str()).collect();
    let more = match repeated().count().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more like that"),
    };
    wrapped("\n", &shown(&format!("{}{more}; {help}", named.join(", "))))
}

/// The places in code that touch an input.
fn code(input: &InputSummary) -> Vec<&SiteSummary> {
    input.sites.iter().filter(|site| site.kind != SiteKind::Follows).collect()
}

/// The first of these places, and how many more there are.
fn places(sites: &[&SiteSummary]) -> Option<String> {
    let (first, more) = sites.split_first()?;
    let more = if more.is_empty() { String::new() } else { format!(" +{}", more.len()) };
    Some(format!("{}:{}{more}", first.file, first.line))
}

/// The places, where all of them are code that may take any input: they are the same for every such input.
fn unnamed(sites: &[&SiteSummary]) -> Option<String> {
    let is_named = |site: &&SiteSummary| !matches!(site.kind, SiteKind::Opaque | SiteKind::Lock);
    places(sites).filter(|_| !sites.iter().any(is_named))
}

/// The outputs that an input feeds and the first place that says so.
pub(super) fn used_by(input: &InputSummary) -> String {
    let sites = code(input);
    let place = match places(&sites) {
        None if input.sites.is_empty() => {
            return if input.usage == Usage::Unused { "nothing" } else { "not known" }.to_owned();
        }
        None => format!("followed by {}", input.followed_by.join(", ")),
        Some(_) if unnamed(&sites).is_some() => UNNAMED.to_owned(),
        Some(places) => places,
    };
    let certain: BTreeSet<&str> = outputs_where(input, true);
    let may: BTreeSet<&str> = &outputs_where(input, false) - &certain;
    // Every output evaluates a flakeModule that is imported, but not every one uses it.
    let is_module = |site: &SiteSummary| site.kind == SiteKind::FlakeModule && !site.outputs.is_empty();
    let (modules, others): (Vec<_>, Vec<_>) =
        input.sites.iter().filter(|site| site.why.is_some()).partition(|site| is_module(site));
    if others.iter().any(|site| site.certain) {
        return shown(&format!("every output ({place})"));
    }
    let any = !others.is_empty();
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
    let what = if modules.is_empty() { what } else { format!("{what}; imported by all") };
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
        text.push_str(&wrapped("  do it   ", &format!("{command}   (--dry-run shows the diff)")));
    }
    text
}

/// What keeps splits from being made, and why inputs stay where they are, the heavier ones first.
fn staying(analysis: &Analysis) -> String {
    let mut text = String::new();
    if analysis.inputs.is_empty() {
        return text;
    }
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
        text.push_str(&wrapped("  ", &some_of(&names)));
        text.push_str(&wrapped("      ", &with_place(&reason, blocker)));
    }
    text
}

/// A reason and its place, which is told once where the reason ends with the file of a module.
fn with_place(reason: &str, blocker: &Blocker) -> String {
    let Some((file, line)) = &blocker.place else { return reason.to_owned() };
    let file = shown(file.as_str());
    if reason.ends_with(&format!(" {file}")) && file != "flake.nix" {
        format!("{reason}:{line}")
    } else {
        format!("{reason} ({file}:{line})")
    }
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
