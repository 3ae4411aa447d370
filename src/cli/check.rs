//! `flakepart check`

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use super::interrupt::Interrupt;
use super::settings::settings;
use super::target::{files, from_top};
use super::unfinished::{opened, writer};
use super::{Error, Outcome, Output};
use crate::check::{SETTINGS, Settings, Subject, concerning, fix};
use crate::date;
use crate::finding::{Finding, Level};
use crate::lock::Lock;
use crate::partition::{Files, Outline};
use crate::report;
use crate::tree::{Staged, Tree, WorkTree, read_source};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder with a flake.nix (the nearest one upwards if left out), and the files to judge: findings that
    /// come from none of them are left out
    #[arg(value_name = "FLAKE|FILE")]
    paths: Vec<Utf8PathBuf>,
    /// Judge what is staged for the next commit, not the work tree, and only what that concerns
    #[arg(long)]
    staged: bool,
    /// Mend what can be mended without Nix
    #[arg(long, conflicts_with = "staged")]
    fix: bool,
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

impl Arguments {
    /// The folder that is named first, and the files.
    pub(super) fn targets(&self) -> (Option<&Utf8Path>, &[Utf8PathBuf]) {
        match self.paths.split_first() {
            Some((first, files)) if first.is_dir() => (Some(first), files),
            _ => (None, &self.paths),
        }
    }
}

pub(super) fn run(
    arguments: &Arguments,
    config: Option<&Utf8Path>,
    output: &Output,
) -> Result<Outcome, Error> {
    let (folder, named) = arguments.targets();
    let tree = opened(folder, output)?;
    let index;
    let state: &dyn Tree = if arguments.staged {
        index = tree.index()?;
        &index
    } else {
        &tree
    };
    let settings = settings(state, config)?;
    refuse_unknown(&tree, state, named)?;
    let scope = scope(&tree, arguments.staged, named)?;
    let in_order = || output.note(&format!("flakepart: {} is in order\n", state.name()));
    if scope.as_ref().is_some_and(|scope| !scope.iter().any(|path| matters(path, &settings))) {
        in_order();
        return Ok(Outcome::Fine);
    }
    let check = Check { tree: &tree, settings: &settings, scope };
    let mut files = check.files(state)?;
    let mut findings = check.findings(&files)?;
    if arguments.fix {
        let writer = writer(&tree, output)?;
        let changes = fix(&files, &findings)?;
        if !changes.is_empty() {
            writer.apply(&changes, Interrupt::watch()?.flag())?;
            files = check.files(state)?;
            let before = findings.len();
            findings = check.findings(&files)?;
            output.note(&report::fixed(&changes, before, findings.len()));
        }
    }
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
    in_order();
    Ok(Outcome::Fine)
}

/// One check of a flake.
struct Check<'a> {
    tree: &'a WorkTree,
    settings: &'a Settings,
    scope: Option<BTreeSet<Utf8PathBuf>>,
}

impl Check<'_> {
    fn files(&self, state: &dyn Tree) -> Result<Files, Error> {
        let mut files = files(state)?;
        for pin in self.settings.agree.iter().flatten() {
            if let Some(bytes) = state.read(&pin.file)? {
                files.insert(pin.file.clone(), bytes);
            }
        }
        Ok(files)
    }

    fn findings(&self, files: &Files) -> Result<Vec<Finding>, Error> {
        let now = date::now();
        let before = self.tree.committed(Utf8Path::new("flake.lock"))?;
        // A lock that could not be read then says nothing of what is new now.
        let before = before.and_then(|bytes| Lock::parse(&bytes).ok());
        let flake = match &self.scope {
            Some(scope) => Outline::sketch(files, scope)?,
            None => Outline::read(files)?,
        };
        let settings = self.settings;
        let subject = Subject { flake, files, settings, before, now, at_hand: &read_source };
        let mut findings = settings.judge(subject.findings(), now);
        if let Some(scope) = &self.scope {
            findings = concerning(findings, scope);
        }
        // What is merely worth knowing belongs to `analyze`, not into every commit.
        findings.retain(|finding| finding.level > Level::Note);
        Ok(findings)
    }
}

/// The files, relative to the flake, that findings have to come from; none where all findings count.
fn scope(
    tree: &WorkTree,
    staged: bool,
    named: &[Utf8PathBuf],
) -> Result<Option<BTreeSet<Utf8PathBuf>>, Error> {
    if !named.is_empty() {
        return named.iter().map(|path| Ok(tree.relative(path)?)).collect::<Result<_, Error>>().map(Some);
    }
    if !staged {
        return Ok(None);
    }
    let Staged { changed, gone } = tree.staged()?;
    let is_code =
        |path: &Utf8PathBuf| path.extension() == Some("nix") || path.file_name() == Some("flake.lock");
    // New settings judge everything anew, and a file that is gone may have been what made others right.
    let all = changed.contains(Utf8Path::new(SETTINGS)) || gone.iter().any(is_code);
    Ok((!all).then_some(changed))
}

/// A misspelled name is not in order: what is named has to be a file here, in `state`, or in the last commit.
fn refuse_unknown(tree: &WorkTree, state: &dyn Tree, named: &[Utf8PathBuf]) -> Result<(), Error> {
    for path in named {
        let relative = tree.relative(path)?;
        let is_file = !path.is_dir() && path.symlink_metadata().is_ok()
            || state.read(&relative)?.is_some()
            || tree.committed(&relative)?.is_some();
        if !is_file {
            return Err(Error::Usage {
                message: format!("there is no file `{path}`"),
                hint: "name the flake's folder first, if any, then files".to_owned(),
            });
        }
    }
    Ok(())
}

/// Whether a file can bring a finding.
fn matters(path: &Utf8Path, settings: &Settings) -> bool {
    path.extension() == Some("nix")
        || path.file_name() == Some("flake.lock")
        || path == SETTINGS
        || settings.agree.iter().flatten().any(|pin| pin.file == path)
}
