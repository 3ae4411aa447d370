//! `gate` for people, and as Markdown for a job summary or a comment.

use super::finding::findings;
use super::markdown::{code, details, findings_table, room, table};
use super::text::{DIM, GREEN, YELLOW, bold, cell, count, shown, shown_short, size, styled, wrapped};
use crate::check::{Gate, GatedLock, Growth, Share};
use crate::lock::Measure;

/// So many inputs of a lock are told to people, and so many commits of an input.
const TOLD: (usize, usize) = (20, 4);
/// So many characters of a commit's subject are told.
const LONGEST_SUBJECT: usize = 60;

/// The sizes, who changed them, and the limits that they break.
#[must_use]
pub fn gate(gate: &Gate) -> String {
    let mut text = String::new();
    for lock in &gate.locks {
        text.push_str(&sizes(lock.file.as_str(), lock.lock, lock.base));
        let told = || lock.growth.iter().take(TOLD.0);
        let names = told().map(|growth| textwrap::core::display_width(&input(growth, shown)));
        let width = names.max().unwrap_or(0).min(24);
        for growth in told() {
            text.push_str(&grown(growth, width));
        }
        if let Some(more @ 1..) = lock.growth.len().checked_sub(TOLD.0) {
            text.push_str(&format!("  and {}\n", count(more, "more input")));
        }
    }
    if gate.locks.len() > 1 {
        text.push_str(&sizes("together", gate.total.lock, gate.total.base));
    }
    text + &findings(&gate.findings)
}

/// `flake.lock: 5 nodes, 2.6 KiB (base: 17 nodes, 9.8 KiB)`
fn sizes(name: &str, lock: Measure, base: Option<Measure>) -> String {
    let measure = |it: Measure| match it.bytes {
        0 => "none".to_owned(),
        bytes => format!("{}, {}", count(it.nodes, "node"), size(bytes)),
    };
    let base = base.map(|base| format!(" (base: {})", measure(base))).unwrap_or_default();
    wrapped("", &format!("{}: {}{base}", bold(&shown(name)), measure(lock)))
}

/// What an input did to the lock: in one line where one commit did it.
fn grown(growth: &Growth, width: usize) -> String {
    let style = if growth.by() > 0 { YELLOW } else { GREEN };
    let by = styled(style, &format!("{:>+5}", growth.by()));
    let head = format!("{by}  {}  ", cell(&input(growth, shown), width));
    if let [share] = growth.commits.as_slice() {
        return wrapped(&head, &author(share, shown));
    }
    let mut text = format!("{}\n", head.trim_end());
    for share in growth.commits.iter().take(TOLD.1) {
        text.push_str(&wrapped(&format!("       {}  ", changes(share)), &author(share, shown)));
    }
    if let Some(more @ 1..) = growth.commits.len().checked_sub(TOLD.1) {
        text.push_str(&styled(DIM, &format!("       and {}\n", count(more, "more commit"))));
    }
    text
}

fn input(growth: &Growth, name: impl Fn(&str) -> String) -> String {
    growth.input.as_deref().map_or("(no input leads there)".to_owned(), name)
}

/// `+5`, `-3` or `+5 -3`
fn changes(share: &Share) -> String {
    let sides = [('+', share.added), ('-', share.removed)].into_iter().filter(|(_, nodes)| *nodes > 0);
    sides.map(|(sign, nodes)| format!("{sign}{nodes}")).collect::<Vec<_>>().join(" ")
}

/// A commit and the first line of its message.
fn author(share: &Share, text: impl Fn(&str) -> String) -> String {
    match (&share.commit, &share.subject) {
        (Some(commit), Some(subject)) => {
            format!("{} {}", text(commit), text(&shown_short(subject, LONGEST_SUBJECT)))
        }
        _ => "not committed yet".to_owned(),
    }
}

/// The same as tables: the limits that are broken, the locks, and, folded up, who changed them.
#[must_use]
pub fn gate_markdown(gate: &Gate) -> String {
    let verdict = match gate.findings.len() {
        0 if !gate.is_limited() => "nothing is limited".to_owned(),
        0 => "✅ within the limits".to_owned(),
        broken => format!("❌ {} broken", count(broken, "limit")),
    };
    let mut text = format!("### Locks: {verdict}\n\n");
    let total = (gate.locks.len() > 1).then(|| row("together", gate.total.lock, gate.total.base));
    let rows =
        gate.locks.iter().map(|lock| row(&code(lock.file.as_str()), lock.lock, lock.base)).chain(total);
    let head = ["lock", "nodes", "change", "size"];
    text.push_str(&table(room(&text), &head, &rows.collect::<Vec<_>>()));
    if !gate.findings.is_empty() {
        let table = findings_table(room(&text), &gate.findings);
        text.push_str(&format!("\n{table}"));
    }
    let rows: Vec<String> = gate.locks.iter().flat_map(grown_rows).collect();
    if !rows.is_empty() {
        let table = table(room(&text), &["lock", "input", "nodes", "change", "commits"], &rows);
        text.push_str(&format!("\n{}", details("Which inputs, in which commits", &table)));
    }
    text
}

fn row(name: &str, lock: Measure, base: Option<Measure>) -> String {
    let change = base.map_or(String::new(), |base| match lock.nodes as i64 - base.nodes as i64 {
        0 => "none".to_owned(),
        by @ 1.. => format!("📈 {by:+}"),
        by => format!("📉 {by}"),
    });
    format!("| {name} | {} | {change} | {} |", lock.nodes, size(lock.bytes))
}

fn grown_rows(lock: &GatedLock) -> Vec<String> {
    let file = code(lock.file.as_str());
    let row = |growth: &Growth| {
        let told = growth.commits.iter().take(TOLD.1);
        let commits = told.map(|share| format!("{} {}", changes(share), author(share, code)));
        let more = growth.commits.len().saturating_sub(TOLD.1);
        let more = (more > 0).then(|| format!("and {}", count(more, "more commit")));
        let commits = commits.chain(more).collect::<Vec<_>>().join("<br>");
        let (name, by) = (input(growth, code), growth.by());
        format!("| {file} | {name} | {} → {} | {by:+} | {commits} |", growth.before, growth.after)
    };
    lock.growth.iter().map(row).collect()
}
