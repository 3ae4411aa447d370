//! The `nix` command: finding it, running it, and what its errors say.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::Signal;
use thiserror::Error;

use super::message::{essence, is_fetch_failure, without_styles};
use super::process::{self, Limits};
use super::version::{Implementation, Version};

/// The first Nix with flakes.
const OLDEST: (u32, u32) = (2, 4);

/// A `nix` on this machine.
#[derive(Debug, Clone)]
pub struct Nix {
    version: Version,
    settings: Settings,
}

/// How Nix is to run.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Without the network.
    pub offline: bool,
    /// Nix's `--store`.
    pub store: Option<String>,
    /// Nix's `--eval-store`.
    pub eval_store: Option<String>,
    /// Nix's `--builders`.
    pub builders: Option<String>,
    /// How long it may take, and any program that is run.
    pub limits: Limits,
}

/// Why nothing could be proved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProveError {
    /// There is no Nix.
    #[error("cannot run `nix`: {source}")]
    NoNix {
        /// What the system says.
        source: io::Error,
    },
    /// It has no flakes.
    #[error("{version} has no flakes; they take Nix {}.{}", OLDEST.0, OLDEST.1)]
    TooOld {
        /// What it says that it is.
        version: String,
    },
    /// Nix took longer than it was given.
    #[error("`{what}` was stopped after {} seconds", .seconds)]
    Timeout {
        /// What it was to do.
        what: String,
        /// How long it had.
        seconds: u64,
    },
    /// Nix was killed.
    #[error("`{what}` was killed")]
    Killed {
        /// What it was to do.
        what: String,
    },
    /// Nix could not load one of the sides as a flake.
    #[error("nix cannot read {side}: {message}")]
    Load {
        /// Which side.
        side: String,
        /// The essence of what Nix said.
        message: String,
    },
    /// Derivations could not be had from their store.
    #[error("nix cannot copy derivations from {url}: {message}")]
    Store {
        /// The store.
        url: String,
        /// The essence of what Nix said.
        message: String,
    },
    /// Nix could not update a lock.
    #[error("nix cannot update {lock}: {message}")]
    Update {
        /// The lock.
        lock: Utf8PathBuf,
        /// The essence of what Nix said.
        message: String,
    },
    /// Nix said something that cannot be read.
    #[error("nix printed what flakepart cannot read: {what}")]
    Answer {
        /// What was wrong with it.
        what: String,
    },
    /// An output to build or run that is not named as outputs are.
    #[error("`{}` names no output", .attr.escape_debug())]
    BadAttr {
        /// What was given.
        attr: String,
    },
    /// Outputs were chosen that neither side has.
    #[error("neither {before} nor {after} has an output `{}`", .attr.escape_debug())]
    NoOutput {
        /// What was given.
        attr: String,
        /// The state before.
        before: String,
        /// The state after.
        after: String,
        /// What there is instead.
        hint: String,
    },
    /// Systems were chosen for which there is nothing to compare.
    #[error("neither {before} nor {after} has an output for `{}`", .systems.escape_debug())]
    NoSystem {
        /// What was given.
        systems: String,
        /// The state before.
        before: String,
        /// The state after.
        after: String,
    },
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ProveError {
    /// 2 for what it was given, 3 for what it needs (contract).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            ProveError::Load { message, .. } if !is_fetch_failure(message) => 2,
            ProveError::BadAttr { .. } | ProveError::NoOutput { .. } | ProveError::NoSystem { .. } => 2,
            _ => 3,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            ProveError::NoNix { .. } => Some(
                "install Nix; `split` and `merge` do without, and without the proof: --no-verify".to_owned(),
            ),
            ProveError::Load { .. } => Some("`nix flake metadata` shows the whole of it".to_owned()),
            ProveError::BadAttr { .. } => {
                Some("write it as in `packages.hello` or `packages.x86_64-linux.hello`".to_owned())
            }
            ProveError::NoOutput { hint, .. } => Some(hint.clone()),
            ProveError::NoSystem { .. } => Some("write it as in `x86_64-linux`".to_owned()),
            ProveError::TooOld { .. } => Some("install a newer Nix".to_owned()),
            ProveError::Timeout { .. } => Some("`--timeout SECONDS` gives it more time".to_owned()),
            ProveError::Killed { .. } => {
                Some("systems do so when memory runs out; `verify --output` takes less of it".to_owned())
            }
            ProveError::Answer { .. } => {
                Some("please report this, with what `nix --version` prints".to_owned())
            }
            ProveError::Store { .. } | ProveError::Update { .. } | ProveError::Io(_) => None,
        }
    }
}

