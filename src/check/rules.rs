//! What `check` looks at: the lock by itself, the lock beside flake.nix, and the partitions.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use crate::finding::{Code, Finding};
use crate::lock::Examined;
use crate::nix::Usage;
use crate::partition::{Flake, Outline, declaration_findings, pin_findings, wiring_findings};

/// Checks a flake. `tracked` are the files that Nix sees. The gravest finding comes first.
#[must_use]
pub fn check(flake: &Outline, tracked: &BTreeSet<Utf8PathBuf>) -> Vec<Finding> {
    let mut findings = flake.findings.clone();
    let lock = Examined::new(&flake.lock, &flake.lock_bytes);
    findings.extend(lock_findings(&lock, Utf8Path::new("flake.lock")));
    findings.extend(declaration_findings(flake));
    findings.extend(wiring_findings(flake, tracked));
    findings.extend(pin_findings(flake));
    sort(&mut findings);
    findings
}

/// Puts the gravest findings first.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (std::cmp::Reverse(finding.level), finding.file.clone(), finding.line);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
}

/// What is to be said of a lock by itself. `file` is what to call it.
#[must_use]
pub fn lock_findings(lock: &Examined<'_>, file: &Utf8Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let graph = &lock.graph;
    for error in graph.follows_errors(lock.bytes) {
        let line = error.place().map(|place| place.line);
        findings.push(
            Finding::new(Code::LockDangling, error.to_string())
                .at(file, line)
                .help("`nix flake lock` mends it, if flake.nix is right"),
        );
    }
    let unreachable = graph.unreachable();
    if !unreachable.is_empty() {
        let count = unreachable.len();
        let message = format!(
            "{count} node{} that no input leads to: {}",
            if count == 1 { "" } else { "s" },
            unreachable.join(", ").escape_debug()
        );
        findings.push(
            Finding::new(Code::LockUnreachable, message)
                .at(file, None)
                .help("Nix never removes them by itself: `flakepart lock normalize --write`"),
        );
    } else if lock.canonical == Some(false) {
        findings.push(
            Finding::new(Code::LockNotCanonical, "Nix would write this lock in other bytes")
                .at(file, None)
                .help("`flakepart lock normalize --write`"),
        );
    }
    findings.extend(graph.repeated().into_iter().map(|repeated| {
        let repository = repeated.repository.escape_debug().to_string();
        let message = format!("{repository} is locked at {} revisions", repeated.revisions);
        Finding::new(Code::SeveralRevisions, message)
            .at(file, None)
            .help(format!("`flakepart why {repository}` shows which inputs bring them"))
    }));
    findings
}

/// The inputs that no code uses, that nothing follows, and that no dynamic code could reach.
pub fn unused_inputs(flake: &Flake) -> impl Iterator<Item = Finding> {
    let declared = flake.declarations.inputs.values();
    let unused = declared.filter(|declaration| {
        let root = flake.roots.get(&declaration.name);
        let followed = root.is_none_or(|root| !root.followed_by.is_empty());
        flake.usages.usage(&declaration.name) == Usage::Unused && !followed
    });
    unused.map(|declaration| {
        Finding::new(Code::InputUnused, format!("no code uses `{}`", declaration.name))
            .at("flake.nix", Some(declaration.line))
            .help("every consumer of the flake locks it, too: remove it if nothing needs it")
    })
}
