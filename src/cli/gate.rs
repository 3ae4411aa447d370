//! `flakepart gate`

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use super::settings::settings;
use super::target::{from_here, from_top, lock_of};
use super::unfinished::opened;
use super::{Error, Outcome, Output};
use crate::check::{Budgets, Gate, GatedLock, Growth, declared, growth, over_budget};
use crate::date;
use crate::finding::{Finding, Level};
use crate::lock::{Census, Graph, Lock, Measure};
use crate::partition::nested_locks;
use crate::report;
use crate::tree::{CommitTree, Since, Tree, WorkTree};

const FLAKE_LOCK: &str = "flake.lock";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder with a flake.nix; the nearest one upwards if left out
    pub(super) flake: Option<Utf8PathBuf>,
    /// The branch to compare with, such as origin/main: with the commit at which HEAD left it
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The most nodes that the root lock may have
    #[arg(long, value_name = "N")]
    max_nodes: Option<usize>,
    /// The most bytes that the root lock may have
    #[arg(long, value_name = "N")]
    max_bytes: Option<usize>,
    /// The most nodes that the root lock may have more than the base
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
    Github,
    Gitlab,
    Sarif,
    Markdown,
}

pub(super) fn run(
    arguments: &Arguments,
    config: Option<&Utf8Path>,
    output: &Output,
) -> Result<Outcome, Error> {
    let tree = opened(arguments.flake.as_deref(), output)?;
    let mut settings = settings(&tree, config)?;
    let root = &mut settings.budget.root;
    root.nodes = arguments.max_nodes.or(root.nodes);
    root.bytes = arguments.max_bytes.or(root.bytes);
    root.growth = arguments.max_growth.or(root.growth);
    let since = arguments.base.as_ref().map(|rev| tree.since(rev)).transpose()?;
    let base = since.as_ref().map(Since::base).transpose()?;
    let since_base = since.as_ref().zip(base.as_ref());
    let sides = Sides { tree: &tree, since: since_base, budgets: &settings.budget, output };
    let root = sides.gated(FLAKE_LOCK.into(), None)?;
    let others = sides.nested()?.into_iter().map(|(file, partition)| sides.gated(file, Some(partition)));
    let gate = Gate::new(root, others.collect::<Result<_, _>>()?, &settings, date::now());
    if !gate.is_limited() && since.is_none() {
        return Err(Error::Usage {
            message: "no limit is given, so there is nothing to hold the locks against".to_owned(),
            hint: "for example `--max-nodes 20`, or `--base origin/main --max-growth 0`".to_owned(),
        });
    }
    let annotations = || from_top(&tree, &gate.annotations());
    output.data(&match arguments.format {
        Format::Human => report::gate(&gate),
        Format::Json => report::json(&gate)?,
        Format::Markdown => report::gate_markdown(&gate),
        Format::Github => report::github(&annotations()?),
        Format::Gitlab => report::gitlab(&annotations()?)?,
        Format::Sarif => report::sarif(&annotations()?)?,
    })?;
    if !gate.is_limited() {
        output.note("flakepart: no limit is given, so this only reports; for example `--max-growth 0`\n");
    }
    let is_grave = |finding: &Finding| finding.level > Level::Note;
    Ok(if gate.findings.iter().any(is_grave) { Outcome::Found } else { Outcome::Fine })
}

/// The work tree, and what it is compared with.
struct Sides<'a> {
    tree: &'a WorkTree,
    since: Option<(&'a Since<'a>, &'a CommitTree<'a>)>,
    budgets: &'a Budgets,
    output: &'a Output,
}

/// A lock, and the bytes that it was read from.
struct State {
    lock: Lock,
    bytes: Vec<u8>,
}