impl Nix {
    /// Finds `nix` on the PATH.
    pub fn find(settings: Settings) -> Result<Nix, ProveError> {
        let mut command = Command::new("nix");
        let output = limited(command.arg("--version"), &settings.limits, "nix --version", |_| {})?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() || version.is_empty() {
            let source = io::Error::other(essence(&String::from_utf8_lossy(&output.stderr), None));
            return Err(ProveError::NoNix { source });
        }
        let version = Version::read(version);
        match version.release() {
            Some(release) if release < OLDEST => Err(ProveError::TooOld { version: version.to_string() }),
            _ => Ok(Nix { version, settings }),
        }
    }

    /// The same, stopped once `interrupted` is set.
    #[must_use]
    pub fn until(mut self, interrupted: Arc<AtomicBool>) -> Nix {
        self.settings.limits.interrupted = interrupted;
        self
    }

    /// Which it is.
    pub(super) fn version(&self) -> &Version {
        &self.version
    }

    /// The release as (major, minor), where the version says so.
    pub(super) fn release(&self) -> Option<(u32, u32)> {
        self.version.release()
    }

    /// Whether it fetches the inputs of partitions again although its store has them (NixOS/nix #12751).
    pub(super) fn fetches_again(&self) -> bool {
        self.version.implementation != Implementation::Lix
            && self.release().is_some_and(|release| release >= (2, 26))
    }

    /// This machine's system, as Nix names it.
    pub(super) fn system(&self) -> String {
        let os = std::env::consts::OS.replace("macos", "darwin");
        format!("{}-{os}", std::env::consts::ARCH)
    }

    /// Updates a lock as Nix does it: that of the flake in a folder, a copy.
    pub fn update(&self, lock: &Utf8Path, folder: &Utf8Path) -> Result<(), ProveError> {
        let output = self.run_in(folder, &["flake", "update"], |_| {})?;
        if output.status.success() {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        let mut message = self.essence(&output.stderr, None);
        // Newer ones name the input at which it was.
        let traced = stderr.lines().rev().find(|line| line.contains("… while fetching the input"));
        if let Some((_, doing)) = traced.and_then(|line| line.split_once("… ")) {
            message.push_str(&format!(" ({})", crate::credentials::hidden(&without_styles(doing))));
        }
        Err(ProveError::Update { lock: lock.to_owned(), message })
    }

    /// The essence of what it printed as an error, and what it lacks if that is why.
    pub(super) fn essence(&self, stderr: &[u8], source: Option<&str>) -> String {
        let message = essence(&String::from_utf8_lossy(stderr), source);
        match self.version.lacks(&message) {
            Some(lacks) => format!("{message}; {lacks}"),
            None => message,
        }
    }

    /// How long programs may run.
    pub(super) fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// The store that evaluation writes into, where it was named.
    pub(super) fn evaluates_into(&self) -> Option<&str> {
        self.settings.eval_store.as_deref().or(self.settings.store.as_deref())
    }

    /// Has the store that builds know derivations which another one was evaluated into: Nix 2.8 does not
    /// look for them there.
    pub(super) fn hand_over(&self, derivations: &[&str]) -> Result<(), ProveError> {
        match &self.settings.eval_store {
            Some(url) => self.copy(derivations, url, self.settings.store.as_deref().unwrap_or("auto")),
            None => Ok(()),
        }
    }

    /// Copies derivations, and all that they need, out of a store into another one.
    pub(super) fn copy(&self, derivations: &[&str], url: &str, to: &str) -> Result<(), ProveError> {
        let copy = ["copy", "--derivation", "--no-check-sigs", "--from", url, "--to", to];
        let output =
            self.run_with_default_stores(Utf8Path::new("."), &[&copy, derivations].concat(), |_| {})?;
        if output.status.success() {
            return Ok(());
        }
        let message = self.essence(&output.stderr, None);
        Err(ProveError::Store { url: crate::credentials::hidden(url), message })
    }

    /// Has Nix write the lock of a flake that has none.
    pub(super) fn lock(&self, folder: &Utf8Path) -> Result<(), ProveError> {
        let output = self.run(&["flake", "lock", &format!("path:{folder}")])?;
        if output.status.success() {
            return Ok(());
        }
        let message = self.essence(&output.stderr, None);
        Err(ProveError::Load { side: "a flake that uses this one".to_owned(), message })
    }

    /// Runs `nix` where no lock is written.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<Output, ProveError> {
        self.run_told(arguments, |_| {})
    }

