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

    /// Whether it is about an input with these `locked` or `original` attributes.
    #[must_use]
    pub fn matches(&self, attrs: &Attrs) -> bool {
        names(attrs).iter().any(|name| self.glob.is_match(name))
    }
}

/// What a pattern may call an input: its type, its host, its reference.
fn names(attrs: &Attrs) -> Vec<String> {
    let text = |key| attrs.str(key).unwrap_or_default();
    let kind = text("type");
    let (host, reference) = match kind {
        "github" | "gitlab" | "sourcehut" => {
            let usual = match kind {
                "github" => "github.com",
                "gitlab" => "gitlab.com",
                _ => "git.sr.ht",
            };
            // GitLab's subgroups, as Nix wants them written.
            let owner = text("owner").replace("%2F", "/").replace("%2f", "/");
            let host = attrs.str("host").unwrap_or(usual).to_owned();
            (Some(host), format!("{kind}:{owner}/{}", text("repo")))
        }
        "indirect" => (None, format!("flake:{}", text("id"))),
        "path" => (None, format!("path:{}", text("path"))),
        _ => {
            let url = credentials::hidden(text("url"));
            let url = url.split(['?', '#']).next().unwrap_or_default().to_owned();
            let kind = if matches!(kind, "git" | "hg") { format!("{kind}+") } else { String::new() };
            (host(&url), format!("{kind}{url}"))
        }
    };
    let mut names = vec![kind.to_owned(), reference];
    names.extend(host.map(|host| format!("host:{host}")));
    names
}

/// The host of a URL, without user and port.
fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_owned())
}
