//! The argument pattern of `outputs`, which names inputs.

use rnix::ast;
use rnix::{SyntaxKind, TextRange};
use rowan::ast::AstNode as _;

use super::Edits;
use super::lines::{comment_lines_above, indentation, is_blank, line_break, line_end, line_start};
use crate::nix::declare::{flake_set, outputs_function};
use crate::nix::write::attribute;
use crate::nix::{NixError, Source};

/// Takes names out of the argument pattern of `outputs`.
pub(super) fn remove_arguments(source: &Source, names: &[&str], edits: &mut Edits) -> Result<(), NixError> {
    let flake = flake_set(source)?;
    let Some(ast::Param::Pattern(pattern)) = outputs_function(source, &flake)?.param() else { return Ok(()) };
    let entries: Vec<(TextRange, bool, Option<TextRange>)> = pattern
        .pat_entries()
        .map(|entry| {
            let name = entry.ident().map(|ident| ident.syntax().text().to_string()).unwrap_or_default();
            (entry.syntax().text_range(), names.contains(&name.as_str()), comma_behind(&entry))
        })
        .collect();
    let text = source.text();
    let first_kept = entries.iter().position(|(_, removed, _)| !removed).unwrap_or(entries.len());
    let tail = match pattern.ellipsis_token() {
        Some(_) => entries.len(),
        None => entries.iter().rposition(|(_, removed, _)| !removed).map_or(0, |kept| kept + 1),
    };
    // Nix before 2.20 takes no comma before the closing brace: where there was none, none is left.
    if let (Some((_, true, None)), Some((.., Some(comma)))) =
        (entries.last(), tail.checked_sub(1).and_then(|kept| entries.get(kept)))
        && tail < entries.len()
    {
        edits.cut(usize::from(comma.start()), usize::from(comma.end()));
    }
    let mut comma_before: Option<TextRange> = None;
    for (at, (range, removed, comma)) in entries.iter().enumerate() {
        let leading = comma_before.map(|comma| usize::from(comma.start()));
        comma_before = *comma;
        if !removed {
            continue;
        }
        let (start, end) = (usize::from(range.start()), usize::from(range.end()));
        let line = line_start(text, start);
        let end_with_comma = comma.map_or(end, |comma| usize::from(comma.end()));
        if let Some(leading) = leading.filter(|at| *at >= line && is_blank(&text[line..*at]))
            && at > first_kept
        {
            // `, name` with a line to itself
            let end = comment_behind(text, end);
            edits.cut(with_space_before(text, leading, end), end);
            continue;
        }
        let (start, end) = if is_blank(&text[line..start]) {
            let first = comment_lines_above(source, line);
            let indented = first + text[first..].len() - text[first..].trim_start().len();
            (indented, comment_behind(text, end_with_comma))
        } else {
            (start, end_with_comma)
        };
        if at < tail {
            edits.cut(start, end + text[end..].len() - text[end..].trim_start().len());
        } else {
            edits.cut(with_space_before(text, start, end), end);
        }
    }
    Ok(())
}

/// Puts names into the argument pattern of `outputs`, where it takes only the inputs that it names: an
/// input that it leaves out makes Nix refuse the flake.
pub(super) fn add_arguments(source: &Source, names: &[&str], edits: &mut Edits) -> Result<(), NixError> {
    let flake = flake_set(source)?;
    let Some(ast::Param::Pattern(pattern)) = outputs_function(source, &flake)?.param() else { return Ok(()) };
    if pattern.ellipsis_token().is_some() {
        return Ok(());
    }
    let there: Vec<String> =
        pattern.pat_entries().filter_map(|entry| Some(entry.ident()?.syntax().text().to_string())).collect();
    let names: Vec<&str> =
        names.iter().copied().filter(|name| !there.iter().any(|there| there == name)).collect();
    if let Some(name) = names.iter().find(|name| attribute(name) != **name) {
        return Err(NixError::CannotEdit {
            line: source.line(pattern.syntax().text_range().start()),
            what: format!(
                "the arguments of `outputs` have no `...`, and {} cannot be one of them",
                attribute(name)
            ),
        });
    }
    let brace = pattern
        .syntax()
        .children_with_tokens()
        .find(|element| element.kind() == SyntaxKind::TOKEN_L_BRACE)
        .map(|brace| usize::from(brace.text_range().end()));
    let (Some(brace), false) = (brace, names.is_empty()) else { return Ok(()) };
    let text = source.text();
    let Some(last) = pattern.pat_entries().last() else {
        let space = if text[brace..].starts_with('}') { "" } else { " " };
        edits.insert(brace, format!("{space}{}", names.join(", ")));
        return Ok(());
    };
    let range = last.syntax().text_range();
    let (start, end) = (usize::from(range.start()), usize::from(range.end()));
    let comma = comma_behind(&last).map(|comma| usize::from(comma.end()));
    let before = text[line_start(text, start)..start].trim();
    let line = format!("{}{}", line_break(text), indentation(text, start));
    if before == "," {
        let lines: String = names.iter().map(|name| format!("{line}, {name}")).collect();
        edits.insert(comment_behind(text, end), lines);
    } else if before.is_empty() {
        if comma.is_none() {
            edits.insert(end, ",");
        }
        let trailing = if comma.is_some() { "," } else { "" };
        let lines = names.join(&format!(",{line}"));
        edits.insert(comment_behind(text, comma.unwrap_or(end)), format!("{line}{lines}{trailing}"));
    } else {
        let names = names.join(", ");
        match comma {
            Some(comma) => edits.insert(comma, format!(" {names},")),
            None => edits.insert(end, format!(", {names}")),
        }
    }
    Ok(())
}

/// The start of a hole with the space before it. A line break stays where more stands behind the hole
/// and it may be the end of a comment.
fn with_space_before(text: &str, start: usize, end: usize) -> usize {
    let space = text[..start].trim_end().len();
    let keeps_break = text[line_start(text, space)..space].contains('#')
        && text[space..start].contains('\n')
        && !is_blank(text[end..line_end(text, end)].trim_end());
    if keeps_break { start } else { space }
}

/// Where the comment ends that stands between `offset` and the end of its line, if one does.
fn comment_behind(text: &str, offset: usize) -> usize {
    let behind = text[offset..line_end(text, offset)].trim_end();
    if behind.trim_start().starts_with('#') { offset + behind.len() } else { offset }
}

fn comma_behind(entry: &ast::PatEntry) -> Option<TextRange> {
    std::iter::successors(entry.syntax().next_sibling_or_token(), |element| element.next_sibling_or_token())
        .take_while(|element| element.as_node().is_none())
        .find(|element| element.kind() == SyntaxKind::TOKEN_COMMA)
        .map(|element| element.text_range())
}
