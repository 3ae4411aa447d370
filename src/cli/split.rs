//! `flakepart split`

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::target::files;
use super::walk::{Flags, Walk};
use super::{Error, Outcome, Output};
use crate::partition::{self, Plan, Request, unknown_attrs};
use crate::report;
use crate::tree::{WorkTree, read_source};

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
    #[command(flatten)]
    flags: Flags,
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

pub(super) fn run(arguments: &Arguments, offline: bool, output: &Output) -> Result<Outcome, Error> {
    let tree = WorkTree::open(arguments.flake.as_deref())?;
    let walk = Walk::begin(&tree, &arguments.flags, offline, output)?;
    let files = files(&tree)?;
    let mut plan = Plan::split(&files, &read_source, &request(arguments))?;
    plan.notes.extend(unknown_attrs(&files, &arguments.attrs));
    if plan.is_empty() {
        output.note(&format!("flakepart: nothing to do{}\n", nothing(arguments)));
    }
    walk.go(&plan)
}

fn request(arguments: &Arguments) -> Request {
    Request {
        inputs: arguments.inputs.clone(),
        all: arguments.all,
        partition: arguments.partition.clone(),
        attrs: arguments.attrs.clone(),
        folder: arguments.folder.clone(),
        followers: arguments.followers.map(Into::into),
        proven: !arguments.flags.no_verify,
    }
}

fn nothing(arguments: &Arguments) -> String {
    match (arguments.inputs.as_slice(), &arguments.partition) {
        ([], Some(partition)) => format!(": partition {} is there already", report::shown(partition)),
        ([], None) => "; no partition is proposed (`flakepart analyze` says why)".to_owned(),
        (inputs, _) => format!(": {} moved into a partition already", report::shown(&inputs.join(", "))),
    }
}
