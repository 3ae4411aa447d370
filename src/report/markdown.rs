//! Markdown for a job summary or a comment on a pull request: GitHub's, which GitLab reads as well.

use super::text::{count, shown_short};
use crate::finding::{Finding, Level};

/// So many bytes a report may have: GitHub takes 65,536 characters as a comment, 1 MiB as a job summary.
const LONGEST: usize = 65_000;
/// So many characters of a name or a message are told.
const LONGEST_TEXT: usize = 300;

/// Text that Markdown shows as it is, in a table, too: as code, in which nothing is a link, a mention or
/// HTML. What would end the code, or the cell of the table, is written as HTML has it.
pub(super) fn code(text: &str) -> String {
    let text = shown_short(text, LONGEST_TEXT);
    if !text.is_empty() && !text.contains(['`', '|', '\\']) {
        return format!("`{text}`");
    }
    let plain = |char: char| !char.is_ascii() || char.is_ascii_alphanumeric() || " -,();".contains(char);
    let char = |char: char| if plain(char) { char.to_string() } else { format!("&#{};", char as u32) };
    format!("<code>{}</code>", text.chars().map(char).collect::<String>())
}

/// A table with as many of its rows as there is room for, and the words that the others were left out.
pub(super) fn table(room: usize, head: &[&str], rows: &[String]) -> String {
    let line = vec!["---"; head.len()].join(" | ");
    let mut text = format!("| {} |\n| {line} |\n", head.join(" | "));
    for (told, row) in rows.iter().enumerate() {
        if text.len() + row.len() > room {
            let left = count(rows.len() - told, "more row");
            return text + &format!("\n… and {left}, for which there is no room here\n");
        }
        text.push_str(row);
        text.push('\n');
    }
    text
}

/// How much room a text leaves.
pub(super) fn room(text: &str) -> usize {
    LONGEST.saturating_sub(text.len())
}

/// What is folded up until somebody looks. The title must not come from outside.
pub(super) fn details(title: &str, content: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{content}\n</details>\n")
}

/// Findings as a table, in their order.
pub(super) fn findings_table(room: usize, findings: &[Finding]) -> String {
    let row = |finding: &Finding| {
        let level = match finding.level {
            Level::Error => "❌ error",
            Level::Warning => "⚠️ warning",
            Level::Note => "ℹ️ note",
        };
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        let place = finding.file.as_ref().map(|file| code(&format!("{file}{line}")));
        let help = finding.help.as_ref().map(|help| format!("<br>{}", code(help))).unwrap_or_default();
        let (name, message) = (finding.code.as_str(), code(&finding.message));
        format!("| {level} | `{name}` | {message}{help} | {} |", place.unwrap_or_default())
    };
    table(room, &["", "code", "finding", "place"], &findings.iter().map(row).collect::<Vec<_>>())
}
