//! Where a forge shows what came between two revisions.

use super::attrs::Attrs;

/// So many letters of a revision name it for good, and leave a link that fits into a line.
const SHORT: usize = 12;

/// The page that compares two revisions of one repository, where both are on a forge that has such a page:
/// GitHub and GitLab, on hosts of their own, too. Sourcehut has none.
pub(super) fn compare_link(before: &Attrs, after: &Attrs) -> Option<String> {
    let same = |key| match (before.str(key), after.str(key)) {
        (Some(before), Some(after)) => before.eq_ignore_ascii_case(after),
        (before, after) => before == after,
    };
    let (old, new) = (before.str("rev")?, after.str("rev")?);
    if old == new || !["type", "host", "owner", "repo"].into_iter().all(same) {
        return None;
    }
    let (forge, page) = match after.str("type")? {
        "github" => ("github.com", "compare"),
        "gitlab" => ("gitlab.com", "-/compare"),
        _ => return None,
    };
    let host = after.str("host").unwrap_or(forge);
    // GitLab's subgroups, as Nix wants them written.
    let owner = after.str("owner")?.replace("%2F", "/").replace("%2f", "/");
    let (repo, old, new) = (after.str("repo")?, short(old)?, short(new)?);
    // What comes from a lock must not make a link of another kind.
    let plain = |part: &str| part.chars().all(|char| char.is_ascii_alphanumeric() || "-._~:".contains(char));
    let is_plain = plain(host) && plain(repo) && owner.split('/').all(plain);
    is_plain.then(|| format!("https://{host}/{owner}/{repo}/{page}/{old}...{new}"))
}

fn short(rev: &str) -> Option<&str> {
    rev.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| rev.get(..SHORT).unwrap_or(rev))
}
