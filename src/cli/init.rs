//! `flakepart init`

use camino::Utf8PathBuf;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::interrupt::Interrupt;
use super::target::files;
use super::unfinished::{mention, writer};
use super::walk::{agreed, show_diff};
use super::{Error, Outcome, Output};
use crate::change::Changes;
use crate::init::{Integration, Step, Target, is_plain};
use crate::partition::{Files, Outline};
use crate::report::shown;
use crate::tree::{Tree as _, TreeError, WorkTree};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What is to run flakepart
    #[arg(value_enum)]
    what: What,
    /// A folder with a flake.nix; the nearest one upwards if left out
    pub(super) flake: Option<Utf8PathBuf>,
    /// Show the diff and write nothing (exit code 1 if there is something to do)
    #[arg(long, visible_alias = "check")]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// .pre-commit-config.yaml: every commit is checked
    PreCommit,
    /// hk.pkl: every commit is checked
    Hk,
    /// lefthook.yml: every commit is checked
    Lefthook,
    /// A hook of git-hooks.nix, as a module to save yourself
    GitHooksNix,
    /// .envrc: direnv watches the partitions' locks, too
    Direnv,
    /// A GitHub workflow that judges pull requests
    Github,
    /// A GitHub workflow that updates all locks once a week
    GithubUpdate,
    /// .gitlab-ci.yml: a job that judges merge requests
    Gitlab,
    /// flakepart.toml: settings, each explained and none set
    Config,
}

impl From<What> for Integration {
    fn from(what: What) -> Integration {
        match what {
            What::PreCommit => Integration::PreCommit,
            What::Hk => Integration::Hk,
            What::Lefthook => Integration::Lefthook,
            What::GitHooksNix => Integration::GitHooksNix,
            What::Direnv => Integration::Direnv,
            What::Github => Integration::Github,
            What::GithubUpdate => Integration::GithubUpdate,
            What::Gitlab => Integration::Gitlab,
            What::Config => Integration::Config,
        }
    }
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    let tree = WorkTree::open(arguments.flake.as_deref())?;
    let (repository, flake) = tree.whole()?;
    let writer = if arguments.dry_run {
        mention(&tree, output);
        None
    } else {
        Some(writer(&repository, output)?)
    };
    if !flake.as_str().chars().all(is_plain) {
        return Err(Error::Usage {
            message: format!("the folder `{flake}` has a name that scripts would have to quote"),
            hint: "rename it, or write the hook or job by hand".to_owned(),
        });
    }
    let integration = Integration::from(arguments.what);
    let nested = match integration {
        Integration::Direnv => nested(&tree)?,
        _ => Vec::new(),
    };
    let target = Target { flake: &flake, nested: &nested };
    let (path, before, after) = match integration.step(&held(&repository, integration, &target)?, &target) {
        Step::Done(path) => {
            output.note(&format!("flakepart: {} has it already\n", shown(path.as_str())));
            return Ok(Outcome::Fine);
        }
        Step::Tell(path, text) => {
            output.data(&text)?;
            let note = match path {
                Some(path) => format!("{} is yours: add to it what it lacks of this", shown(path.as_str())),
                None => "save this as a module of your flake".to_owned(),
            };
            output.note(&format!("\nflakepart: {note}; nothing was written\n"));
            return Ok(Outcome::Found);
        }
        Step::Create(path, text) => (path, None, text),
        Step::Add(path, text) => {
            let before = repository.read(&path)?;
            (path, before, text)
        }
    };
    let is_new = before.is_none();
    let mut changes = Changes::default();
    changes.insert(path.clone(), before, Some(after.into_bytes()));
    show_diff(&changes, &repository, output)?;
    let path = shown(path.as_str());
    if !is_new {
        let at_top = if flake.as_str().is_empty() { "" } else { ", at the top of the repository," };
        let what = arguments.what.to_possible_value();
        let what = what.as_ref().map_or("", PossibleValue::get_name);
        output.note(&format!(
            "\nflakepart: {path} is yours, so nothing was written;{at_top} `flakepart init {what} | git apply` \
             adds this\n"
        ));
        return Ok(Outcome::Found);
    }
    let Some(writer) = writer else { return Ok(Outcome::Found) };
    if !arguments.yes && !agreed(output)? {
        output.note("flakepart: nothing was changed\n");
        return Ok(Outcome::Found);
    }
    writer.apply(&changes, Interrupt::watch()?.flag())?;
    output.note(&format!("\nflakepart: wrote {path}; nothing is committed\n"));
    Ok(Outcome::Fine)
}

/// The folders of the nested flakes.
fn nested(tree: &WorkTree) -> Result<Vec<Utf8PathBuf>, Error> {
    let outline = Outline::read(&files(tree)?)?;
    let mut folders: Vec<Utf8PathBuf> = outline.partitions.into_values().filter_map(|it| it.folder).collect();
    folders.sort();
    folders.dedup();
    Ok(folders)
}

/// The files that may have an integration. Its own count also where git does not track them.
fn held(tree: &WorkTree, integration: Integration, target: &Target<'_>) -> Result<Files, Error> {
    let tracked = tree.entries()?.into_iter().map(|entry| entry.path);
    let others = tracked.filter(|path| integration.may_be_in(path));
    let mut held = Files::new();
    let own = integration.paths(target);
    if let Some(path) = own.iter().find(|path| tree.root().join(path).is_symlink()) {
        return Err(TreeError::Link { path: path.clone() }.into());
    }
    for path in own.into_iter().chain(others) {
        if let Some(bytes) = tree.read(&path)? {
            held.insert(path, bytes);
        }
    }
    Ok(held)
}