    /// The same, and tells each line that it says besides when it comes.
    pub(super) fn run_told(&self, arguments: &[&str], told: impl FnMut(&str)) -> Result<Output, ProveError> {
        self.run_in(Utf8Path::new("."), arguments, told)
    }

    /// Runs `nix` with flakes enabled.
    fn run_in(
        &self,
        folder: &Utf8Path,
        arguments: &[&str],
        told: impl FnMut(&str),
    ) -> Result<Output, ProveError> {
        let settings = &self.settings;
        let passed = [
            ("--store", &settings.store),
            ("--eval-store", &settings.eval_store),
            ("--builders", &settings.builders),
        ];
        // Only subcommands know some of these, so that they come last.
        let passed = passed.into_iter().filter_map(|(flag, value)| Some([flag, value.as_deref()?]));
        let arguments: Vec<&str> = arguments.iter().copied().chain(passed.flatten()).collect();
        self.run_with_default_stores(folder, &arguments, told)
    }

    /// The same, whatever stores were named.
    fn run_with_default_stores(
        &self,
        folder: &Utf8Path,
        arguments: &[&str],
        told: impl FnMut(&str),
    ) -> Result<Output, ProveError> {
        let offline = self.settings.offline;
        let mut command = Command::new("nix");
        command.args(["--extra-experimental-features", "nix-command flakes"]);
        command.args(self.version.settings());
        if offline {
            command.arg("--offline");
        }
        command.args(arguments);
        // Of an expression nobody reads more than the beginning.
        let brief = arguments.iter().map(|argument| argument.lines().next().unwrap_or_default());
        tracing::debug!(offline, arguments = ?brief.collect::<Vec<_>>(), "run nix");
        let what = format!("nix {}", arguments.first().copied().unwrap_or_default());
        let output = self.limited(command.current_dir(folder), &what, told)?;
        // That says nothing of what it was to do; it may not happen again.
        if output.status.signal() == Some(Signal::KILL.as_raw()) {
            return Err(ProveError::Killed { what });
        }
        Ok(output)
    }

    /// Runs a program within the limits.
    pub(super) fn limited(
        &self,
        command: &mut Command,
        what: &str,
        told: impl FnMut(&str),
    ) -> Result<Output, ProveError> {
        limited(command, self.limits(), what, told)
    }

    /// Whether nothing was set for it alone.
    pub(super) fn is_plain(&self) -> bool {
        let Settings { offline, store, eval_store, .. } = &self.settings;
        !offline && store.is_none() && eval_store.is_none()
    }
}

fn limited(
    command: &mut Command,
    limits: &Limits,
    what: &str,
    told: impl FnMut(&str),
) -> Result<Output, ProveError> {
    process::run(command, limits, false, told).map_err(|source| match source.kind() {
        io::ErrorKind::TimedOut => ProveError::Timeout {
            what: what.to_owned(),
            seconds: limits.timeout.unwrap_or_default().as_secs(),
        },
        _ => ProveError::NoNix { source },
    })
}
