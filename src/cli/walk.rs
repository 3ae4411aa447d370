//! The way of every plan from being made to being done: show, ask, prove, apply.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::interrupt::Interrupt;
use super::unfinished::{mention, writer};
use super::verify::Sides;
use super::{Error, Outcome, Output};
use crate::change::{Action, Changes, Writer};
use crate::credentials;
use crate::partition::{Plan, Way};
use crate::prove::{Nix, Options, Proof, Settings, Verdict};
use crate::report::{self, PlanJson};
use crate::tree::{Kind, Tree as _, WorkTree};

/// What a person says about the way.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Show the diff and write nothing (exit code 1 if there is something to do)
    #[arg(long, visible_alias = "check")]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Do not have Nix prove that nothing changes
    #[arg(long)]
    pub(super) no_verify: bool,
    /// Edit files that have uncommitted changes
    #[arg(long)]
    allow_dirty: bool,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// A plan's way through a work tree.
pub(super) struct Walk<'a> {
    tree: &'a WorkTree,
    writer: Option<Writer<'a>>,
    flags: &'a Flags,
    offline: bool,
    output: &'a Output,
}

impl<'a> Walk<'a> {
    /// Begins it. From here on nobody else writes, so that the plan is made on what it is applied to.
    pub(super) fn begin(
        tree: &'a WorkTree,
        flags: &'a Flags,
        offline: bool,
        output: &'a Output,
    ) -> Result<Walk<'a>, Error> {
        let writer = if flags.dry_run {
            mention(tree, output);
            None
        } else {
            Some(writer(tree, output)?)
        };
        Ok(Walk { tree, writer, flags, offline, output })
    }

    /// Goes it with a plan.
    pub(super) fn go(self, plan: &Plan) -> Result<Outcome, Error> {
        let Walk { tree, flags, output, .. } = self;
        let human = flags.format == Format::Human;
        let json = |proof: Option<&Proof>, applied: bool| match human {
            true => Ok(()),
            false => output.data(&report::json(&PlanJson::new(plan, proof, applied))?),
        };
        if plan.is_empty() {
            json(None, false)?;
            return Ok(Outcome::Fine);
        }
        plan.changes.refuse_links(tree)?;
        // What only is shown may be planned on a work tree in any state; what is written may not.
        let dirty = dirty(tree, plan)?;
        if !flags.dry_run {
            refuse_untracked(tree, plan)?;
            // What only takes back a split takes nothing that somebody wrote.
            let restores = plan.way == Way::Merge { restores: true };
            if !flags.allow_dirty && !restores && !dirty.is_empty() {
                return Err(Error::Dirty(dirty));
            }
        }
        if human {
            show(plan, tree, output)?;
        }
        if flags.dry_run {
            json(None, false)?;
            return Ok(Outcome::Found);
        }
        // Whether there is a Nix to ask is known before the question, not after it.
        let nix = if flags.no_verify {
            None
        } else {
            Some(Nix::find(Settings { offline: self.offline, ..Settings::default() })?)
        };
        if !flags.yes && !agreed(output)? {
            output.note("flakepart: nothing was changed\n");
            return Ok(Outcome::Found);
        }
        let interrupt = Interrupt::watch()?;
        let proof = match nix.map(|nix| nix.until(interrupt.shared())) {
            Some(nix) => Some(interrupt.unless_seen(prove(&nix, tree, plan, output))?),
            None => None,
        };
        let proved = proof.as_ref().is_none_or(|proof| proof.verdict == Verdict::Proved);
        if let Some(writer) = self.writer.filter(|_| proved) {
            writer.apply(&plan.changes, interrupt.flag())?;
        }
        if let Some(proof) = proof.as_ref().filter(|_| human) {
            output.data(&report::proof(proof))?;
        }
        if human {
            output.note(&summary(plan, proved, proof.is_some(), dirty.is_empty()));
        }
        json(proof.as_ref(), proved)?;
        Ok(match &proof {
            Some(proof) => super::verify::outcome(proof),
            None => Outcome::Fine,
        })
    }
}

