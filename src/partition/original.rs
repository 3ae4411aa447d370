//! What Nix writes as an input's `original`, from what flake.nix says of it (Nix: `src/libfetchers`,
//! `inputFromURL` of each type). Only forms of which that is certain.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::lock::Attrs;
use crate::nix::Declaration;

type Original = BTreeMap<String, Value>;

/// The endings that make a URL one of an archive (Nix: `src/libfetchers/tarball.cc`).
const ARCHIVES: [&str; 8] = [".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst", ".crate"];

/// Whether the lock's `original` is what the declaration says; `None` where that is not certain.
pub(super) fn is_original(declaration: &Declaration, original: &Attrs) -> Option<bool> {
    let declared = match declaration.url() {
        // A URL beside a type is not that of a reference, and newer Nix writes it in another way.
        Some(_) if declaration.setting(&["type"]).is_some() => return None,
        Some(url) => of_url(url)?,
        None => of_attributes(declaration)?,
    };
    let text = |name| declared.get(name).and_then(Value::as_str);
    // Nix writes a revision in small letters, and an empty folder not at all.
    if text("rev").is_some_and(|rev| rev.contains(char::is_uppercase)) || text("dir") == Some("") {
        return None;
    }
    // A lock may hold the hash of what was declared, too.
    let is_told = |name: &str| !matches!(name, "narHash" | "lastModified") || declared.contains_key(name);
    let locked: Original = original
        .iter()
        .filter(|(name, _)| is_told(name))
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    Some(declared == locked)
}

/// `{ type = "github"; owner = "NixOS"; … }` as it is. An input without any attributes is indirect.
fn of_attributes(declaration: &Declaration) -> Option<Original> {
    let mut original = Original::new();
    for setting in &declaration.settings {
        let [name] = setting.path.as_slice() else { continue };
        match (name.as_str(), &setting.string, setting.text.as_str()) {
            ("flake", ..) => {}
            ("follows", ..) => return None,
            (name, Some(text), _) if !setting.is_path => {
                original.insert(name.to_owned(), text.clone().into());
            }
            (name, None, "true" | "false") => {
                original.insert(name.to_owned(), (setting.text == "true").into());
            }
            _ => return None,
        }
    }
    if original.is_empty() {
        return Some(indirect(&[declaration.name.as_str()]));
    }
    // Without a type, Nix refuses the flake.
    original.contains_key("type").then_some(original)
}

fn of_url(url: &str) -> Option<Original> {
    // What is written with escapes, Nix decodes.
    if url.contains(['%', '#']) {
        return None;
    }
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    // Newer Nix escapes what it need not: `0.1.*.tar.gz` becomes `0.1.%2A.tar.gz`.
    let plain = |char: char| char.is_ascii_alphanumeric() || "-._~/:@[]".contains(char);
    if !place.split_once(':').map_or(place, |(_, rest)| rest).chars().all(plain) {
        return None;
    }
    let mut original = match place.split_once(':') {
        None => indirect(&parts_of_id(place)?),
        Some(("flake", id)) => indirect(&parts_of_id(id)?),
        Some((forge @ ("github" | "gitlab" | "sourcehut"), path)) => of_forge(forge, path)?,
        Some(("path", path)) if !path.starts_with("//") => {
            Original::from([("type".to_owned(), "path".into()), ("path".to_owned(), path.into())])
        }
        Some((scheme, rest)) if rest.starts_with("//") => of_scheme(scheme, rest, place)?,
        Some(_) => return None,
    };
    let in_url = original.contains_key("url");
    let is_forge = original.contains_key("repo");
    let is_of = |kind: &str| original.get("type").is_some_and(|of| of == kind);
    let (is_git, is_hg) = (is_of("git"), is_of("hg"));
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=')?;
        let value: Value = match (name, value) {
            // In a URL, older Nix leaves it there, too.
            ("dir", text) if !in_url => text.into(),
            ("host", text) if is_forge => text.into(),
            ("ref" | "rev", text) if is_forge || is_git || is_hg => text.into(),
            ("submodules" | "shallow", "1") if is_git => true.into(),
            _ => return None,
        };
        // Which of two counts is not certain.
        if original.insert(name.to_owned(), value).is_some() {
            return None;
        }
    }
    Some(original)
}

fn is_rev(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn of_forge(forge: &str, path: &str) -> Option<Original> {
    let parts: Vec<&str> = path.split('/').collect();
    if parts.contains(&"") {
        return None;
    }
    let (owner, repo, more) = match parts.as_slice() {
        [owner, repo] => (owner, repo, None),
        [owner, repo, more] => (owner, repo, Some(*more)),
        _ => return None,
    };
    let named = [("type", forge), ("owner", owner), ("repo", repo)];
    let more = more.map(|more| (if is_rev(more) { "rev" } else { "ref" }, more));
    Some(named.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value.into())).collect())
}

/// `nixpkgs`, `nixpkgs/nixos-unstable`, `nixpkgs/nixos-unstable/REV`.
fn parts_of_id(text: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = text.split('/').collect();
    let id = parts.first()?;
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    let is_id = id.starts_with(|char: char| char.is_ascii_alphabetic()) && id.chars().all(plain);
    (is_id && parts.len() <= 3 && parts.iter().all(|part| !part.is_empty())).then_some(parts)
}

fn indirect(parts: &[&str]) -> Original {
    let mut original = Original::from([("type".to_owned(), Value::from("indirect"))]);
    for (part, name) in parts.iter().zip(["id", "ref", "rev"]) {
        let name = if name == "ref" && is_rev(part) { "rev" } else { name };
        original.insert(name.to_owned(), (*part).into());
    }
    original
}

fn of_scheme(scheme: &str, rest: &str, place: &str) -> Option<Original> {
    let (kind, url) = match scheme.split_once('+') {
        Some((kind @ ("git" | "hg" | "tarball" | "file"), scheme)) => (kind, format!("{scheme}:{rest}")),
        None if matches!(scheme, "http" | "https" | "file")
            && ARCHIVES.iter().any(|ending| place.ends_with(ending)) =>
        {
            ("tarball", place.to_owned())
        }
        _ => return None,
    };
    Some(Original::from([("type".to_owned(), kind.into()), ("url".to_owned(), url.into())]))
}
