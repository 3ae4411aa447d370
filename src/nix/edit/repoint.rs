//! An input pointed elsewhere: one literal changes.

use rnix::ast::{self, LiteralKind};
use rowan::ast::AstNode as _;

use super::Edits;
use crate::nix::Setting;
use crate::nix::declare::{flake_set, inputs_settings};
use crate::nix::syntax::literal_string;
use crate::nix::write::quoted;
use crate::nix::{Declarations, NixError, Source};

/// Gives a setting of an input another value: `["url"]`, or `["inputs", "nixpkgs", "follows"]`. It has to
/// be there, as a string, a path or a URI, and is spelled the same way again where the value allows it.
pub fn repoint(
    source: &Source,
    declarations: &Declarations,
    input: &str,
    setting: &[&str],
    target: &str,
) -> Result<Edits, NixError> {
    let mut expected = declarations.clone();
    let declaration = expected.inputs.get_mut(input);
    let line = declaration.as_ref().map_or(1, |declaration| declaration.line);
    let said =
        declaration.and_then(|declaration| declaration.settings.iter_mut().find(|said| said.path == setting));
    let value = inputs_settings(&flake_set(source)?)
        .into_iter()
        .find(|(path, _)| path.iter().map(String::as_str).eq([input].iter().chain(setting).copied()));
    let (Some(said @ Setting { string: Some(_), .. }), Some((_, value))) = (said, value) else {
        let setting = setting.join(".").escape_debug().to_string();
        let what = format!("input `{}` has no `{setting}` that could be changed", input.escape_debug());
        return Err(NixError::CannotEdit { line, what });
    };
    let range = value.syntax().text_range();
    let text = spelled(&value, target);
    // A path that became a string is read as a reference.
    said.is_path =
        matches!(value, ast::Expr::PathRel(_) | ast::Expr::PathAbs(_)) && !text.starts_with(['"', '/']);
    said.string = Some(target.to_owned());
    said.text.clone_from(&text);
    let mut edits = Edits::default();
    edits.replace(range.into(), text);
    edits.verified(source, &expected, source.line(range.start()))
}

/// A literal for `target` of the kind that `old` is, or a string with quotes where there is none.
fn spelled(old: &ast::Expr, target: &str) -> String {
    let written = old.syntax().text().to_string();
    let text = match written.strip_prefix("''").and_then(|rest| rest.strip_suffix("''")) {
        Some(inside) => {
            let content = inside.trim_start();
            let (margin, end) = (inside.len() - content.len(), content.trim_end().len());
            format!("''{}{target}{}''", &inside[..margin], &content[end..])
        }
        None if matches!(old, ast::Expr::Str(_)) => return quoted(target),
        None => target.to_owned(),
    };
    let Some(read) = Source::parse(text.as_bytes()).ok().and_then(|source| source.expression()) else {
        return quoted(target);
    };
    let means = match (old, &read) {
        (ast::Expr::Str(_), ast::Expr::Str(string)) => literal_string(string),
        (ast::Expr::Literal(_), ast::Expr::Literal(literal))
            if matches!(literal.kind(), LiteralKind::Uri(_)) =>
        {
            Some(read.syntax().text().to_string())
        }
        (ast::Expr::PathRel(_) | ast::Expr::PathAbs(_), ast::Expr::PathRel(_) | ast::Expr::PathAbs(_))
            if !text.contains("${") =>
        {
            Some(read.syntax().text().to_string())
        }
        _ => None,
    };
    if means.as_deref() == Some(target) { text } else { quoted(target) }
}
