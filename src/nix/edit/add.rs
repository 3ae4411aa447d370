//! Declarations of another flake.nix moved into this one.

use rnix::ast::{self, HasEntry as _};
use rnix::{SyntaxKind, TextRange};
use rowan::ast::AstNode as _;

use super::Edits;
use super::arguments::add_arguments;
use super::lines::{
    comment_lines_above, ends_its_line, indentation, is_blank, line_break, line_end, line_start,
};
use crate::nix::declare::{attr_path_names, flake_set};
use crate::nix::syntax::unparenthesized;
use crate::nix::{Declaration, Declarations, NixError, Source};

/// Declares inputs that another flake.nix, `from`, declares: in their own words and with the comments
/// that belong to them, behind the inputs that are there and laid out as these are; and among the
/// arguments of `outputs`, where that takes no others than it names.
pub fn add_inputs(
    source: &Source,
    declarations: &Declarations,
    from: &Source,
    added: &[&Declaration],
) -> Result<Edits, NixError> {
    let mut expected = declarations.clone();
    for declaration in added {
        let before = expected.inputs.insert(declaration.name.clone(), (*declaration).clone());
        if let Some(before) = before.filter(|before| !before.is_implicit()) {
            let what = format!("input `{}` is already declared", before.name.escape_debug());
            return Err(NixError::CannotEdit { line: before.line, what });
        }
    }
    let mut edits = Edits::default();
    if !added.is_empty() {
        let place = Place::find(source)?;
        let inputs: Vec<Vec<Binding>> = added.iter().map(|input| bindings(from, input)).collect();
        edits.insert(place.at, place.text(&inputs, line_break(source.text())));
    }
    let names: Vec<&str> = added.iter().map(|declaration| declaration.name.as_str()).collect();
    add_arguments(source, &names, &mut edits)?;
    edits.verified(source, &expected, 1)
}

/// A binding as it stands in an `inputs` block, without indentation.
struct Binding {
    /// The comments above it, one a line.
    comments: Vec<String>,
    /// Its lines.
    lines: Vec<String>,
    /// The comment behind it.
    behind: String,
    /// The binding without line breaks; `None` where a comment inside or a string needs them.
    line: Option<String>,
}

impl Binding {
    /// All its lines, comments too.
    fn lines(&self, prefix: &str) -> Vec<String> {
        let mut lines = self.comments.clone();
        let first = lines.len();
        lines.extend(self.lines.iter().cloned());
        if let Some(name) = lines.get_mut(first) {
            name.insert_str(0, prefix);
        }
        if let Some(last) = lines.last_mut() {
            last.push_str(&self.behind);
        }
        lines
    }

    /// The binding on the line of something else, where it has no comments.
    fn inline(&self, prefix: &str) -> Option<String> {
        let line = self.line.as_ref().filter(|_| self.comments.is_empty() && self.behind.is_empty())?;
        Some(format!("{prefix}{line}"))
    }
}

/// The bindings of an input.
fn bindings(from: &Source, declaration: &Declaration) -> Vec<Binding> {
    let text = from.text();
    let bindings = declaration.bindings.iter().filter_map(|range| {
        let binding = binding_at(from, *range)?;
        let attrs: Vec<ast::Attr> = binding.attrpath()?.attrs().collect();
        let is_flat = binding.syntax().ancestors().filter_map(ast::AttrSet::cast).count() == 1;
        let name = attrs.get(usize::from(is_flat))?.syntax().text_range().start();
        let (start, end) = (usize::from(range.start()), usize::from(range.end()));
        let margin = indentation(text, start);
        let lines: Vec<String> = text[usize::from(name)..end]
            .lines()
            .map(|line| line.strip_prefix(margin).unwrap_or(line.trim_start()).to_owned())
            .collect();
        let behind = if ends_its_line(text, end) { text[end..line_end(text, end)].trim_end() } else { "" };
        let tokens = binding.syntax().descendants_with_tokens().filter_map(|element| element.into_token());
        let words =
            tokens.filter(|token| token.text_range().start() >= name).map(|token| match token.kind() {
                SyntaxKind::TOKEN_WHITESPACE => Some(" ".to_owned()),
                _ => Some(token.text().to_owned())
                    .filter(|text| !text.contains('\n') && !text.starts_with('#')),
            });
        Some(Binding {
            comments: super::comments_above(from, range.start().into()),
            lines,
            behind: behind.to_owned(),
            line: words.collect(),
        })
    });
    bindings.collect()
}

fn binding_at(source: &Source, range: TextRange) -> Option<ast::AttrpathValue> {
    let element = source.root().covering_element(range);
    element.as_node().cloned().and_then(ast::AttrpathValue::cast)
}

/// Where new declarations go, and how they are laid out there.
struct Place {
    at: usize,
    /// Before each name: `inputs.` outside of a block.
    prefix: &'static str,
    layout: Layout,
    /// The indentation of each line.
    indent: String,
}

enum Layout {
    /// In lines of their own, with a blank one before each input or not, and one behind them all or not.
    Lines { apart: bool, blank_behind: bool },
    /// On the line of something else: behind it or before it. `margin` is the line's indentation.
    Inline { margin: String, before: bool },
}

