//! The proof: what is compared, and what came of it.

use std::fmt;

use serde::Serialize;

/// What came of comparing one output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputVerdict {
    /// The same on both sides.
    Same,
    /// It differs, but it also does when nothing but a comment changes: it embeds the flake's source.
    SourceDependent,
    /// It differs.
    Different,
    /// It does not evaluate afterwards; whether it did before, `before` tells.
    Error,
    /// It is gone.
    OnlyBefore,
    /// It is new.
    OnlyAfter,
}

/// What a whole proof came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing got worse.
    Proved,
    /// Something did.
    Refuted,
    /// Not everything could be looked at.
    Incomplete,
}

/// One output on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparedOutput {
    /// As one writes it: `packages.x86_64-linux.hello`.
    pub attr: String,
    /// What it was: a derivation's path, or what stands for another kind of output.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
    /// What came of it.
    pub verdict: OutputVerdict,
    /// What Nix says where it does not evaluate.
    pub message: Option<String>,
}

/// An output that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// The output.
    pub attr: String,
    /// Why, such as `a function`.
    pub why: String,
}

/// An output that was built, and perhaps run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// The output.
    pub attr: String,
    /// Where it was built to.
    pub path: Option<String>,
    /// The exit code of the program, where it was run.
    pub exit_code: Option<i32>,
    /// The first lines that the program printed.
    pub stdout: Option<String>,
    /// The first lines that it printed as errors.
    pub stderr: Option<String>,
    /// Whether all went well.
    pub ok: bool,
    /// What went wrong.
    pub message: Option<String>,
}

/// The proof document of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The version of this form.
    pub schema: u32,
    /// The Nix that judged.
    pub nix: String,
    /// What was compared.
    pub before: String,
    /// With what.
    pub after: String,
    /// The systems that were looked at; empty for all.
    pub systems: Vec<String>,
    /// Every output, by name.
    pub outputs: Vec<ComparedOutput>,
    /// Outputs that were there on both sides, but cannot be compared.
    pub skipped: Vec<Skipped>,
    /// What was built and run.
    pub builds: Vec<Build>,
    /// What it came to.
    pub verdict: Verdict,
    /// Whether something could not be fetched.
    #[serde(skip)]
    pub unreachable: bool,
}

/// What is asked of a proof.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What to call the state before.
    pub before: String,
    /// What to call the state after.
    pub after: String,
    /// Only these systems; all if empty.
    pub systems: Vec<String>,
    /// Only outputs below these; all if empty.
    pub outputs: Vec<String>,
    /// Outputs to build.
    pub builds: Vec<String>,
    /// An output to build and run, with arguments.
    pub run: Option<(String, Vec<String>)>,
}

/// What a proof is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Nix evaluates a side.
    Evaluating {
        /// Which.
        side: String,
        /// How many outputs are known.
        done: usize,
    },
    /// Nix builds an output.
    Building(String),
    /// A program runs.
    Running(String),
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Progress::Evaluating { side, done: 0 } => write!(f, "Nix evaluates {side}"),
            Progress::Evaluating { side, done } => write!(f, "Nix evaluates {side}: {done} outputs"),
            Progress::Building(attr) => write!(f, "Nix builds {attr}"),
            Progress::Running(attr) => write!(f, "{attr} runs"),
        }
    }
}
