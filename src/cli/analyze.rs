//! `flakepart analyze`

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use super::target::{Target, files, from_here, from_top, lock_of, parsed};
use super::{Error, Outcome, Output};
use crate::check::{flake_findings, lock_findings, unused_inputs};
use crate::finding::Finding;
use crate::lock::Examined;
use crate::partition::{Analysis, Flake};
use crate::report;
use crate::tree::read_source;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder with a flake.nix, a lock file, or - for a lock on standard input; the nearest flake
    /// upwards if left out
    #[arg(value_name = "FLAKE|LOCK")]
    targets: Vec<Utf8PathBuf>,
    /// How to show it; json is one document, and one a line for several targets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Leave the code unread: only the lock, no sites and no proposals
    #[arg(long)]
    no_usage: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    Human,
    Json,
    Markdown,
    Sarif,
}

/// An analysis, and its findings with their files counted from the top of the repository.
type Analyzed = (Analysis, Vec<Finding>);

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    if arguments.targets.is_empty() {
        print(&[analyze(Target::open(None, output)?, arguments)?], false, arguments.format, output)?;
        return Ok(Outcome::Fine);
    }
    let (mut analyses, mut errors) = (Vec::new(), Vec::new());
    for target in &arguments.targets {
        match Target::open(Some(target), output).and_then(|open| analyze(open, arguments)) {
            Ok(analysis) => analyses.push(analysis),
            Err(error) => errors.push(error.within(Some(target))),
        }
    }
    print(&analyses, arguments.targets.len() > 1, arguments.format, output)?;
    // The last one is told by who gets it, and the highest exit code counts.
    errors.sort_by_key(Error::exit_code);
    let last = errors.pop();
    errors.iter().for_each(|error| output.error(error));
    last.map_or(Ok(Outcome::Fine), Err)
}

fn print(analyses: &[Analyzed], several: bool, format: Format, output: &Output) -> Result<(), Error> {
    let mut texts = Vec::new();
    for (analysis, _) in analyses {
        texts.push(match format {
            Format::Human => report::analysis(analysis),
            Format::Json if several => report::json_line(analysis)?,
            Format::Json => report::json(analysis)?,
            Format::Markdown => report::analysis_markdown(analysis),
            Format::Sarif => continue,
        });
    }
    if format == Format::Sarif {
        let findings = analyses.iter().flat_map(|(_, findings)| findings.clone());
        texts.push(report::sarif(&findings.collect::<Vec<_>>())?);
    }
    output.data(&texts.join(if format == Format::Json { "" } else { "\n" }))
}

fn analyze(target: Target, arguments: &Arguments) -> Result<Analyzed, Error> {
    match target {
        // Without a lock, flake.nix has to say whether there should be one.
        Target::Flake(tree) if arguments.no_usage && tree.root().join("flake.lock").exists() => {
            let (path, bytes) = lock_of(&tree)?;
            of_lock(&path, bytes)
        }
        Target::Flake(tree) => {
            let files = files(&tree)?;
            let flake = Flake::read(&files, &read_source)?;
            let mut findings = flake_findings(&flake, &files);
            findings.extend(unused_inputs(&flake));
            let for_forges = from_top(&tree, &findings)?;
            let analysis = Analysis::of_flake(&flake, from_here(tree.root().join("flake.lock")), findings);
            Ok((analysis, for_forges))
        }
        Target::Lock(path, bytes) => of_lock(&path, bytes),
    }
}

fn of_lock(path: &Utf8Path, bytes: Vec<u8>) -> Result<Analyzed, Error> {
    let lock = parsed(path, bytes)?;
    let examined = Examined::new(&lock);
    let findings = lock_findings(&examined, path);
    let analysis = Analysis::of_lock(path, &examined, findings.clone());
    Ok((analysis, findings))
}