impl Sides<'_> {
    /// One of the flake's locks, before and after.
    fn gated(&self, file: Utf8PathBuf, partition: Option<String>) -> Result<GatedLock, Error> {
        let path = self.path(&file);
        let after = state(self.tree, &file, path.clone())?;
        if after.is_none() && partition.is_none() {
            // A flake without inputs needs no lock; any other does.
            lock_of(self.tree)?;
        }
        let base = match self.since {
            None => None,
            Some((_, base)) => match state(base, &file, format!("{path} of {}", base.name()).into()) {
                // What mends such a base has to get through.
                Err(Error::Lock { path, source }) => {
                    self.output.note(&format!("flakepart: nothing is compared with {path}: {source}\n"));
                    None
                }
                before => Some(before?),
            },
        };
        let growth = match &base {
            Some(before) => self.growth(&file, before.as_ref(), after.as_ref())?,
            None => Vec::new(),
        };
        let flake_nix =
            if growth.is_empty() { None } else { self.tree.read(&file.with_file_name("flake.nix"))? };
        let limits = self.budgets.of(partition.as_deref());
        let over = |state: &State| over_budget(&file, &Graph::new(&state.lock), state.bytes.len(), &limits);
        Ok(GatedLock {
            over_budget: after.as_ref().map(over).unwrap_or_default(),
            partition,
            lock: measure(after.as_ref()),
            base: base.map(|before| measure(before.as_ref())),
            limits,
            growth,
            declarations: flake_nix.and_then(|bytes| declared(&bytes)),
            file,
        })
    }

    /// Which inputs made a lock grow, and in which commits.
    fn growth(
        &self,
        file: &Utf8Path,
        before: Option<&State>,
        after: Option<&State>,
    ) -> Result<Vec<Growth>, Error> {
        let same = before.map(|state| &state.bytes) == after.map(|state| &state.bytes);
        let Some((since, _)) = self.since.filter(|_| !same) else { return Ok(Vec::new()) };
        let versions = since.versions(file)?;
        let read = |content| Some(Census::new(&Lock::parse(&since.read(file, content).ok()?).ok()?));
        Ok(growth(&census(before), &census(after), versions.as_deref(), &read))
    }

    /// The locks of partitions, those among them that are gone since the base.
    fn nested(&self) -> Result<BTreeMap<Utf8PathBuf, String>, Error> {
        let here = self.tree.paths()?;
        let mut locks = nested_locks(&here, &|paths| self.tree.read_all(paths))?;
        if let Some((_, base)) = self.since {
            let before = base.paths()?;
            let is_gone = |path: &Utf8PathBuf| self.tree.read(path).is_ok_and(|bytes| bytes.is_none());
            // Locks that are there still are known, or are no partition's.
            if before.iter().any(|path| path.file_name() == Some(FLAKE_LOCK) && is_gone(path)) {
                for (lock, partition) in nested_locks(&before, &|paths| base.read_all(paths))? {
                    locks.entry(lock).or_insert(partition);
                }
            }
        }
        Ok(locks)
    }

    /// A lock's path as it leads there from here.
    fn path(&self, file: &Utf8Path) -> Utf8PathBuf {
        if file == FLAKE_LOCK { from_here(self.tree.root().join(file)) } else { file.to_owned() }
    }
}

/// A lock of a tree, by the name that messages have for it.
fn state(tree: &dyn Tree, file: &Utf8Path, name: Utf8PathBuf) -> Result<Option<State>, Error> {
    let Some(bytes) = tree.read_plain(file)? else { return Ok(None) };
    tracing::debug!(lock = ?name, bytes = bytes.len(), "read");
    let lock = Lock::parse(&bytes).map_err(|source| Error::Lock { path: name, source })?;
    Ok(Some(State { lock, bytes }))
}

fn measure(state: Option<&State>) -> Measure {
    state.map_or(Measure::default(), |state| Measure::of(&state.lock, &state.bytes))
}

fn census(state: Option<&State>) -> Census {
    state.map_or_else(Census::default, |state| Census::new(&state.lock))
}
