//! Where an addition goes in a file that is somebody's: found line by line, so that every other byte stays.

use std::ops::Range;

/// What stands below a key: its lines, and how far they are indented.
struct Section {
    lines: Range<usize>,
    indent: usize,
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_content(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with('#')
}

/// The section of YAML below these keys, as far as it is written as a block.
fn section(lines: &[&str], keys: &[&str]) -> Option<Section> {
    let mut found = Section { lines: 0..lines.len(), indent: 0 };
    for key in keys {
        let is_key = |line: &&str| {
            let rest = line.trim_start().strip_prefix(key).and_then(|rest| rest.strip_prefix(':'));
            indent(line) == found.indent && rest.is_some_and(|rest| !is_content(rest))
        };
        let at = found.lines.start + lines[found.lines.clone()].iter().position(is_key)?;
        // The items of a list may stand as far left as their key.
        let is_below = |line: &&&str| {
            let is_item = line.trim() == "-" || line.trim_start().starts_with("- ");
            !is_content(line) || indent(line) > found.indent || (indent(line) == found.indent && is_item)
        };
        let below = lines[at + 1..found.lines.end].iter().take_while(is_below).count();
        let lines_below = &lines[at + 1..at + 1 + below];
        let first = lines_below.iter().find(|line| is_content(line));
        let indent = first.map_or(found.indent + 2, |line| indent(line));
        // Blank lines and comments at the end belong to what comes next. Deeper in, a `#` may be of a script.
        let is_own =
            |line: &&str| is_content(line) || (!line.trim().is_empty() && self::indent(line) > indent);
        let own = lines_below.iter().rposition(is_own).map_or(0, |last| last + 1);
        found = Section { lines: at + 1..at + 1 + own, indent };
    }
    Some(found)
}

/// What stands below these keys, not indented.
pub(super) fn below(text: &str, keys: &[&str]) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let section = section(&lines, keys)?;
    let lines = lines[section.lines].iter().map(|line| line.get(section.indent..).unwrap_or_default());
    Some(lines.map(|line| format!("{line}\n")).collect())
}

/// YAML with a block as the last below these keys.
pub(super) fn placed(text: &str, keys: &[&str], block: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let section = section(&lines, keys)?;
    let margin = " ".repeat(section.indent);
    let block = block.lines().map(|line| format!("{margin}{line}"));
    Some(inserted(text, section.lines.end, block))
}

/// A text with another behind it.
pub(super) fn appended(text: &str, block: &str) -> String {
    let gap = if text.trim().is_empty() { None } else { Some(String::new()) };
    let end = text.trim_end().lines().count();
    inserted(text, end, gap.into_iter().chain(block.lines().map(str::to_owned)))
}

/// A text with lines before the one of this number, 0-based, and with the line ends that it has.
pub(super) fn inserted(text: &str, at: usize, new: impl Iterator<Item = String>) -> String {
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (before, after) = lines.split_at(at.min(lines.len()));
    let mut result = before.concat();
    if !result.is_empty() && !result.ends_with('\n') {
        result.push_str(line_end);
    }
    for line in new {
        result.push_str(&line);
        result.push_str(line_end);
    }
    result + &after.concat()
}
