//! `flakepart split`

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::interrupt::Interrupt;
use super::target::files;
use super::unfinished::{mention, writer};
use super::verify::Sides;
use super::{Error, Outcome, Output};
use crate::change::Action;
use crate::credentials;
use crate::partition::{self, Request, SplitPlan, unknown_attrs};
use crate::prove::{Nix, Options, Proof, Verdict};
use crate::report::{self, PlanJson};
use crate::tree::{Tree as _, WorkTree, read_source};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder with a flake.nix; the nearest one upwards if left out
    pub(super) flake: Option<Utf8PathBuf>,
    /// An input to move; if left out, what `analyze` proposes first
    #[arg(long = "input", value_name = "NAME")]
    inputs: Vec<String>,
    /// Make every proposed partition
    #[arg(long, conflicts_with_all = ["inputs", "partition", "folder", "attrs"])]
    all: bool,
    /// The partition's name; without --input, which proposal
    #[arg(long, value_name = "NAME")]
    partition: Option<String>,
    /// Route this output, too, besides those that are seen to need it
    #[arg(long = "attr", value_name = "ATTR")]
    attrs: Vec<String>,
    /// Where the nested flake goes, relative to the flake
    #[arg(long, value_name = "DIR")]
    folder: Option<Utf8PathBuf>,
    /// What becomes of inputs that follow these and would stay at the root: they move, too; what they
    /// follow is kept there; or they follow nothing (`follows = ""`)
    #[arg(long, value_enum, value_name = "WHAT", requires = "inputs")]
    followers: Option<Followers>,
    /// Show the diff and write nothing (exit code 1 if there is something to do)
    #[arg(long, visible_alias = "check")]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Do not have Nix prove that nothing changes
    #[arg(long)]
    no_verify: bool,
    /// Edit files that have uncommitted changes
    #[arg(long)]
    allow_dirty: bool,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Followers {
    Move,
    Keep,
    Cut,
}