impl Place {
    fn find(source: &Source) -> Result<Place, NixError> {
        let flake = flake_set(source)?;
        // What a flake says about itself is no input.
        let said = top_bindings(&flake).into_iter().filter(|(path, _)| {
            path.first().is_some_and(|name| name == "inputs") && path.get(1).is_none_or(|name| name != "self")
        });
        let said: Vec<(Vec<String>, ast::AttrpathValue)> = said.collect();
        let Some((path, last)) = said.last() else { return Ok(Place::before_outputs(source, &flake)) };
        let named =
            |bindings: &[(Vec<String>, ast::AttrpathValue)], level: usize| -> Vec<(String, TextRange)> {
                let named = bindings.iter().filter_map(|(path, binding)| {
                    Some((path.get(level)?.clone(), binding.syntax().text_range()))
                });
                named.collect()
            };
        if path.len() > 1 {
            return Ok(Place::behind(source, &named(&said, 1), "inputs.", last.syntax().text_range()));
        }
        let Some(ast::Expr::AttrSet(block)) = last.value().map(unparenthesized) else {
            return Ok(Place::before_outputs(source, &flake));
        };
        let inner = named(&top_bindings(&block), 0);
        Ok(match inner.last() {
            Some((_, last)) => Place::behind(source, &inner, "", *last),
            None => Place::inside(source, &block),
        })
    }

    /// Behind the last of the bindings that are there.
    fn behind(
        source: &Source,
        there: &[(String, TextRange)],
        prefix: &'static str,
        last: TextRange,
    ) -> Place {
        let text = source.text();
        let (start, end) = (usize::from(last.start()), usize::from(last.end()));
        let margin = indentation(text, start).to_owned();
        let begins_line = is_blank(&text[line_start(text, start)..start]);
        let indent = if begins_line { margin.clone() } else { deeper(&margin) };
        if !ends_its_line(text, end) {
            let layout = Layout::Inline { margin, before: false };
            return Place { at: end, prefix, layout, indent };
        }
        let at = line_end(text, end);
        let below = text[at..].lines().next().unwrap_or_default().trim();
        // As far apart as the last two inputs.
        let input = there.last().map(|(name, _)| name);
        let first =
            there.iter().rposition(|(name, _)| Some(name) != input).and_then(|before| there.get(before + 1));
        let apart = (below.is_empty() || below.starts_with('}'))
            && first.is_some_and(|(_, range)| {
                let line = comment_lines_above(source, line_start(text, usize::from(range.start())));
                line > 0 && is_blank(text[line_start(text, line - 1)..line].trim_end_matches('\n'))
            });
        Place { at, prefix, layout: Layout::Lines { apart, blank_behind: false }, indent }
    }

    /// Into a block that holds nothing.
    fn inside(source: &Source, block: &ast::AttrSet) -> Place {
        let text = source.text();
        let close = usize::from(block.syntax().text_range().end()).saturating_sub(1);
        let line = line_start(text, close);
        let margin = indentation(text, close).to_owned();
        let indent = deeper(&margin);
        if is_blank(&text[line..close]) {
            // A comment that stands in there is about none of the new inputs.
            let apart = comment_lines_above(source, line) != line;
            let layout = Layout::Lines { apart, blank_behind: false };
            return Place { at: line, prefix: "", layout, indent };
        }
        let at = text[..close].trim_end_matches(' ').len();
        Place { at, prefix: "", layout: Layout::Inline { margin, before: false }, indent }
    }

    /// Before `outputs`, where there are no inputs yet.
    fn before_outputs(source: &Source, flake: &ast::AttrSet) -> Place {
        let text = source.text();
        let bindings = top_bindings(flake);
        let outputs = bindings.iter().find(|(path, _)| path.first().is_some_and(|name| name == "outputs"));
        let start = outputs.map_or(0, |(_, binding)| usize::from(binding.syntax().text_range().start()));
        let indent = indentation(text, start).to_owned();
        let line = line_start(text, start);
        if !is_blank(&text[line..start]) {
            let layout = Layout::Inline { margin: indent.clone(), before: true };
            return Place { at: start, prefix: "inputs.", layout, indent };
        }
        let at = comment_lines_above(source, line);
        let above = text[..at].lines().next_back().unwrap_or_default().trim_end();
        let blank_behind = above.is_empty() || above.ends_with('{');
        Place { at, prefix: "inputs.", layout: Layout::Lines { apart: false, blank_behind }, indent }
    }

    fn text(&self, inputs: &[Vec<Binding>], line_break: &str) -> String {
        let Place { prefix, indent, .. } = self;
        let lines = |apart: bool| -> String {
            let mut text = String::new();
            for input in inputs {
                text.push_str(if apart { line_break } else { "" });
                for line in input.iter().flat_map(|binding| binding.lines(prefix)) {
                    text.push_str(if line.is_empty() { "" } else { indent });
                    text.push_str(&line);
                    text.push_str(line_break);
                }
            }
            text
        };
        match &self.layout {
            Layout::Lines { apart, blank_behind } => {
                lines(*apart) + if *blank_behind { line_break } else { "" }
            }
            Layout::Inline { margin, before } => {
                let inline: Option<Vec<String>> =
                    inputs.iter().flatten().map(|binding| binding.inline(prefix)).collect();
                match inline.map(|bindings| bindings.join(" ")) {
                    Some(bindings) if *before => format!("{bindings} "),
                    Some(bindings) => format!(" {bindings}"),
                    None => format!("{line_break}{}{margin}", lines(false)),
                }
            }
        }
    }
}

/// The bindings of a set, each with the names it is bound to.
fn top_bindings(set: &ast::AttrSet) -> Vec<(Vec<String>, ast::AttrpathValue)> {
    set.attrpath_values()
        .filter_map(|binding| Some((attr_path_names(&binding.attrpath()?), binding)))
        .collect()
}

/// The indentation below `margin`, which is that of a flake's own attributes or of nothing.
fn deeper(margin: &str) -> String {
    format!("{margin}{}", if margin.is_empty() { "  " } else { margin })
}
