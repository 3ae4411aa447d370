//! `flakepart analyze`

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use super::target::{Target, files, parsed};
use super::{Error, Outcome, Output};
use crate::check::{check, lock_findings};
use crate::partition::{Analysis, Flake, FlakeError};
use crate::report;
use crate::tree::Tree as _;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder with a flake.nix, a lock file, or - for a lock on standard input; the nearest flake
    /// upwards if left out
    #[arg(value_name = "FLAKE|LOCK")]
    targets: Vec<Utf8PathBuf>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Leave the code unread: only the lock, no sites and no proposals
    #[arg(long)]
    no_usage: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    let mut analyses = Vec::new();
    if arguments.targets.is_empty() {
        analyses.push(analyze(Target::open(None)?, arguments)?);
    }
    for target in &arguments.targets {
        let one = Target::open(Some(target)).and_then(|open| analyze(open, arguments));
        analyses.push(one.map_err(|error| error.within(Some(target).filter(|target| target.is_dir())))?);
    }
    match (arguments.format, analyses.as_slice()) {
        (Format::Human, analyses) => {
            let texts: Vec<String> = analyses.iter().map(report::analysis).collect();
            output.data(&texts.join("\n"))?;
        }
        (Format::Json, [one]) => output.data(&report::json(one)?)?,
        (Format::Json, several) => output.data(&report::json(&several)?)?,
    }
    Ok(Outcome::Fine)
}

fn analyze(target: Target, arguments: &Arguments) -> Result<Analysis, Error> {
    match target {
        Target::Flake(tree) if arguments.no_usage => {
            let path = Utf8PathBuf::from("flake.lock");
            let bytes = tree.read(&path)?.ok_or_else(|| FlakeError::Missing { path: path.clone() })?;
            of_lock(&path, &bytes)
        }
        Target::Flake(tree) => {
            let files = files(&tree)?;
            let flake = Flake::read(&files)?;
            let findings = check(&flake, &files.into_keys().collect());
            Ok(Analysis::of_flake(&flake, "flake.lock".into(), findings))
        }
        Target::Lock(path, bytes) => of_lock(&path, &bytes),
    }
}

fn of_lock(path: &Utf8Path, bytes: &[u8]) -> Result<Analysis, Error> {
    let lock = parsed(path, bytes)?;
    let findings = lock_findings(&lock, bytes, path);
    Ok(Analysis::of_lock(path, &lock, bytes, findings))
}
