//! Which inputs a rule of flakepart.toml is about.

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;

use crate::credentials;
use crate::lock::Attrs;

/// The types of flake references (Nix: `src/libfetchers`).
const TYPES: [&str; 9] =
    ["file", "git", "github", "gitlab", "hg", "indirect", "path", "sourcehut", "tarball"];

/// Says where inputs come from: a type (`path`), a host (`host:codeberg.org`), or a reference without
/// branch and revision, in which `*` stands for anything (`github:NixOS/*`).
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    text: String,
    glob: GlobMatcher,
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Pattern, String> {
        if !text.contains(':') && !TYPES.contains(&text.as_str()) {
            return Err(format!(
                "`{text}` is neither a type of input ({}), nor `host:HOST`, nor a reference such as `github:NixOS/*`",
                TYPES.join(", ")
            ));
        }
        // What no reference can be would allow or deny nothing, and not tell.
        if let Some((forge @ ("github" | "gitlab" | "sourcehut"), owner)) = text.split_once(':')
            && !owner.contains(['/', '*'])
        {
            return Err(format!(
                "`{text}` names no repository; `{forge}:{owner}/*` is all that `{owner}` has there"
            ));
        }
        // In a URL these are letters like any other; only `*` means something.
        let literal: String = text
            .chars()
            .flat_map(|char| "?[]{}\\!".contains(char).then_some('\\').into_iter().chain([char]))
            .collect();
        // Forges and hosts do not tell upper and lower case apart, so nobody gets around a rule by it.
        let glob = GlobBuilder::new(&literal).case_insensitive(true).backslash_escape(true).build();
        let glob = glob.map_err(|error| format!("`{text}` is no pattern: {}", error.kind()))?;
        Ok(Pattern { text, glob: glob.compile_matcher() })
    }
}

impl Pattern {
    /// As it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether inputs with these `locked` or `original` attributes may be what it denies: one whose place
    /// nobody can tell for certain may be at any.
    #[must_use]
    pub fn denies(&self, attrs: &Attrs) -> bool {
        let place = Place::of(attrs);
        let named = |name: &String| self.glob.is_match(name);
        let scheme = |text: &str| text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        let may_be = match scheme(&self.text) {
            Some(host) if host == "host" => !place.is_host_certain,
            Some(of) => !place.is_certain() && Some(of) == scheme(&place.reference),
            None => false,
        };
        place.names().chain(&place.reference_by_host).any(named) || may_be
    }

    /// Whether it allows an input with these `locked` attributes: what it says has to be certain.
    #[must_use]
    pub fn allows(&self, attrs: &Attrs) -> bool {
        let place = Place::of(attrs);
        let named = |name: &String| self.glob.is_match(name);
        // `github:NixOS/*` is not about who calls himself NixOS at some other host.
        let of_host = |name: &&String| **name != place.reference || !place.is_elsewhere;
        self.glob.is_match(&place.kind) || place.is_certain() && place.names().filter(of_host).any(named)
    }
}

/// Where an input comes from.
struct Place {
    kind: String,
    /// `github:NixOS/nixpkgs`
    reference: String,
    /// The reference of a URL with nothing but the host between scheme and path.
    reference_by_host: Option<String>,
    /// `host:github.com`
    host: Option<String>,
    /// Whether the reference is one of a forge, and the host not the one that such references are of.
    is_elsewhere: bool,
    /// Whether whoever fetches it cannot come to another host than is said,
    is_host_certain: bool,
    /// nor to another path.
    is_path_certain: bool,
}

impl Place {
    fn of(attrs: &Attrs) -> Place {
        let text = |key| attrs.str(key).unwrap_or_default();
        let kind = text("type");
        let mut place = Place {
            kind: kind.to_owned(),
            reference: String::new(),
            reference_by_host: None,
            host: None,
            is_elsewhere: false,
            is_host_certain: true,
            is_path_certain: true,
        };
        match kind {
            "github" | "gitlab" | "sourcehut" => {
                let usual = match kind {
                    "github" => "github.com",
                    "gitlab" => "gitlab.com",
                    _ => "git.sr.ht",
                };
                // GitLab's subgroups, as Nix wants them written.
                let owner = text("owner").replace("%2F", "/").replace("%2f", "/");
                let path = format!("{owner}/{}", text("repo"));
                let named = attrs.str("host").unwrap_or(usual);
                let host = host(&format!("https://{named}")).ok().flatten();
                place.is_elsewhere = host.as_deref().is_none_or(|host| !host.eq_ignore_ascii_case(usual));
                place.is_host_certain = host.is_some();
                place.is_path_certain = is_plain(&path) && !path.contains(['%', '?', '#']);
                place.host = host;
                place.reference = format!("{kind}:{path}");
            }
            "indirect" => place.reference = format!("flake:{}", text("id")),
            "path" => {
                let path = text("path");
                place.is_path_certain = is_plain(path.trim_start_matches("./").trim_start_matches('/'));
                place.reference = format!("path:{path}");
            }
            _ => {
                let url = text("url");
                let host = host(url);
                let prefix = if matches!(kind, "git" | "hg") { format!("{kind}+") } else { String::new() };
                let hidden = credentials::hidden(url);
                let shown = hidden.split(['?', '#']).next().unwrap_or_default();
                let (scheme, rest) = shown.split_once("://").unwrap_or(("", shown));
                let path = rest.split_once('/').map_or("", |(_, path)| path);
                place.is_host_certain = host.is_ok();
                place.is_path_certain = is_plain(&decoded(path));
                place.host = host.ok().flatten();
                let by_host = |host: &String| format!("{prefix}{scheme}://{host}/{}", decoded(path));
                place.reference_by_host = place.host.as_ref().map(by_host);
                place.reference = format!("{prefix}{shown}");
            }
        }
        place.host = place.host.map(|host| format!("host:{host}"));
        place
    }

    fn is_certain(&self) -> bool {
        self.is_host_certain && self.is_path_certain
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        [&self.kind, &self.reference].into_iter().chain(&self.host)
    }
}

/// Whether a path leads where it seems to lead.
fn is_plain(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let is_odd = |part: &str| matches!(part, "" | "." | "..");
    !path.contains(|char: char| char.is_control() || char.is_whitespace() || char == '\\')
        && (path.is_empty() || !path.split('/').any(is_odd))
}

/// A path without its escapes.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|it| std::str::from_utf8(it).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The host of a URL, without user, port and the dot that may end it; `None` where it has none. Programs read
/// what is no plain URL in many ways: that is an error.
fn host(url: &str) -> Result<Option<String>, ()> {
    let Some((scheme, rest)) = url.split_once("://") else {
        // A path of this machine, which git takes for a URL.
        return if url.starts_with(['/', '.']) && !url.starts_with("//") { Ok(None) } else { Err(()) };
    };
    if scheme.eq_ignore_ascii_case("file") {
        return Ok(None);
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let (authority, parameters) = authority.split_at(authority.find(['?', '#']).unwrap_or(authority.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let (host, allowed) = match host.strip_prefix('[') {
        Some(six) => (six.split(']').next().unwrap_or_default(), ":."),
        None => (host.split(':').next().unwrap_or_default(), ".-_"),
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_plain = |char: char| char.is_ascii_alphanumeric() || allowed.contains(char);
    if host.is_empty() || !host.chars().all(is_plain) || parameters.contains('@') || authority.contains('\\')
    {
        return Err(());
    }
    Ok(Some(host.to_owned()))
}
