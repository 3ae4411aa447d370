//! Every way in which a run fails, with its exit code, its place and its hint.

use camino::{Utf8Path, Utf8PathBuf};
use thiserror::Error as ThisError;

use crate::change::ChangeError;
use crate::check::SettingsError;
use crate::lock::LockError;
use crate::partition::{FlakeError, MergeError, NoPartition, SplitError, SyncError};
use crate::prove::ProveError;
use crate::report::{bold, shown, wrapped_to};
use crate::tree::TreeError;

/// Why a run failed.
#[derive(Debug, ThisError)]
pub(super) enum Error {
    /// An error about a flake that was named on the command line.
    #[error("{source}")]
    Within { folder: Utf8PathBuf, source: Box<Error> },
    #[error("{0}")]
    Tree(#[from] TreeError),
    #[error("{0}")]
    Flake(#[from] FlakeError),
    #[error("{source}")]
    Lock { path: Utf8PathBuf, source: LockError },
    #[error("{message}")]
    LockRefused { path: Utf8PathBuf, message: String, hint: Option<String> },
    #[error("{source}")]
    Settings { path: Utf8PathBuf, source: SettingsError },
    #[error("{0}")]
    Split(#[from] SplitError),
    #[error("{0}")]
    Sync(Box<SyncError>),
    #[error("{0}")]
    Merge(Box<MergeError>),
    #[error("{0}")]
    NoPartition(#[from] NoPartition),
    #[error("{0}")]
    Change(#[from] ChangeError),
    #[error("{0}")]
    Prove(#[from] ProveError),
    #[error("uncommitted changes in {}", list(.0))]
    Dirty(Vec<Utf8PathBuf>),
    #[error("{0} is in the way: it exists, and git does not track it")]
    Untracked(Utf8PathBuf),
    #[error("interrupted; nothing was changed")]
    Interrupted,
    #[error("{message}")]
    Usage { message: String, hint: String },
    #[error("cannot make a copy of the flake for Nix: {0}")]
    Copy(std::io::Error),
    #[error("cannot read {path}: {source}")]
    Read { path: Utf8PathBuf, source: std::io::Error },
    #[error("cannot write {path}: {source}")]
    Write { path: Utf8PathBuf, source: std::io::Error },
    #[error("cannot write to stdout: {0}")]
    Stdout(std::io::Error),
    #[error("cannot read the answer: {0}")]
    Stdin(std::io::Error),
    #[error("cannot watch for Ctrl-C: {0}")]
    Signal(std::io::Error),
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn list(paths: &[Utf8PathBuf]) -> String {
    let paths: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
    paths.join(", ")
}

impl From<MergeError> for Error {
    fn from(error: MergeError) -> Error {
        match error {
            MergeError::Flake(error) => Error::Flake(error),
            MergeError::NotEditable(error) => Error::Split(error),
            error => Error::Merge(Box::new(error)),
        }
    }
}

impl From<SyncError> for Error {
    fn from(error: SyncError) -> Error {
        Error::Sync(Box::new(error))
    }
}

impl Error {
    /// The same error, with its places in the flake below the folder that the user named.
    pub(super) fn within(self, folder: Option<&Utf8Path>) -> Error {
        match folder {
            Some(folder)
                if folder != "."
                    && matches!(
                        self,
                        Error::Flake(_) | Error::Split(_) | Error::Sync(_) | Error::Merge(_)
                    ) =>
            {
                Error::Within { folder: folder.to_owned(), source: Box::new(self) }
            }
            _ => self,
        }
    }

    /// 2 for what it was given, 3 for what it needs, 4 for itself (contract).
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Error::Within { source, .. } => source.exit_code(),
            Error::Tree(error) if error.is_program_failure() => 3,
            Error::Change(ChangeError::Tree(error)) if error.is_program_failure() => 3,
            Error::Change(
                ChangeError::Stranded { .. }
                | ChangeError::Write { .. }
                | ChangeError::Unrecovered { .. }
                | ChangeError::IndexHeld { .. }
                | ChangeError::Interrupted,
            ) => 3,
            Error::Prove(error) => error.exit_code(),
            Error::Copy(_) | Error::Write { .. } | Error::Stdout(_) | Error::Stdin(_) => 3,
            Error::Interrupted | Error::Signal(_) => 3,
            Error::Json(_) | Error::Split(SplitError::Inconsistent(_)) => 4,
            Error::Tree(_)
            | Error::Flake(_)
            | Error::Lock { .. }
            | Error::LockRefused { .. }
            | Error::Split(_)
            | Error::Sync(_)
            | Error::Merge(_)
            | Error::NoPartition(_)
            | Error::Change(_)
            | Error::Dirty(_)
            | Error::Untracked(_)
            | Error::Usage { .. }
            | Error::Settings { .. }
            | Error::Read { .. } => 2,
        }
    }

    /// `FILE:LINE:COLUMN`, as far as it is known.
    fn place(&self) -> Option<String> {
        let place = |path: &Utf8PathBuf, line: Option<usize>, column: Option<usize>| {
            let numbers = [line, column].into_iter().map_while(|number| number);
            numbers.fold(path.to_string(), |place, number| format!("{place}:{number}"))
        };
        match self {
            Error::Within { folder, source } => {
                let below =
                    if folder.ends_with("flake.nix") { folder.parent().unwrap_or(folder) } else { folder };
                source.place().map(|place| below.join(place).into_string())
            }
            Error::Flake(error) | Error::Split(SplitError::Flake(error)) => match error {
                FlakeError::Missing { path } => Some(path.to_string()),
                FlakeError::Lock { path, source } => Some(lock_place(path, source)),
                FlakeError::Nix { path, source } => Some(place(path, source.line(), source.column())),
            },
            Error::Merge(error) => error.place().map(|(file, line)| place(&file, line, None)),
            Error::NoPartition(error) => error.place().map(|(file, line)| place(file, Some(*line), None)),
            Error::Lock { path, source } => Some(lock_place(path, source)),
            Error::Sync(error) => match &**error {
                SyncError::Declared { path, line, .. } => Some(place(path, Some(*line), None)),
                SyncError::Edit { path, source } => Some(place(path, source.line(), None)),
                SyncError::Graft { path, .. } => Some(path.to_string()),
                SyncError::Flake(_) | SyncError::Extract(_) => None,
            },
            Error::LockRefused { path, .. } => Some(path.to_string()),
            Error::Settings { path, source } => Some(place(path, source.line, None)),
            Error::Split(SplitError::Blocked(blockers)) => {
                let (file, line) = blockers.first()?.place.as_ref()?;
                Some(place(file, Some(*line), None))
            }
            Error::Split(
                SplitError::FilteredTree { place: (file, line) }
                | SplitError::UnreadableWiring { place: (file, line) }
                | SplitError::FolderRead { place: (file, line), .. }
                | SplitError::PartitionUnreadable { place: Some((file, line)), .. },
            ) => Some(place(file, Some(*line), None)),
            Error::Split(SplitError::EditNested { path, error }) => Some(place(path, error.line(), None)),
            Error::Split(SplitError::Edit(error) | SplitError::NoImports(error)) => {
                Some(place(&"flake.nix".into(), error.line(), None))
            }
            Error::Split(SplitError::UnknownInput { .. } | SplitError::NoFlakeParts { .. }) => {
                Some("flake.nix".to_owned())
            }
            Error::Split(SplitError::Stuck(stuck)) => {
                stuck.first().map(|stuck| place(&stuck.file, Some(stuck.line), None))
            }
            Error::Split(SplitError::Stale(finding)) => {
                Some(place(finding.file.as_ref()?, finding.line, None))
            }
            Error::Split(SplitError::Generated { line }) => {
                Some(place(&"flake.nix".into(), Some(*line), None))
            }
            Error::Split(SplitError::OldFlakeParts { .. }) => Some("flake.lock".to_owned()),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::Within { source, .. } => source.hint(),
            Error::Tree(error) => error.hint(),
            Error::Change(error) => error.hint(),
            Error::Flake(error) | Error::Split(SplitError::Flake(error)) => match error {
                FlakeError::Missing { .. } => Some("`nix flake lock` makes it".to_owned()),
                FlakeError::Lock { source, .. } => source.hint(),
                FlakeError::Nix { source, .. } => source.hint().map(str::to_owned),
            },
            Error::Lock { path, source } => match path.file_name() {
                Some("flake.lock" | "devenv.lock") => source.hint(),
                // Nobody shall delete a file that is merely no lock.
                _ if source.is_no_lock() => Some(format!(
                    "{path} is taken for a lock, and is none that Nix wrote: name a flake.lock, or the folder \
                     of a flake"
                )),
                _ => source.hint(),
            },
            Error::LockRefused { hint, .. } => hint.clone(),
            Error::Split(error) => error.hint(),
            Error::Sync(error) => error.hint(),
            Error::Merge(error) => error.hint(),
            Error::NoPartition(error) => Some(error.hint()),
            Error::Prove(error) => error.hint(),
            Error::Untracked(_) => Some("move it away, or choose another folder: `--folder DIR`".to_owned()),
            Error::Dirty(_) => Some("commit or stash them first, or pass --allow-dirty".to_owned()),
            Error::Usage { hint, .. } => Some(hint.clone()),
            Error::Settings { source, .. } => source.hint.clone(),
            Error::Copy(_) => Some("the variable TMPDIR names the folder for copies".to_owned()),
            Error::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("name a lock file, a folder with a flake.nix, or `-` for standard input".to_owned())
            }
            Error::Json(_) => Some("please report this as a bug".to_owned()),
            // The message of the system says what is in the way, and only the user can clear it.
            Error::Interrupted
            | Error::Read { .. }
            | Error::Write { .. }
            | Error::Stdout(_)
            | Error::Stdin(_)
            | Error::Signal(_) => None,
        }
    }

    /// The other reasons, where one refusal has several.
    fn more(&self) -> Vec<String> {
        let blockers = match self {
            Error::Within { source, .. } => return source.more(),
            Error::Split(SplitError::Blocked(blockers)) => blockers,
            _ => return Vec::new(),
        };
        let others = blockers.iter().skip(1).map(|blocker| {
            let place =
                blocker.place.as_ref().map(|(file, line)| format!("{file}:{line}: ")).unwrap_or_default();
            format!("{place}{} cannot move: {}", blocker.input, blocker.reason)
        });
        let mut others: Vec<String> = others.collect();
        others.dedup();
        others
    }

    /// The error as a person sees it: what, where, and what to do next. On a terminal it is wrapped to these
    /// columns; elsewhere, who searches it finds each thing in one line.
    pub(super) fn report(&self, columns: Option<usize>) -> String {
        let line = |head: &str, text: &str| match columns {
            Some(columns) => wrapped_to(columns, head, &shown(text)),
            None => format!("{head}{}\n", shown(text)),
        };
        let place = self.place().map(|place| place + ": ").unwrap_or_default();
        let mut text = line(&format!("{} ", error_label()), &format!("{place}{self}"));
        for more in self.more() {
            text.push_str(&line("       ", &more));
        }
        if let Some(hint) = self.hint() {
            text.push('\n');
            text.push_str(&line(&format!("{} ", bold("hint:")), &hint));
        }
        text
    }
}

fn error_label() -> String {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    format!("{red}error:{red:#}")
}

fn lock_place(path: &Utf8PathBuf, error: &LockError) -> String {
    match error.place() {
        Some(place) => format!("{path}:{}:{}", place.line, place.column),
        None => path.to_string(),
    }
}
