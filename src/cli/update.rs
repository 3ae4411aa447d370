//! `flakepart update`

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use super::interrupt::Interrupt;
use super::scratch::Scratch;
use super::target::files;
use super::unfinished::{mention, writer};
use super::{Error, Outcome, Output};
use crate::change::Changes;
use crate::lock::{Diff, Lock};
use crate::partition::{NO_INPUTS, Outline, updated};
use crate::prove::{Nix, Settings};
use crate::report::{self, shown};
use crate::tree::{WorkTree, export, track};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A partition to update; if none is named, the root and all of them
    #[arg(value_name = "PARTITION")]
    partitions: Vec<String>,
    /// Show what there is to update and write nothing (exit code 1 if there is something)
    #[arg(long, visible_alias = "check")]
    dry_run: bool,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Markdown,
}

pub(super) fn run(arguments: &Arguments, offline: bool, output: &Output) -> Result<Outcome, Error> {
    let tree = WorkTree::open(None)?;
    let writer = if arguments.dry_run {
        mention(&tree, output);
        None
    } else {
        Some(writer(&tree, output)?)
    };
    let files = files(&tree)?;
    let flake = Outline::read(&files)?;
    let folders = flake.to_update(&arguments.partitions)?;
    if arguments.partitions.is_empty() {
        for partition in flake.partitions.values().filter(|partition| partition.folder.is_none()) {
            let name = shown(&partition.name);
            output.note(&format!("flakepart: partition {name} is left out: its folder is not to be seen\n"));
        }
    }
    let nix = Nix::find(Settings { offline, ..Settings::default() })?;
    let interrupt = Interrupt::watch()?;
    let nix = nix.until(interrupt.shared());
    let locks = interrupt.unless_seen(update(&nix, &tree, folders, output))?;
    let changes = updated(&files, locks)?;
    output.data(&differences(&changes, arguments.format)?)?;
    if changes.is_empty() {
        output.note("flakepart: all locks are up to date\n");
        return Ok(Outcome::Fine);
    }
    let Some(writer) = writer else { return Ok(Outcome::Found) };
    writer.apply(&changes, interrupt.flag())?;
    let paths: Vec<String> = changes.iter().map(|(path, _)| shown(path.as_str())).collect();
    output.note(&format!("\nflakepart: wrote {}; nothing is committed\n", paths.join(" ")));
    Ok(Outcome::Fine)
}

/// What Nix makes of the locks of the flakes in these folders. It works on a copy of the repository: what it
/// has done to one lock when it fails at the next is nobody's loss.
fn update(
    nix: &Nix,
    tree: &WorkTree,
    folders: impl IntoIterator<Item = Utf8PathBuf>,
    output: &Output,
) -> Result<Vec<(Utf8PathBuf, Vec<u8>)>, Error> {
    let copy = Scratch::new()?;
    let (repository, flake) = tree.whole()?;
    export(&repository, copy.path())?;
    if tree.is_git() {
        track(copy.path())?;
    }
    let root = copy.path().join(flake);
    let bar = output.progress();
    let mut locks = Vec::new();
    for folder in folders {
        let lock = folder.join("flake.lock");
        bar.set_message(shown(&format!("updating {lock}")));
        nix.update(&lock, &root.join(&folder))?;
        // A flake without inputs gets none.
        match std::fs::read(root.join(&lock)) {
            Ok(bytes) => locks.push((lock, bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::Copy(error)),
        }
    }
    bar.finish_and_clear();
    Ok(locks)
}

/// What differs in each lock, by meaning.
fn differences(changes: &Changes, format: Format) -> Result<String, Error> {
    let mut texts = Vec::new();
    for (path, change) in changes.iter().filter(|(path, _)| path.file_name() == Some("flake.lock")) {
        let before = change.before.as_deref().unwrap_or(NO_INPUTS.as_bytes());
        let after = change.after.as_deref().unwrap_or(NO_INPUTS.as_bytes());
        let diff = Diff::new((&lock(path, before)?, before), (&lock(path, after)?, after));
        texts.push(match format {
            Format::Human => report::diff(path.as_str(), &diff),
            Format::Markdown => report::diff_markdown(path.as_str(), &diff),
        });
    }
    Ok(texts.join("\n"))
}

fn lock(path: &Utf8Path, bytes: &[u8]) -> Result<Lock, Error> {
    Lock::parse(bytes).map_err(|source| Error::Lock { path: path.to_owned(), source })
}
