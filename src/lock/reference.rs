//! Flake references, as one would write them.

use super::attrs::Attrs;
use crate::credentials;

/// The reference that a lock's `original` or `locked` attributes stand for: `github:NixOS/nixpkgs/REF`.
/// Credentials are left out.
#[must_use]
pub fn reference(attrs: &Attrs) -> String {
    let text = |key: &str| attrs.str(key);
    let tail = |first: String| {
        [text("ref"), text("rev")].into_iter().flatten().fold(first, |path, part| format!("{path}/{part}"))
    };
    match text("type") {
        Some(forge @ ("github" | "gitlab" | "sourcehut")) => {
            let (owner, repo) = (text("owner").unwrap_or_default(), text("repo").unwrap_or_default());
            tail(format!("{forge}:{owner}/{repo}"))
        }
        Some("indirect") => tail(format!("flake:{}", text("id").unwrap_or_default())),
        Some("path") => format!("path:{}", text("path").unwrap_or_default()),
        Some(kind @ ("git" | "hg")) => {
            credentials::hidden(&format!("{kind}+{}", text("url").unwrap_or_default()))
        }
        _ => credentials::hidden(text("url").unwrap_or_default()),
    }
}

/// The repository that `locked` attributes name, as `owner/repo`: of a URL its last two names. Forges take
/// them in upper and lower case.
#[must_use]
pub fn repository(locked: &Attrs) -> Option<String> {
    if let (Some(owner), Some(repo)) = (locked.str("owner"), locked.str("repo")) {
        return Some(format!("{owner}/{repo}"));
    }
    if !matches!(locked.str("type"), Some("git" | "hg")) {
        return None;
    }
    let url = locked.str("url")?.trim_end_matches('/');
    let (rest, repo) = url.rsplit_once(['/', ':'])?;
    let owner = rest.rsplit(['/', ':']).next()?;
    Some(format!("{owner}/{}", repo.strip_suffix(".git").unwrap_or(repo)))
}