/// The diff as data, and what it does as a note.
fn show(plan: &Plan, tree: &WorkTree, output: &Output) -> Result<(), Error> {
    let hides = show_diff(&plan.changes, tree, output)?;
    output.note(&format!("\n{}", report::plan(plan)));
    if hides {
        output.note("flakepart: the diff hides credentials; the files keep them\n");
    }
    Ok(())
}

/// The diff as data, which `git apply` takes; gives whether it hides something.
pub(super) fn show_diff(changes: &Changes, tree: &WorkTree, output: &Output) -> Result<bool, Error> {
    let entries = tree.entries()?;
    let executable =
        entries.iter().filter(|entry| entry.kind == Kind::File { executable: true }).map(|entry| &entry.path);
    let exact = changes.diff(&executable.map(Utf8PathBuf::as_path).collect());
    let diff = credentials::hidden(&exact);
    if output.is_styled() {
        output.data(&report::colored_diff(&diff))?;
    } else {
        output.bytes(diff.as_bytes())?;
    }
    Ok(diff != exact)
}

/// Refuses to write where a file lies that git does not track.
fn refuse_untracked(tree: &WorkTree, plan: &Plan) -> Result<(), Error> {
    let mut created = plan.changes.created().into_iter();
    match created.find(|path| tree.root().join(path).symlink_metadata().is_ok()) {
        Some(path) => Err(Error::Untracked(path)),
        None => Ok(()),
    }
}

/// The files with changes that are not committed among those that change.
fn dirty(tree: &WorkTree, plan: &Plan) -> Result<Vec<Utf8PathBuf>, Error> {
    let edited = plan.changes.iter().filter(|(_, change)| change.before.is_some());
    let edited: Vec<Utf8PathBuf> = edited.map(|(path, _)| path.to_owned()).collect();
    Ok(tree.dirty(&edited)?)
}

/// Whether a person says yes.
pub(super) fn agreed(output: &Output) -> Result<bool, Error> {
    if !Output::is_interactive() {
        return Err(Error::Usage {
            message: "nobody is there to be asked, so nothing was changed".to_owned(),
            hint: "pass --yes to apply it, or --dry-run to see it only".to_owned(),
        });
    }
    output.confirmed("Apply this?")
}

/// Proves the plan on copies: the work tree is written only once Nix agrees.
fn prove(nix: &Nix, tree: &WorkTree, plan: &Plan, output: &Output) -> Result<Proof, Error> {
    let sides = Sides::new()?;
    crate::tree::export(tree, &sides.before)?;
    crate::tree::export(tree, &sides.after)?;
    plan.changes.write_to(&sides.after).map_err(Error::Copy)?;
    let after = match plan.way {
        Way::Split => "the split",
        Way::Merge { .. } => "the merge",
    };
    let options = Options { before: tree.name(), after: after.to_owned(), ..Options::default() };
    sides.prove(nix, &options, output)
}

fn summary(plan: &Plan, applied: bool, verified: bool, committed: bool) -> String {
    if !applied {
        return "\nflakepart: the proof did not succeed; nothing was changed\n".to_owned();
    }
    let paths = |wanted: &[Action]| -> String {
        let paths = plan.changes.actions().filter(|(_, action)| wanted.contains(action));
        paths.map(|(path, _)| format!(" {}", report::shown(path.as_str()))).collect()
    };
    let new = if plan.changes.created().is_empty() { "" } else { "new files are known to git, " };
    let mut text = format!(
        "\nflakepart: root lock {} -> {} nodes\n           {new}nothing is committed\n",
        plan.root_nodes_before, plan.root_nodes_after
    );
    if !verified {
        text.push_str("           not verified: `flakepart verify` does it afterwards\n");
    }
    // What git does not have it cannot give back.
    if !committed {
        return text;
    }
    let (there, new) = (paths(&[Action::Edit, Action::Delete]), paths(&[Action::Create]));
    let remove = if new.is_empty() { String::new() } else { format!(" && git rm -qf{new}") };
    text.push_str(&format!("           undo: git checkout{there}{remove}\n"));
    text
}
