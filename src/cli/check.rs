//! `flakepart check`

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::target::{files, from_top};
use super::unfinished::opened;
use super::{Error, Outcome, Output};
use crate::finding::Level;
use crate::partition::Outline;
use crate::tree::Tree;
use crate::{check, report};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder with a flake.nix; the nearest one upwards if left out
    pub(super) flake: Option<Utf8PathBuf>,
    /// Judge what is staged for the next commit, not the work tree
    #[arg(long)]
    staged: bool,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
    Github,
    Gitlab,
    Sarif,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    let tree = opened(arguments.flake.as_deref(), output)?;
    let index;
    let state: &dyn Tree = if arguments.staged {
        index = tree.index()?;
        &index
    } else {
        &tree
    };
    let files = files(state)?;
    let flake = Outline::read(&files)?;
    let mut findings = check::check(&flake, &files.into_keys().collect());
    // What is merely worth knowing belongs to `analyze`, not into every commit.
    findings.retain(|finding| finding.level > Level::Note);
    output.data(&match arguments.format {
        Format::Human => report::findings(&findings),
        Format::Json => report::json(&report::Findings::new(&findings))?,
        Format::Github => report::github(&from_top(&tree, &findings)?),
        Format::Gitlab => report::gitlab(&from_top(&tree, &findings)?)?,
        Format::Sarif => report::sarif(&from_top(&tree, &findings)?)?,
    })?;
    if !findings.is_empty() {
        return Ok(Outcome::Found);
    }
    output.note(&format!("flakepart: {} is in order\n", state.name()));
    Ok(Outcome::Fine)
}
