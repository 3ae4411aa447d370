//! Which inputs flakepart.toml allows, and how old they may be.

use super::budget::{channel, is_nixpkgs};
use super::rules::FlakeLock;
use super::{InputRules, Pattern};
use crate::credentials;
use crate::date::DAY;
use crate::finding::{Code, Finding};
use crate::lock::{Attrs, Node, reference};

/// What a lock holds that the rules do not allow.
pub(super) fn findings(lock: &FlakeLock<'_>, rules: &InputRules, now: i64) -> Vec<Finding> {
    let mut findings = Vec::new();
    let InputRules { allow, deny, min_age_days, nixpkgs_max_age_days, nixpkgs_branches } = rules;
    if allow.is_some() || !deny.is_empty() || min_age_days.is_some() {
        for (key, node) in lock.lock.lock.nodes.iter() {
            let Some(locked) = &node.locked else { continue };
            if let Some(message) = denied(node, locked, rules) {
                let help = "another source, or a `follows` to one; else allow it in flakepart.toml";
                findings.push(at_node(lock, key, Code::InputDenied, &message).help(help));
            }
            if let (Some(least), Some(age)) = (min_age_days, age(locked, now))
                && age < i64::from(*least)
            {
                let message = format!("is {}; flakepart.toml wants {least} days", days(age));
                let help = "lock an older revision, or wait";
                findings.push(at_node(lock, key, Code::RevisionTooNew, &message).help(help));
            }
        }
    }
    if nixpkgs_max_age_days.is_none() && nixpkgs_branches.is_none() {
        return findings;
    }
    let roots = lock.lock.graph.inputs();
    for root in roots.iter().filter(|root| lock.lock.lock.root_inputs().get(root.name).is_some()) {
        let node = root.node.and_then(|key| lock.lock.lock.nodes.get(key));
        let Some((node, locked)) = node.and_then(|node| Some((node, node.locked.as_ref()?))) else {
            continue;
        };
        if !is_nixpkgs(locked) {
            continue;
        }
        let name = root.name.escape_debug();
        let update = format!("`nix flake update {name}`");
        if let (Some(most), Some(age)) = (nixpkgs_max_age_days, age(locked, now))
            && age > i64::from(*most)
        {
            let message = format!("`{name}` is {}; flakepart.toml allows {most}", days(age));
            let finding = Finding::new(Code::NixpkgsTooOld, message).help(update);
            findings.push(lock.at_input(finding, root.name));
        }
        let branch = branch(node, locked);
        if let Some(allowed) = nixpkgs_branches
            && !allowed.iter().any(|name| Some(name.as_str()) == branch)
        {
            let of = branch.map_or("names no branch".to_owned(), |branch| {
                format!("is of branch {}", branch.escape_debug())
            });
            let message = format!("`{name}` {of}; flakepart.toml allows {}", allowed.join(", "));
            let finding = Finding::new(Code::NixpkgsBranch, message).help("declare it with such a branch");
            findings.push(lock.at_input(finding, root.name));
        }
    }
    findings
}

/// A finding about a node, by the way that leads to it.
fn at_node(lock: &FlakeLock<'_>, key: &str, code: Code, message: &str) -> Finding {
    let path = lock.lock.graph.input_path(key).unwrap_or_else(|| vec![key]);
    let name = path.join("/");
    let finding = Finding::new(code, format!("`{}` {message}", name.escape_debug()));
    lock.at_input(finding, path.first().copied().unwrap_or(key))
}

fn denied(node: &Node, locked: &Attrs, rules: &InputRules) -> Option<String> {
    let both: Vec<&Attrs> = node.original.iter().chain([locked]).collect();
    let from = |attrs: &Attrs| credentials::hidden(&reference(attrs)).escape_debug().to_string();
    let deny = rules.deny.iter().find_map(|pattern| {
        let attrs = both.iter().find(|attrs| pattern.denies(attrs))?;
        Some((pattern, attrs))
    });
    if let Some((pattern, attrs)) = deny {
        return Some(format!("comes from {}, which `deny` has as `{}`", from(attrs), pattern.text()));
    }
    let allow = rules.allow.as_ref()?;
    // A folder of the flake itself comes from nowhere else.
    let is_own =
        locked.str("type") == Some("path") && locked.str("path").is_some_and(|it| !it.starts_with('/'));
    let is_allowed = is_own || allow.iter().any(|pattern: &Pattern| pattern.allows(locked));
    (!is_allowed).then(|| format!("comes from {}, which `allow` does not have", from(locked)))
}

/// The age of a revision in whole days. Who makes a revision sets its date.
fn age(locked: &Attrs, now: i64) -> Option<i64> {
    let modified = locked.get("lastModified")?.as_i64()?;
    Some(now.saturating_sub(modified).div_euclid(DAY).max(0))
}

fn days(age: i64) -> String {
    format!("{age} day{} old", if age == 1 { "" } else { "s" })
}

/// The branch of a nixpkgs, where flake.nix names one: the lock's `original` has it.
fn branch<'a>(node: &'a Node, locked: &'a Attrs) -> Option<&'a str> {
    let original = node.original.as_ref()?;
    original.str("ref").or_else(|| channel(original)).or_else(|| channel(locked))
}
