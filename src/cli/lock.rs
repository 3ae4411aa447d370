//! `flakepart lock`: what flakepart does to locks, for use by hand.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Subcommand;

use super::interrupt::Interrupt;
use super::target::{lock_bytes, parsed};
use super::unfinished::writer;
use super::{Error, Outcome, Output};
use crate::change::Changes;
use crate::lock::{ExtractError, PruneError};
use crate::report::shown;
use crate::suggest::instead;
use crate::tree::{Tree as _, WorkTree};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write the bytes that Nix would write
    Normalize {
        /// A lock file, or - for standard input; flake.lock of the nearest flake if left out
        lock: Option<Utf8PathBuf>,
        /// Write them into the file
        #[arg(long, conflicts_with = "check")]
        write: bool,
        /// Only say whether the file has them (exit code 1 if not)
        #[arg(long)]
        check: bool,
    },
    /// Print the lock without some root inputs
    Prune {
        /// A lock file, or - for standard input; flake.lock of the nearest flake if left out
        lock: Option<Utf8PathBuf>,
        /// The root inputs that go
        #[arg(long = "input", value_name = "NAME", required = true, num_args = 1..)]
        inputs: Vec<String>,
    },
    /// Print the nested lock that holds just some root inputs
    Extract {
        /// A lock file, or - for standard input; flake.lock of the nearest flake if left out
        lock: Option<Utf8PathBuf>,
        /// The root inputs to take
        #[arg(long = "input", value_name = "NAME", required = true, num_args = 1..)]
        inputs: Vec<String>,
        /// Take the root input FROM along under the name TO, and point follows that left at it
        #[arg(long = "alias", value_name = "FROM=TO", value_parser = alias)]
        aliases: Vec<(String, String)>,
    },
}

fn alias(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.to_owned(), to.to_owned())),
        _ => Err("write it as FROM=TO, such as nixpkgs=root-nixpkgs".to_owned()),
    }
}

pub(super) fn run(command: &Command, output: &Output) -> Result<Outcome, Error> {
    match command {
        Command::Normalize { lock, write, check } => {
            let (path, bytes) = lock_bytes(lock.as_deref(), output)?;
            let lock = parsed(&path, bytes)?;
            let refused = |source| Error::Lock { path: path.clone(), source };
            if *check {
                let same = lock.is_canonical().map_err(refused)?;
                let what = if same { "has the bytes" } else { "has other bytes than those" };
                output.note(&format!("{} {what} that Nix would write\n", shown(path.as_str())));
                return Ok(if same { Outcome::Fine } else { Outcome::Found });
            }
            if !*write {
                let normal = lock.normal().map_err(refused)?;
                output.stream(|out| normal.write_to(out))?;
            } else if path == "standard input" {
                return Err(Error::Usage {
                    message: "standard input cannot be written to".to_owned(),
                    hint: "name the file, or leave --write out".to_owned(),
                });
            } else if !lock.is_canonical().map_err(refused)? {
                rewrite(&path, output)?;
            }
            Ok(Outcome::Fine)
        }
        Command::Prune { lock, inputs } => {
            let (lock, names) = named(lock.as_deref(), inputs);
            let (path, bytes) = lock_bytes(lock, output)?;
            let lock = parsed(&path, bytes)?;
            let pruned = lock.prune(&names).map_err(|error| Error::LockRefused {
                path,
                hint: match &error {
                    PruneError::UnknownInput { name } => Some(instead(name, lock.root_inputs().keys())),
                    error => error.hint(),
                },
                message: error.to_string(),
            })?;
            output.bytes(&pruned.to_bytes())?;
            Ok(Outcome::Fine)
        }
        Command::Extract { lock, inputs, aliases } => {
            let (lock, names) = named(lock.as_deref(), inputs);
            let (path, bytes) = lock_bytes(lock, output)?;
            let aliases: BTreeMap<String, String> = aliases.iter().cloned().collect();
            let lock = parsed(&path, bytes)?;
            let nested = lock.extract(&names, &aliases).map_err(|error| Error::LockRefused {
                path,
                hint: match &error {
                    ExtractError::UnknownInput { name } => Some(instead(name, lock.root_inputs().keys())),
                    error => error.hint(),
                },
                message: error.to_string(),
            })?;
            output.bytes(&nested.to_bytes())?;
            Ok(Outcome::Fine)
        }
    }
}

/// The lock and the inputs. `--input` takes one name after the other, and with them a LOCK that is written
/// behind them: no input is named like a file that is there, unless it stands alone.
fn named<'a>(lock: Option<&'a Utf8Path>, inputs: &'a [String]) -> (Option<&'a Utf8Path>, Vec<&'a str>) {
    let names = |inputs: &'a [String]| inputs.iter().map(String::as_str).collect();
    match (lock, inputs) {
        (None, [names_before @ .., last]) if !names_before.is_empty() && is_lock(last) => {
            (Some(Utf8Path::new(last)), names(names_before))
        }
        _ => (lock, names(inputs)),
    }
}

/// An input's name has no `/`, and hardly is that of a file or of a flake's folder.
fn is_lock(name: &str) -> bool {
    let path = Utf8Path::new(name);
    name == "-" || name.contains('/') || path.is_file() || path.join("flake.nix").is_file()
}

/// Writes the normal bytes of a lock into its file, as all that flakepart writes.
fn rewrite(path: &Utf8Path, output: &Output) -> Result<(), Error> {
    let read = |source| Error::Read { path: path.to_owned(), source };
    let full = path.canonicalize_utf8().map_err(read)?;
    let name = Utf8Path::new(full.file_name().unwrap_or_default());
    let tree = WorkTree::at(full.parent().unwrap_or(Utf8Path::new("/")).to_owned())?;
    let writer = writer(&tree, output)?;
    // Nobody else writes from here on.
    let bytes = tree.read(name)?.ok_or_else(|| read(std::io::ErrorKind::NotFound.into()))?;
    let lock = parsed(path, bytes.clone())?;
    let normal = lock.normal().map_err(|source| Error::Lock { path: path.to_owned(), source })?.to_bytes();
    let mut changes = Changes::default();
    changes.insert(name, Some(bytes), Some(normal));
    Ok(writer.apply(&changes, Interrupt::watch()?.flag())?)
}
