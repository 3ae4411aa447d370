//! The limits on the size of locks, and what became of these since a base.

use camino::Utf8PathBuf;
use serde::Serialize;

use super::budget::analyze;
use super::growth::Growth;
use super::{Budget, Settings};
use crate::finding::{Code, Finding, Level};
use crate::lock::Measure;
use crate::nix::{Declarations, Source};
use crate::partition::declared_flake_parts;

/// One of the locks of a flake, and what it was in the base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatedLock {
    /// The file, relative to the flake.
    pub file: Utf8PathBuf,
    /// The partition whose lock it is; none for the root's.
    pub partition: Option<String>,
    /// The lock; of no size where it is gone.
    pub lock: Measure,
    /// The lock of the base, where there is a base; of no size where that has none.
    pub base: Option<Measure>,
    /// Its limits.
    pub limits: Budget,
    /// Which inputs made it grow or shrink.
    pub growth: Vec<Growth>,
    /// Which limits it breaks as it is, growth not among them.
    #[serde(skip)]
    pub over_budget: Vec<Finding>,
    /// The flake.nix beside it, where that can be read.
    #[serde(skip)]
    pub declarations: Option<Declarations>,
}

/// All locks of a flake together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Total {
    /// As they are.
    pub lock: Measure,
    /// As they were in the base, where there is one.
    pub base: Option<Measure>,
}

/// The locks of a flake held against their limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gate {
    /// The version of this form.
    pub schema: u32,
    /// The root lock.
    pub lock: Measure,
    /// The root lock of the base, where there is one.
    pub base: Option<Measure>,
    /// The limits of the root lock.
    pub limits: Budget,
    /// All locks, the root's first.
    pub locks: Vec<GatedLock>,
    /// All locks together.
    pub total: Total,
    /// Which limits they break.
    pub findings: Vec<Finding>,
}

impl Gate {
    /// Holds locks against their limits, as the settings judge that. `now` is in seconds since 1970.
    #[must_use]
    pub fn new(root: GatedLock, others: Vec<GatedLock>, settings: &Settings, now: i64) -> Gate {
        let (lock, base, limits) = (root.lock, root.base, root.limits);
        let locks: Vec<GatedLock> = [root].into_iter().chain(others).collect();
        let total = Total {
            lock: locks.iter().map(|lock| lock.lock).sum(),
            base: locks.iter().map(|lock| lock.base).sum(),
        };
        let findings =
            locks.iter().flat_map(|lock| lock.over_budget.iter().cloned().chain(lock.growth_finding()));
        let findings = settings.judge(findings.collect(), now);
        Gate { schema: 1, lock, base, limits, locks, total, findings }
    }

    /// Whether any lock is held against a limit. Without a base, growth is none.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        let held =
            |lock: &GatedLock| Budget { growth: lock.limits.growth.and(lock.base).map(|_| 0), ..lock.limits };
        self.locks.iter().any(|lock| held(lock) != Budget::default())
    }

    /// The limits that are broken, and besides a note for each other input that grew, at its declaration.
    #[must_use]
    pub fn annotations(&self) -> Vec<Finding> {
        let notes = self.locks.iter().flat_map(|lock| {
            // The first is told by the finding that there is.
            let told = usize::from(lock.over_growth().is_some());
            lock.grown().skip(told).map(|(name, growth)| {
                let (before, after) = (growth.before, growth.after);
                let more = nodes(after - before, "more ");
                let message = format!("`{name}` brings {more} than before ({before} to {after})");
                Finding { level: Level::Note, ..lock.about(name, growth, message) }
            })
        });
        self.findings.iter().cloned().chain(notes).collect()
    }
}

impl GatedLock {
    /// The inputs that grew with their names, those that grew most first.
    fn grown(&self) -> impl Iterator<Item = (&str, &Growth)> {
        let grown = self.growth.iter().filter(|growth| growth.by() > 0);
        grown.filter_map(|growth| Some((growth.input.as_deref()?, growth)))
    }

    /// By how many nodes it grew, where that is more than it may.
    fn over_growth(&self) -> Option<usize> {
        let growth = self.lock.nodes.saturating_sub(self.base?.nodes);
        self.limits.growth.is_some_and(|limit| growth > limit).then_some(growth)
    }

    /// That it grew more than it may, told where the input is declared that did most of it.
    fn growth_finding(&self) -> Option<Finding> {
        let (growth, limit, before) = (self.over_growth()?, self.limits.growth?, self.base?.nodes);
        let more = format!("{} than before ({before} to {})", nodes(growth, "more "), self.lock.nodes);
        let Some((name, first)) = self.grown().next() else {
            let finding = Finding::new(Code::Growth, format!("{more}; the budget is {limit}"));
            return Some(finding.at(self.file.clone(), None).help(analyze(&self.file)));
        };
        let message = format!("{more}, `{name}` alone {}; the budget is {limit}", first.by());
        Some(self.about(name, first, message))
    }

    /// A finding about an input that grew, where that is declared.
    fn about(&self, name: &str, growth: &Growth, message: String) -> Finding {
        const TOLD: usize = 3;
        let came = growth.commits.iter().filter(|share| share.added > 0);
        let commits = came
            .filter_map(|share| Some(format!("{} ({})", share.commit.as_ref()?, share.subject.as_ref()?)));
        let commits: Vec<String> = commits.take(TOLD).collect();
        let look =
            if commits.is_empty() { String::new() } else { format!("look at {}; ", commits.join(", ")) };
        // What is shown as a command is run: a name that a shell would read as more does not go into it.
        let is_plain = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let input = if is_plain { name } else { "NAME" };
        // Without its code read, only the inputs tell whether a flake can have partitions.
        let flake_parts = self.declarations.as_ref().and_then(declared_flake_parts);
        let may_split = self.partition.is_none() && flake_parts.is_some();
        let cure = if may_split {
            format!("`flakepart split --input {input}` may move it into a partition")
        } else {
            analyze(&self.file)
        };
        let finding = Finding::new(Code::Growth, message).about(name).help(look + &cure);
        match self.declarations.as_ref().and_then(|declarations| declarations.inputs.get(name)) {
            Some(input) => finding.at(self.file.with_file_name("flake.nix"), Some(input.line)),
            None => finding.at(self.file.clone(), None),
        }
    }
}

/// The inputs that the flake.nix beside a lock declares, to find their lines.
#[must_use]
pub fn declared(flake_nix: &[u8]) -> Option<Declarations> {
    Declarations::read(&Source::parse(flake_nix).ok()?).ok()
}

fn nodes(count: usize, more: &str) -> String {
    format!("{count} {more}node{}", if count == 1 { "" } else { "s" })
}
