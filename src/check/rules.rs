//! What `check` looks at: each lock by itself and beside its flake.nix, the partitions, and what
//! flakepart.toml says of them.

use camino::{Utf8Path, Utf8PathBuf};

use super::budget::over_budget;
use super::{SETTINGS, Settings, agree, heavy, inputs};
use crate::finding::{Code, Finding};
use crate::lock::{Examined, Lock};
use crate::nix::{Declarations, Source, Usage};
use crate::partition::{
    AtHand, Files, Flake, Outline, declaration_findings, disagreements, pin_findings, wiring_findings,
};
use crate::suggest::instead;

/// What is checked.
pub struct Subject<'a> {
    /// The flake.
    pub flake: Outline,
    /// The files that Nix sees, and those that the settings name.
    pub files: &'a Files,
    /// What flakepart.toml says.
    pub settings: &'a Settings,
    /// The root lock as it was before the changes that are checked, where there was one.
    pub before: Option<Lock>,
    /// The present moment, in seconds since 1970.
    pub now: i64,
    /// What this machine has of the inputs.
    pub at_hand: AtHand<'a>,
}

/// A lock of the flake.
pub(super) struct FlakeLock<'a> {
    /// The folder of its flake.nix.
    pub(super) folder: Utf8PathBuf,
    /// The partition that it is of; none for the root.
    pub(super) partition: Option<&'a str>,
    pub(super) lock: Examined<'a>,
    /// What its flake.nix declares, where that can be read.
    pub(super) declarations: Option<Declarations>,
}

impl FlakeLock<'_> {
    pub(super) fn path(&self) -> Utf8PathBuf {
        self.folder.join("flake.lock")
    }

    /// A finding about one of its root inputs: at the declaration, where that is known.
    pub(super) fn at_input(&self, finding: Finding, input: &str) -> Finding {
        let declared = self.declarations.as_ref().and_then(|declared| declared.inputs.get(input));
        let finding = finding.about(input).with([self.path()]);
        match declared {
            Some(declaration) => finding.at(self.folder.join("flake.nix"), Some(declaration.line)),
            None => finding.at(self.path(), None),
        }
    }
}

impl Subject<'_> {
    /// All there is to say. The gravest finding comes first, with the levels that flakepart has.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = flake_findings(&self.flake, self.files);
        for lock in &self.locks() {
            if let (Some(_), Some(declarations)) = (lock.partition, &lock.declarations) {
                findings.extend(lock_findings(&lock.lock, &lock.path()));
                findings.extend(disagreements(&lock.folder, declarations, lock.lock.lock));
            }
            let budget = self.settings.budget.of(lock.partition);
            findings.extend(over_budget(
                &lock.path(),
                &lock.lock.graph,
                lock.lock.lock.bytes().len(),
                &budget,
            ));
            findings.extend(inputs::findings(lock, &self.settings.inputs, self.now));
        }
        findings.extend(self.idle_budgets());
        findings.extend(agree::findings(self.files, &self.settings.agree));
        if let Some(before) = &self.before {
            findings.extend(heavy::findings(&self.flake, self.files, before, self.at_hand));
        }
        sort(&mut findings);
        findings
    }

    /// Budgets that hold nothing, for want of a partition of that name.
    fn idle_budgets(&self) -> impl Iterator<Item = Finding> {
        let partitions = &self.flake.partitions;
        let idle = self.settings.budget.partitions.keys().filter(|name| !partitions.contains_key(*name));
        idle.map(|name| {
            let shown = name.escape_debug();
            let message = format!("a budget is for partition `{shown}`, which this flake does not have");
            Finding::new(Code::PartitionUndefined, message)
                .at(SETTINGS, None)
                .with(["flake.nix".into()])
                .help(instead(name, partitions.keys()))
        })
    }

    fn locks(&self) -> Vec<FlakeLock<'_>> {
        let flake = &self.flake;
        let root = FlakeLock {
            folder: Utf8PathBuf::new(),
            partition: None,
            lock: Examined::new(&flake.lock),
            declarations: Some(flake.declarations.clone()),
        };
        let nested = flake.partitions.values().filter_map(|partition| {
            let (folder, lock) = (partition.folder.as_ref()?, partition.lock.as_ref()?);
            let source = self.files.get(&folder.join("flake.nix")).and_then(|it| Source::parse(it).ok());
            Some(FlakeLock {
                folder: folder.clone(),
                partition: Some(&partition.name),
                lock: Examined::new(lock),
                declarations: source.and_then(|source| Declarations::read(&source).ok()),
            })
        });
        std::iter::once(root).chain(nested).collect()
    }
}

/// What is to be said of a flake whatever its settings. `files` are those that Nix sees. The gravest
/// finding comes first.
#[must_use]
pub fn flake_findings(flake: &Outline, files: &Files) -> Vec<Finding> {
    let mut findings = flake.findings.clone();
    let lock = Examined::new(&flake.lock);
    findings.extend(lock_findings(&lock, Utf8Path::new("flake.lock")));
    findings.extend(declaration_findings(flake));
    findings.extend(wiring_findings(flake, files));
    findings.extend(pin_findings(flake));
    sort(&mut findings);
    findings
}

/// Puts the gravest findings first.
pub(super) fn sort(findings: &mut [Finding]) {
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
    let target = if file == "flake.lock" { String::new() } else { format!(" {file}") };
    let normalize = format!("`flakepart lock normalize --write{target}`");
    for error in graph.follows_errors(lock.lock.bytes()) {
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
                .help(format!("Nix never removes them by itself: {normalize}")),
        );
    } else if lock.canonical == Some(false) {
        findings.push(
            Finding::new(Code::LockNotCanonical, "Nix would write this lock in other bytes")
                .at(file, None)
                .help(normalize),
        );
    }
    findings.extend(lock.repeated.iter().map(|repeated| {
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
