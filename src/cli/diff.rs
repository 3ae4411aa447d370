//! `flakepart diff`

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use super::target::{lock_bytes, lock_of, parsed};
use super::{Error, Outcome, Output};
use crate::lock::Diff;
use crate::partition::FlakeError;
use crate::report;
use crate::tree::{TreeError, WorkTree, read_revision};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The lock before: a file, a folder with a flake.lock, - for standard input, or REV or REV:PATH of git
    old: String,
    /// The lock after, named in the same way
    new: String,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
    Markdown,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    if arguments.old == "-" && arguments.new == "-" {
        return Err(Error::Usage {
            message: "standard input cannot be both locks".to_owned(),
            hint: "name a file or a revision for one of them: `flakepart diff HEAD -`".to_owned(),
        });
    }
    let (old_name, old) = bytes(&arguments.old, output)?;
    let (new_name, new) = bytes(&arguments.new, output)?;
    let (before, after) = (parsed(&old_name, old)?, parsed(&new_name, new)?);
    let diff = Diff::new((&before, before.bytes()), (&after, after.bytes()));
    output.data(&match arguments.format {
        Format::Human => report::diff("flake.lock", &diff),
        Format::Json => report::json(&diff)?,
        Format::Markdown => report::diff_markdown("flake.lock", &diff),
    })?;
    Ok(Outcome::Fine)
}

/// The lock that an argument names. What is there as a file is no revision.
fn bytes(argument: &str, output: &Output) -> Result<(Utf8PathBuf, Vec<u8>), Error> {
    let path = Utf8Path::new(argument);
    if argument == "-" {
        return lock_bytes(Some(path), output);
    }
    if path.join("flake.nix").is_file() {
        return lock_of(&WorkTree::open(Some(path))?).map_err(|error| error.within(Some(path)));
    }
    let path = if path.is_dir() { path.join("flake.lock") } else { path.to_owned() };
    // Also what is no plain file, such as the shell's `<(…)`.
    match std::fs::read(&path) {
        Ok(bytes) => return Ok((path, bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && path == argument => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(FlakeError::Missing { path }.into());
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {}
        Err(source) => return Err(Error::Read { path, source }),
    }
    let (rev, file) = argument.split_once(':').unwrap_or((argument, "flake.lock"));
    let neither = |what: &str| Error::Usage {
        message: format!("`{argument}` is no file and no folder, and {what}"),
        hint: "name a lock file, a folder with a flake.lock, `-`, or REV or REV:PATH of git; in a shallow \
               clone, fetch the revision first: `git fetch origin REV`"
            .to_owned(),
    };
    match read_revision(Utf8Path::new("."), rev, file) {
        Ok(Some(bytes)) => Ok((format!("{rev}:{file}").into(), bytes)),
        Ok(None) => Err(Error::LockRefused {
            path: argument.into(),
            message: format!("revision `{rev}` has no file {file}"),
            hint: Some("paths count from the top of the repository: `REV:folder/flake.lock`".to_owned()),
        }),
        Err(TreeError::NoRevision { rev, .. }) => Err(neither(&format!("git has no revision `{rev}` here"))),
        Err(TreeError::NotGit { .. }) => Err(neither("there is no git repository here")),
        Err(error) => Err(error.into()),
    }
}
