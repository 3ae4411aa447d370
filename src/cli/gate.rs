//! `flakepart gate`

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use super::target::{from_here, lock_of};
use super::unfinished::opened;
use super::{Error, Outcome, Output};
use crate::check::{Gate, Limits};
use crate::lock::{Lock, Measure};
use crate::report;
use crate::tree::Tree;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder with a flake.nix; the nearest one upwards if left out
    pub(super) flake: Option<Utf8PathBuf>,
    /// The git revision to compare with, such as origin/main
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The most nodes that the lock may have
    #[arg(long, value_name = "N")]
    max_nodes: Option<usize>,
    /// The most bytes that the lock may have
    #[arg(long, value_name = "N")]
    max_bytes: Option<usize>,
    /// The most nodes that the lock may have more than the base
    #[arg(long, value_name = "N", requires = "base")]
    max_growth: Option<usize>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
}

const NO_LOCK: Measure = Measure { nodes: 0, bytes: 0 };

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    let limits = Limits {
        max_nodes: arguments.max_nodes,
        max_bytes: arguments.max_bytes,
        max_growth: arguments.max_growth,
    };
    if limits == Limits::default() {
        return Err(Error::Usage {
            message: "no limit is given, so there is nothing to hold the lock against".to_owned(),
            hint: "for example `--max-nodes 20`, or `--base origin/main --max-growth 0`".to_owned(),
        });
    }
    let tree = opened(arguments.flake.as_deref(), output)?;
    let path = from_here(tree.root().join("flake.lock"));
    let lock = match measure(&tree, &path)? {
        Some(lock) => lock,
        // A flake without inputs needs no lock; any other does.
        None => lock_of(&tree).map(|_| NO_LOCK)?,
    };
    let base = match &arguments.base {
        // A base without a lock had no nodes: everything is growth.
        Some(rev) => Some(measure(&tree.commit(rev)?, &path)?.unwrap_or(NO_LOCK)),
        None => None,
    };
    let gate = Gate::new(lock, base, limits);
    match arguments.format {
        Format::Human => output.data(&report::gate(&gate))?,
        Format::Json => output.data(&report::json(&gate)?)?,
    }
    Ok(if gate.findings.is_empty() { Outcome::Fine } else { Outcome::Found })
}

/// The size of a tree's lock, which `path` leads to from here.
fn measure(tree: &dyn Tree, path: &Utf8Path) -> Result<Option<Measure>, Error> {
    let Some(bytes) = tree.read(Utf8Path::new("flake.lock"))? else { return Ok(None) };
    let name = Utf8PathBuf::from(format!("{path} of {}", tree.name()));
    tracing::debug!(lock = ?name, bytes = bytes.len(), "read");
    let lock = Lock::parse(&bytes).map_err(|source| Error::Lock { path: name, source })?;
    Ok(Some(Measure::of(&lock, &bytes)))
}
