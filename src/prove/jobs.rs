//! Derivations evaluated side by side, by `nix-eval-jobs` where it is installed.

use std::cell::Cell;
use std::process::Command;

use serde::Deserialize;

use super::nix::{Nix, ProveError};

/// What `nix-eval-jobs` is called.
const PROGRAM: &str = "nix-eval-jobs";

/// A derivation that tells which Nix evaluates it.
const PROBE: &str =
    "{ job0 = derivation { name = builtins.nixVersion; system = \"any\"; builder = \"any\"; }; }";

/// The `nix-eval-jobs` on the PATH.
pub(super) struct Jobs<'a> {
    nix: &'a Nix,
    /// Until it answers what cannot be relied on.
    is_good: Cell<bool>,
}

/// What it prints of a job, a line each.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    attr_path: Vec<String>,
    name: Option<String>,
    drv_path: Option<String>,
    error: Option<String>,
}

impl<'a> Jobs<'a> {
    /// Finds it, and whether it evaluates as this Nix does: it is the same release, and there is no
    /// setting that it does not know.
    pub(super) fn find(nix: &'a Nix) -> Result<Self, ProveError> {
        let jobs = Jobs { nix, is_good: Cell::new(nix.is_plain()) };
        if jobs.is_good() {
            let its = jobs.lines(PROBE, 1)?.and_then(|mut lines| lines.pop()?.name);
            let is_good = match &its {
                None => false,
                Some(its) => {
                    let ours = nix.run(&["eval", "--raw", "--expr", "builtins.nixVersion"])?;
                    ours.status.success() && ours.stdout == its.as_bytes()
                }
            };
            jobs.is_good.set(is_good);
            tracing::debug!(is_good, version = ?its, "look for nix-eval-jobs");
        }
        Ok(jobs)
    }

    /// Whether it is there and can be relied on.
    pub(super) fn is_good(&self) -> bool {
        self.is_good.get()
    }

    /// What derivations were evaluated by.
    pub(super) fn program(&self) -> &'static str {
        if self.is_good() { PROGRAM } else { "nix" }
    }

    /// The derivations of `job0`, `job1` and so on, or why they do not evaluate. Nothing where it does
    /// not answer for every one of them: then nobody asks it again.
    pub(super) fn derivations(
        &self,
        expr: &str,
        count: usize,
    ) -> Result<Option<Vec<Result<String, String>>>, ProveError> {
        let lines = self.lines(expr, count)?;
        let results = lines.and_then(|lines| {
            let results = lines.into_iter().map(|line| match (line.drv_path, line.error) {
                (Some(path), None) => Some(Ok(path)),
                (None, Some(error)) => Some(Err(error)),
                _ => None,
            });
            results.collect::<Option<Vec<_>>>()
        });
        self.is_good.set(results.is_some());
        Ok(results)
    }

    /// The line of each job, in their order; nothing if there is not one for each.
    fn lines(&self, expr: &str, count: usize) -> Result<Option<Vec<Line>>, ProveError> {
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(count);
        let mut command = Command::new(PROGRAM);
        command.args(["--workers", &workers.to_string()]);
        command.args(["--option", "extra-experimental-features", "nix-command flakes"]);
        // As `nix eval` does by itself.
        command.args(["--option", "pure-eval", "true", "--expr", expr]);
        let output = match self.nix.limited(&mut command, PROGRAM, |_| {}) {
            Err(ProveError::NoNix { .. }) => return Ok(None),
            output => output?,
        };
        if !output.status.success() {
            return Ok(None);
        }
        let mut jobs: Vec<Option<Line>> = std::iter::repeat_with(|| None).take(count).collect();
        for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Ok(line) = serde_json::from_slice::<Line>(line) else { return Ok(None) };
            let number = match line.attr_path.as_slice() {
                [name] => name.strip_prefix("job").and_then(|number| number.parse::<usize>().ok()),
                _ => None,
            };
            match number.and_then(|number| jobs.get_mut(number)) {
                Some(job @ None) => *job = Some(line),
                _ => return Ok(None),
            }
        }
        Ok(jobs.into_iter().collect())
    }
}
