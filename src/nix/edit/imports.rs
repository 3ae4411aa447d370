//! A module put among the `imports` of another, or taken from there.

use super::Edits;
use super::cut::cut_elements;
use super::lines::{comments_within, indentation, is_blank, line_break, line_start};
use crate::nix::code::Node;
use crate::nix::module::module_expressions;
use crate::nix::{NixError, Source};
use rnix::SyntaxKind;

/// Imports the module at `path`, as written (`./dev/partition.nix`), into a module, which of a flake.nix is
/// what it gives to `mkFlake`: at the end of its `imports`, behind what computes them, or as the first that it has.
pub fn add_import(source: &Source, is_flake: bool, path: &str) -> Result<Edits, NixError> {
    let module = if is_flake { "what `mkFlake` gets" } else { "this module" };
    let refused = |line: usize| NixError::CannotEdit { line, what: format!("{module} is no set") };
    let module = module_expressions(source, is_flake).into_iter().next().ok_or_else(|| refused(1))?;
    let line = source.line(module.start());
    let set = set(module).ok_or_else(|| refused(line))?;
    let text = source.text();
    let mut edits = Edits::default();
    let imports = set.bindings().find(|binding| binding.names() == [Some("imports")]);
    let Some(imports) = imports else {
        let mut inherits = set.children().filter(|node| node.kind() == SyntaxKind::NODE_INHERIT);
        if inherits.any(|inherit| inherit.inherited().any(|name| name.name() == Some("imports"))) {
            return Err(refused(line));
        }
        let brace = set.start() + 1;
        match set
            .children()
            .next()
            .filter(|first| is_blank(&text[line_start(text, first.start())..first.start()]))
        {
            Some(first) => {
                let indent = indentation(text, first.start());
                edits.insert(brace, format!("{}{indent}imports = [ {path} ];{0}", line_break(text)));
            }
            None => edits.insert(brace, format!(" imports = [ {path} ];")),
        }
        return Ok(edits);
    };
    let value = imports.value().ok_or_else(|| refused(source.line(imports.start())))?;
    let Some(list) = last_list(value) else {
        // Whatever code computes them, one more stands behind it.
        let (open, close) = if binds_tighter(value) { ("", "") } else { ("(", ")") };
        edits.insert(value.start(), open);
        edits.insert(value.end(), format!("{close} ++ [ {path} ]"));
        return Ok(edits);
    };
    match list.last_child() {
        None if comments_within(source, list.start()..list.end()).next().is_some() => {
            let bracket = line_start(text, list.end() - 1);
            let indent = indentation(text, bracket);
            edits.insert(bracket, format!("{indent}  {path}{}", line_break(text)));
        }
        None => edits.replace(list.start()..list.end(), format!("[ {path} ]")),
        Some(last) if is_blank(&text[line_start(text, last.start())..last.start()]) => {
            // Behind the comment that may stand behind the last one.
            let behind = text[last.end()..list.end()].lines().next().unwrap_or_default();
            let comment = if behind.trim_start().starts_with('#') { behind.len() } else { 0 };
            let indent = indentation(text, last.start());
            edits.insert(last.end() + comment, format!("{}{indent}{path}", line_break(text)));
        }
        Some(last) => edits.insert(last.end(), format!(" {path}")),
    }
    Ok(edits)
}

/// Imports `modules`, as elements of a list, where the one at `path` is imported, as written.
pub fn replace_import(
    source: &Source,
    is_flake: bool,
    path: &str,
    modules: &[String],
) -> Result<Edits, NixError> {
    let mut edits = Edits::default();
    for import in source.imports(is_flake).into_iter().filter(|import| import.literal_path() == Some(path)) {
        let list = import.parent().filter(|list| list.kind() == SyntaxKind::NODE_LIST);
        let list = list.ok_or_else(|| NixError::CannotEdit {
            line: source.line(import.start()),
            what: format!("`{path}` stands in no list of `imports`"),
        })?;
        let text = source.text();
        let begins_line = is_blank(&text[line_start(text, import.start())..import.start()]);
        match modules {
            [] if list.children().count() == 1 => edits.replace(list.start()..list.end(), "[ ]"),
            [] => cut_elements(source, &[import], &mut edits),
            modules if begins_line => {
                let between = format!("{}{}", line_break(text), indentation(text, import.start()));
                edits.replace(import.start()..import.end(), modules.join(&between));
            }
            modules => edits.replace(import.start()..import.end(), modules.join(" ")),
        }
    }
    Ok(edits)
}

/// The set that a module is.
fn set(module: Node<'_>) -> Option<Node<'_>> {
    let node = module.bare();
    match node.kind() {
        SyntaxKind::NODE_ATTR_SET => Some(node),
        SyntaxKind::NODE_LAMBDA | SyntaxKind::NODE_LET_IN | SyntaxKind::NODE_WITH => set(node.last_child()?),
        SyntaxKind::NODE_BIN_OP if node.operator() == Some(SyntaxKind::TOKEN_UPDATE) => {
            // The right one counts where both have `imports`, and who knows what one has that cannot be read.
            set(node.last_child()?)?;
            let sets: Vec<Node<'_>> = node.children().filter_map(set).collect();
            let with_imports = |set: &&Node<'_>| set.bindings().any(|it| it.names() == [Some("imports")]);
            sets.iter().rev().find(with_imports).copied()
        }
        _ => None,
    }
}

/// Whether an expression needs no parentheses in front of a `++`.
fn binds_tighter(value: Node<'_>) -> bool {
    match value.kind() {
        SyntaxKind::NODE_APPLY
        | SyntaxKind::NODE_IDENT
        | SyntaxKind::NODE_PAREN
        | SyntaxKind::NODE_SELECT => true,
        SyntaxKind::NODE_BIN_OP => value.operator() == Some(SyntaxKind::TOKEN_CONCAT),
        _ => false,
    }
}

/// The last list written out in a chain of `++`.
fn last_list(value: Node<'_>) -> Option<Node<'_>> {
    let node = value.bare();
    match node.kind() {
        SyntaxKind::NODE_LIST => Some(node),
        SyntaxKind::NODE_BIN_OP if node.operator() == Some(SyntaxKind::TOKEN_CONCAT) => {
            node.children().filter_map(last_list).last()
        }
        _ => None,
    }
}
