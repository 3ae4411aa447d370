//! `flakepart sync`

use camino::Utf8PathBuf;
use clap::Args;

use super::interrupt::Interrupt;
use super::target::files;
use super::unfinished::{mention, writer};
use super::{Error, Outcome, Output};
use crate::partition::{Outline, SyncPlan};
use crate::report;
use crate::tree::WorkTree;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder with a flake.nix; the nearest one upwards if left out
    pub(super) flake: Option<Utf8PathBuf>,
    /// Only say what would change (exit code 1 if anything would)
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    let tree = WorkTree::open(arguments.flake.as_deref())?;
    let writer = if arguments.check {
        mention(&tree, output);
        None
    } else {
        Some(writer(&tree, output)?)
    };
    let files = files(&tree)?;
    let flake = Outline::read(&files)?;
    let plan = SyncPlan::make(&files, &flake)?;
    output.data(&report::sync(&plan, &flake))?;
    let Some(writer) = writer else {
        return Ok(if plan.changes.is_empty() { Outcome::Fine } else { Outcome::Found });
    };
    if !plan.changes.is_empty() {
        writer.apply(&plan.changes, Interrupt::watch()?.flag())?;
    }
    Ok(Outcome::Fine)
}