impl From<Followers> for partition::Followers {
    fn from(followers: Followers) -> partition::Followers {
        match followers {
            Followers::Move => partition::Followers::Move,
            Followers::Keep => partition::Followers::Keep,
            Followers::Cut => partition::Followers::Cut,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(super) fn run(arguments: &Arguments, offline: bool, output: &Output) -> Result<Outcome, Error> {
    let tree = WorkTree::open(arguments.flake.as_deref())?;
    // Nobody else writes from here on, so the plan is made on what it is applied to.
    let writer = if arguments.dry_run {
        mention(&tree, output);
        None
    } else {
        Some(writer(&tree, output)?)
    };
    let files = files(&tree)?;
    let mut plan = SplitPlan::make(&files, &read_source, &request(arguments))?;
    plan.notes.extend(unknown_attrs(&files, &arguments.attrs));
    let human = arguments.format == Format::Human;
    if plan.is_empty() {
        output.note(&format!("flakepart: nothing to do{}\n", nothing(arguments)));
        if !human {
            output.data(&report::json(&PlanJson::new(&plan, None, false))?)?;
        }
        return Ok(Outcome::Fine);
    }
    // What only is shown may be planned on a work tree in any state; what is written may not.
    if !arguments.dry_run {
        refuse_untracked(&tree, &plan)?;
        if !arguments.allow_dirty {
            refuse_dirty(&tree, &plan)?;
        }
    }
    if human {
        show(&plan, output)?;
    }
    if arguments.dry_run {
        if !human {
            output.data(&report::json(&PlanJson::new(&plan, None, false))?)?;
        }
        return Ok(Outcome::Found);
    }
    // Whether there is a Nix to ask is known before the question, not after it.
    let nix = if arguments.no_verify { None } else { Some(Nix::find(offline)?) };
    if !arguments.yes && !agreed(output)? {
        output.note("flakepart: nothing was changed\n");
        return Ok(Outcome::Found);
    }
    let interrupt = Interrupt::watch()?;
    let proof = match &nix {
        Some(nix) => Some(interrupt.unless_seen(prove(nix, &tree, &plan, output))?),
        None => None,
    };
    let proved = proof.as_ref().is_none_or(|proof| proof.verdict == Verdict::Proved);
    if let Some(writer) = writer.filter(|_| proved) {
        writer.apply(&plan.changes, interrupt.flag())?;
    }
    if let Some(proof) = proof.as_ref().filter(|_| human) {
        output.data(&report::proof(proof))?;
    }
    if human {
        output.note(&summary(&plan, proved, proof.is_some()));
    } else {
        output.data(&report::json(&PlanJson::new(&plan, proof.as_ref(), proved))?)?;
    }
    Ok(match &proof {
        Some(proof) => super::verify::outcome(proof),
        None => Outcome::Fine,
    })
}

/// The diff as data, which `git apply` takes, and what it does as a note.
fn show(plan: &SplitPlan, output: &Output) -> Result<(), Error> {
    let exact = plan.changes.diff();
    let diff = credentials::hidden(&exact);
    if output.is_styled() {
        output.data(&report::colored_diff(&diff))?;
    } else {
        output.bytes(diff.as_bytes())?;
    }
    output.note(&format!("\n{}", report::plan(plan)));
    if diff != exact {
        output.note("flakepart: the diff hides credentials; the files keep them\n");
    }
    Ok(())
}

fn request(arguments: &Arguments) -> Request {
    Request {
        inputs: arguments.inputs.clone(),
        all: arguments.all,
        partition: arguments.partition.clone(),
        attrs: arguments.attrs.clone(),
        folder: arguments.folder.clone(),
        followers: arguments.followers.map(Into::into),
        proven: !arguments.no_verify,
    }
}

fn nothing(arguments: &Arguments) -> String {
    match (arguments.inputs.as_slice(), &arguments.partition) {
        ([], Some(partition)) => format!(": partition {} is there already", report::shown(partition)),
        ([], None) => "; no partition is proposed (`flakepart analyze` says why)".to_owned(),
        (inputs, _) => format!(": {} moved into a partition already", report::shown(&inputs.join(", "))),
    }
}

/// Refuses to write where a file lies that git does not track.
fn refuse_untracked(tree: &WorkTree, plan: &SplitPlan) -> Result<(), Error> {
    let mut created = plan.changes.created().into_iter();
    match created.find(|path| tree.root().join(path).symlink_metadata().is_ok()) {
        Some(path) => Err(Error::Untracked(path)),
        None => Ok(()),
    }
}

/// Refuses to edit files with changes that are not committed.
fn refuse_dirty(tree: &WorkTree, plan: &SplitPlan) -> Result<(), Error> {
    let edited: Vec<Utf8PathBuf> = plan
        .changes
        .iter()
        .filter(|(_, change)| change.before.is_some())
        .map(|(path, _)| path.to_owned())
        .collect();
    let dirty = tree.dirty(&edited)?;
    if dirty.is_empty() { Ok(()) } else { Err(Error::Dirty(dirty)) }
}

fn agreed(output: &Output) -> Result<bool, Error> {
    if !Output::is_interactive() {
        return Err(Error::Usage {
            message: "nobody is there to be asked, so nothing was changed".to_owned(),
            hint: "pass --yes to apply it, or --dry-run to see it only".to_owned(),
        });
    }
    output.confirmed("Apply this?")
}

/// Proves the plan on copies: the work tree is written only once Nix agrees.
fn prove(nix: &Nix, tree: &WorkTree, plan: &SplitPlan, output: &Output) -> Result<Proof, Error> {
    let sides = Sides::new()?;
    crate::tree::export(tree, &sides.before)?;
    crate::tree::export(tree, &sides.after)?;
    plan.changes.write_to(&sides.after).map_err(Error::Copy)?;
    sides.prove(
        nix,
        &Options { before: tree.name(), after: "the split".to_owned(), ..Options::default() },
        output,
    )
}

fn summary(plan: &SplitPlan, applied: bool, verified: bool) -> String {
    if !applied {
        return "\nflakepart: the proof did not succeed; nothing was changed\n".to_owned();
    }
    let paths = |created: bool| -> String {
        let paths = plan.changes.actions().filter(|(_, what)| (*what == Action::Create) == created);
        paths.map(|(path, _)| report::shown(path.as_str())).collect::<Vec<_>>().join(" ")
    };
    let mut text = format!(
        "\nflakepart: root lock {} -> {} nodes\n           \
         new files are known to git, nothing is committed\n",
        plan.root_nodes_before, plan.root_nodes_after
    );
    if !verified {
        text.push_str("           not verified: `flakepart verify` does it afterwards\n");
    }
    text.push_str(&format!("           undo: git checkout {} && git rm -qf {}\n", paths(false), paths(true)));
    text
}
