//! The attribute paths of outputs: as people write them, and which of them are meant.

use super::nix::ProveError;

/// The attribute path of an output.
pub(super) type AttrPath = Vec<String>;

/// Outputs whose second level is a system that may be left out.
const PER_SYSTEM: [&str; 7] =
    ["apps", "bundlers", "checks", "devShells", "formatter", "legacyPackages", "packages"];

/// An attribute path as one writes it, names quoted where Nix wants it. What has none is all that nobody
/// came to.
pub(super) fn shown(path: &[String]) -> String {
    if path.is_empty() {
        return "every other output".to_owned();
    }
    let names: Vec<String> = path
        .iter()
        .map(|name| {
            let plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '\''));
            if plain { name.clone() } else { format!("{name:?}") }
        })
        .collect();
    names.join(".")
}

/// Reads an attribute path as one writes it.
pub(super) fn attr_path(text: &str) -> Result<AttrPath, ProveError> {
    let bad = || ProveError::BadAttr { attr: text.to_owned() };
    let mut path = vec![String::new()];
    let mut quoted = false;
    for char in text.trim_start_matches('.').chars() {
        match char {
            '"' => quoted = !quoted,
            '.' if !quoted => path.push(String::new()),
            _ => path.last_mut().ok_or_else(bad)?.push(char),
        }
    }
    if quoted || path.iter().any(String::is_empty) { Err(bad()) } else { Ok(path) }
}

/// Reads several.
pub(super) fn attr_paths(texts: &[String]) -> Result<Vec<AttrPath>, ProveError> {
    texts.iter().map(|text| attr_path(text)).collect()
}

/// Whether an output lies on the way to, at, or below what was asked for; `packages.hello` asks for it
/// on every system.
pub(super) fn agrees(path: &[String], want: &[String]) -> bool {
    let prefix = |path: &[String]| path.iter().zip(want).all(|(a, b)| a == b);
    let on_any_system = match path {
        [output, _system, rest @ ..] => prefix(&[std::slice::from_ref(output), rest].concat()),
        _ => false,
    };
    prefix(path) || on_any_system
}

/// Puts a system into a path that leaves it out.
pub(super) fn with_system(path: &[String], system: &str) -> AttrPath {
    match path {
        [output, rest @ ..] if PER_SYSTEM.contains(&output.as_str()) && !names_system(rest) => {
            [&[output.clone(), system.to_owned()], rest].concat()
        }
        _ => path.to_vec(),
    }
}

/// A path without its system, as people name an output.
pub(super) fn without_system(path: &[String]) -> AttrPath {
    match path {
        [output, rest @ ..] if PER_SYSTEM.contains(&output.as_str()) && names_system(rest) => {
            [std::slice::from_ref(output), rest.get(1..).unwrap_or_default()].concat()
        }
        _ => path.to_vec(),
    }
}

/// Whether this begins with a system.
fn names_system(path: &[String]) -> bool {
    path.first().is_some_and(|name| {
        ["-linux", "-darwin", "-freebsd", "-windows"].iter().any(|kernel| name.ends_with(kernel))
    })
}
