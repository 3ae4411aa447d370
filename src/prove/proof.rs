//! The proof: what is compared, and what came of it.

use std::fmt;

use serde::Serialize;

use super::version::Implementation;

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

/// An output of which something is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The output.
    pub attr: String,
    /// Whether it is as expected.
    pub ok: bool,
    /// Why not.
    pub message: Option<String>,
}

/// What flakes that use this one see of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Consumers {
    /// So many nodes the state before brought into their locks.
    pub nodes_before: usize,
    /// So many the state after brings.
    pub nodes_after: usize,
    /// Inputs that they could follow or override, and no longer can.
    pub lost_inputs: Vec<String>,
    /// So many outputs they get.
    pub outputs: usize,
    /// Those that they get otherwise than the flake itself gives them.
    pub differs: Vec<String>,
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
    /// The Nix that judged: what `nix --version` prints.
    pub nix: String,
    /// Which of those that go by this name.
    pub implementation: Implementation,
    /// What people call it.
    #[serde(skip)]
    pub judge: String,
    /// The program that evaluated the derivations: `nix`, or `nix-eval-jobs` where it is installed.
    #[serde(rename = "derivationsBy")]
    pub derivations_by: &'static str,
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
    /// Outputs that have to be there.
    pub required: Vec<Checked>,
    /// Outputs that may fetch no input of a partition.
    pub lazy: Vec<Checked>,
    /// What flakes that use this one see of it, where that was asked for.
    pub consumers: Option<Consumers>,
    /// What was built and run.
    pub builds: Vec<Build>,
    /// What it came to.
    pub verdict: Verdict,
    /// Whether something could not be fetched.
    #[serde(skip)]
    pub unreachable: bool,
    /// Whether this Nix fetches the inputs of partitions again although its store has them.
    #[serde(skip)]
    pub fetches_again: bool,
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
    /// What to build and run.
    pub run: Option<Runs>,
    /// Outputs that have to be there and evaluate.
    pub required: Vec<String>,
    /// Outputs that may fetch no input of a partition.
    pub lazy: Vec<String>,
    /// Whether a flake that uses this one is made and compared, too.
    pub consumer: bool,
}

/// Programs to run.
#[derive(Debug, Clone)]
pub struct Runs {
    /// The output, or the one whose outputs are run one by one.
    pub attr: String,
    /// Whether all below it are meant.
    pub all: bool,
    /// What to run them with.
    pub arguments: Vec<String>,
}

/// What a proof is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Nix evaluates a side.
    Evaluating {
        /// Which.
        side: String,
        /// The output that it is at.
        attr: Option<String>,
        /// How many outputs are behind it.
        done: usize,
        /// How many there are, where that is known.
        of: Option<usize>,
    },
    /// Nix builds an output.
    Building(String),
    /// A program runs.
    Running(String),
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Progress::Evaluating { side, attr: None, .. } => write!(f, "Nix evaluates {side}"),
            Progress::Evaluating { side, attr: Some(attr), done, of } => {
                let of = of.map(|of| format!(" of {}", of.max(done + 1))).unwrap_or_default();
                write!(f, "Nix evaluates {side}: {}{of} {attr}", done + 1)
            }
            Progress::Building(attr) => write!(f, "Nix builds {attr}"),
            Progress::Running(attr) => write!(f, "{attr} runs"),
        }
    }
}
