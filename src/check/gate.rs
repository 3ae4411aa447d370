//! The limits on the size of locks, and what became of these since a base.

use camino::Utf8PathBuf;
use serde::Serialize;

use super::growth::Growth;
use crate::finding::{Code, Finding, Level};
use crate::lock::Measure;
use crate::nix::{Declarations, Source};

const ANALYZE: &str = "`flakepart analyze` shows which input brings what";

/// What a lock may be; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Nodes.
    pub max_nodes: Option<usize>,
    /// Bytes.
    pub max_bytes: Option<usize>,
    /// Nodes more than the base has.
    pub max_growth: Option<usize>,
}

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
    pub limits: Limits,
    /// Which inputs made it grow or shrink.
    pub growth: Vec<Growth>,
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
    pub limits: Limits,
    /// All locks, the root's first.
    pub locks: Vec<GatedLock>,
    /// All locks together.
    pub total: Total,
    /// Which limits they break.
    pub findings: Vec<Finding>,
}

impl Gate {
    /// Holds locks against their limits. The first is the root's.
    #[must_use]
    pub fn new(root: GatedLock, others: Vec<GatedLock>) -> Gate {
        let (lock, base, limits) = (root.lock, root.base, root.limits);
        let locks: Vec<GatedLock> = [root].into_iter().chain(others).collect();
        let total = Total {
            lock: locks.iter().map(|lock| lock.lock).sum(),
            base: locks.iter().map(|lock| lock.base).sum(),
        };
        let findings = locks.iter().flat_map(GatedLock::findings).collect();
        Gate { schema: 1, lock, base, limits, locks, total, findings }
    }

    /// Whether any lock has a limit.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.locks.iter().any(|lock| lock.limits != Limits::default())
    }

    /// The limits that are broken, and besides a note for each other input that grew, at its declaration.
    #[must_use]
    pub fn annotations(&self) -> Vec<Finding> {
        let grown = self.locks.iter().flat_map(|lock| {
            let inputs = lock.growth.iter().filter(|growth| growth.by() > 0);
            inputs.filter_map(|growth| {
                let (before, after) = (growth.before, growth.after);
                let name = growth.input.as_ref()?.escape_debug();
                let more = nodes(after - before, "more ");
                let message = format!("`{name}` brings {more} than before ({before} to {after})");
                Some(
                    lock.at_declaration(Finding::new(Code::Growth, message), growth)
                        .help(lock.advice(growth)),
                )
            })
        });
        let notes = grown.map(|finding| Finding { level: Level::Note, ..finding });
        let place = |finding: &Finding| (finding.file.clone(), finding.line);
        let told: Vec<_> = self.findings.iter().filter(|it| it.code == Code::Growth).map(place).collect();
        self.findings.iter().cloned().chain(notes.filter(|note| !told.contains(&place(note)))).collect()
    }
}

impl GatedLock {
    /// By how many nodes it grew; less than none where it shrank.
    #[must_use]
    pub fn growth(&self) -> i64 {
        self.base.map_or(0, |base| self.lock.nodes as i64 - base.nodes as i64)
    }

    fn findings(&self) -> Vec<Finding> {
        let Limits { max_nodes, max_bytes, max_growth } = self.limits;
        let Measure { nodes: count, bytes } = self.lock;
        let mut findings = Vec::new();
        let mut over = |what: String| {
            findings.push(Finding::new(Code::OverBudget, what).at(self.file.clone(), None).help(ANALYZE));
        };
        if let Some(limit) = max_nodes.filter(|limit| count > *limit) {
            over(format!("{}; the limit is {limit}", nodes(count, "")));
        }
        if let Some(limit) = max_bytes.filter(|limit| bytes > *limit) {
            over(format!("{bytes} bytes; the limit is {limit}"));
        }
        if let (Some(base), Some(limit)) = (self.base, max_growth) {
            let growth = count.saturating_sub(base.nodes);
            if growth > limit {
                findings.push(self.grown(growth, base.nodes, limit));
            }
        }
        findings
    }

    /// That it grew more than it may, told where the input is declared that did most of it.
    fn grown(&self, growth: usize, before: usize, limit: usize) -> Finding {
        let more = nodes(growth, "more ");
        let more = format!("{more} than before ({before} to {})", self.lock.nodes);
        let Some(first) = self.growth.iter().find(|growth| growth.by() > 0 && growth.input.is_some()) else {
            let finding = Finding::new(Code::Growth, format!("{more}; the limit is {limit}"));
            return finding.at(self.file.clone(), None).help(ANALYZE);
        };
        let name = first.input.as_deref().unwrap_or_default().escape_debug();
        let message = format!("{more}, `{name}` alone {}; the limit is {limit}", first.by());
        self.at_declaration(Finding::new(Code::Growth, message), first).help(self.advice(first))
    }

    fn at_declaration(&self, finding: Finding, growth: &Growth) -> Finding {
        let declared = self.declarations.as_ref().zip(growth.input.as_ref());
        match declared.and_then(|(declarations, name)| declarations.inputs.get(name)) {
            Some(input) => finding.at(self.file.with_file_name("flake.nix"), Some(input.line)),
            None => finding.at(self.file.clone(), None),
        }
    }

    /// Where to look, and what helps.
    fn advice(&self, growth: &Growth) -> String {
        let shares = growth.commits.iter().filter(|share| share.added > 0);
        let commits = shares.filter_map(|share| {
            Some(format!("{} ({})", share.commit.as_ref()?, share.subject.as_ref()?.escape_debug()))
        });
        let commits: Vec<String> = commits.collect();
        let found =
            if commits.is_empty() { String::new() } else { format!("look at {}; ", commits.join(", ")) };
        let name = growth.input.as_deref().unwrap_or_default().escape_debug();
        let cure = match self.partition {
            None => format!("`flakepart split --input {name}` may move it into a partition"),
            Some(_) => ANALYZE.to_owned(),
        };
        found + &cure
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
