//! The `nix` command: finding it, running it, and what its errors say.

use std::process::{Command, Output, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use thiserror::Error;

/// A `nix` on this machine.
#[derive(Debug, Clone)]
pub struct Nix {
    version: String,
    offline: bool,
}

/// Why nothing could be proved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProveError {
    /// There is no Nix.
    #[error("cannot run `nix`: {source}")]
    NoNix {
        /// What the system says.
        source: std::io::Error,
    },
    /// Nix could not load one of the sides as a flake.
    #[error("nix cannot read {side}: {message}")]
    Load {
        /// Which side.
        side: String,
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
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl ProveError {
    /// 2 for what it was given, 3 for what it needs (contract).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            ProveError::Load { message, .. } if !is_fetch_failure(message) => 2,
            ProveError::BadAttr { .. } | ProveError::NoOutput { .. } => 2,
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
            ProveError::Answer { .. } => {
                Some("please report this, with what `nix --version` prints".to_owned())
            }
            ProveError::Update { .. } | ProveError::Io(_) => None,
        }
    }
}

impl Nix {
    /// Finds `nix` on the PATH. With `offline`, every run gets `--offline`.
    pub fn find(offline: bool) -> Result<Nix, ProveError> {
        let output = Command::new("nix")
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .map_err(|source| ProveError::NoNix { source })?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() || version.is_empty() {
            let source = std::io::Error::other(essence(&String::from_utf8_lossy(&output.stderr), None));
            return Err(ProveError::NoNix { source });
        }
        Ok(Nix { version, offline })
    }

    /// What `nix --version` prints: `nix (Nix) 2.26.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The release as (major, minor), where the version says so.
    pub(super) fn release(&self) -> Option<(u32, u32)> {
        let number = self
            .version
            .split_whitespace()
            .rev()
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        let mut parts = number.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }

    /// This machine's system, as Nix names it.
    pub(super) fn system(&self) -> String {
        let os = std::env::consts::OS.replace("macos", "darwin");
        format!("{}-{os}", std::env::consts::ARCH)
    }

    /// Updates a lock as Nix does it: that of the flake in a folder, a copy.
    pub fn update(&self, lock: &Utf8Path, folder: &Utf8Path) -> Result<(), ProveError> {
        let output = self.run_in(folder, &["flake", "update"])?;
        if output.status.success() {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        let mut message = essence(&stderr, None);
        // Newer ones name the input at which it was.
        let traced = stderr.lines().rev().find(|line| line.contains("… while fetching the input"));
        if let Some((_, doing)) = traced.and_then(|line| line.split_once("… ")) {
            message.push_str(&format!(" ({})", crate::credentials::hidden(&without_styles(doing))));
        }
        Err(ProveError::Update { lock: lock.to_owned(), message })
    }

    /// Runs `nix` where no lock is written.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<Output, ProveError> {
        self.run_in(Utf8Path::new("."), arguments)
    }

    /// Runs `nix` with flakes enabled, never asking anybody anything.
    fn run_in(&self, folder: &Utf8Path, arguments: &[&str]) -> Result<Output, ProveError> {
        let mut command = Command::new("nix");
        command.args(["--extra-experimental-features", "nix-command flakes"]);
        if self.offline {
            command.arg("--offline");
        }
        command.args(arguments);
        // Of an expression nobody reads more than the beginning.
        let brief = arguments.iter().map(|argument| argument.lines().next().unwrap_or_default());
        tracing::debug!(offline = self.offline, arguments = ?brief.collect::<Vec<_>>(), "run nix");
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|source| ProveError::NoNix { source })
    }
}

/// The essential line of what Nix printed as an error, with the place in the flake where it names one.
/// 2.8 and 2.26 differ in all but this: the last line that begins with `error:` is the cause.
/// `source` is where the flake lies in the store, where that is known.
pub(super) fn essence(stderr: &str, source: Option<&str>) -> String {
    let text = crate::credentials::hidden(&without_styles(stderr));
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let cause = lines
        .iter()
        .rposition(|line| line.strip_prefix("error:").is_some_and(|rest| !rest.trim().is_empty()));
    let Some(at) = cause else {
        return lines.into_iter().rfind(|line| !line.is_empty()).unwrap_or("no message").to_owned();
    };
    let mut message = lines[at].trim_start_matches("error:").trim().to_owned();
    if message.starts_with("program 'git' failed") {
        // Git has said why, just before.
        let above = &lines[..at];
        let since = above.iter().rposition(|line| line.starts_with("error:") || line.starts_with("warning:"));
        let mut said = above.iter().skip(since.unwrap_or(0));
        if let Some(why) = said.find_map(|line| line.strip_prefix("fatal:")) {
            message.push_str(&format!(": {}", why.trim()));
        }
    }
    let place = lines[at..].iter().find_map(|line| {
        let (store, file) = line.strip_prefix("at ")?.split_once("-source/")?;
        let file = file.split_whitespace().next()?.trim_end_matches(':');
        let elsewhere = source.is_some_and(|source| source.strip_suffix("-source") != Some(store));
        Some(if elsewhere { format!("{file} of an input") } else { file.to_owned() })
    });
    if let Some(source) = source {
        message = message.replace(&format!("{source}/"), "");
    }
    match place {
        Some(place) => format!("{message} (at {place})"),
        None => message,
    }
}

/// Text without ANSI escape sequences.
fn without_styles(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Whether an error comes from getting an input rather than from evaluating the flake.
pub(super) fn is_fetch_failure(message: &str) -> bool {
    // A file that is missing in the flake's own source is the flake's fault.
    if message.contains("-source/") {
        return false;
    }
    const SIGNS: [&str; 12] = [
        "unable to download",
        "Could not resolve host",
        "Couldn't resolve host",
        "Couldn't connect",
        "Failed to fetch",
        "failed to fetch",
        "cannot fetch",
        "Cannot find Git revision",
        "program 'git' failed",
        "Failed to open",
        "getting status of '/",
        "requires offline",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}
