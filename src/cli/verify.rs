//! `flakepart verify`

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::Args;

use super::interrupt::Interrupt;
use super::scratch::Scratch;
use super::target::files;
use super::unfinished::opened;
use super::{Error, Outcome, Output};
use crate::partition::without_declarations;
use crate::prove::{Limits, Nix, Options, Proof, Runs, Settings, Verdict, prove};
use crate::report;
use crate::tree::{self, Tree, WorkTree};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder with a flake.nix; the nearest one upwards if left out
    pub(super) flake: Option<Utf8PathBuf>,
    /// The git revision to compare with [default: HEAD]
    #[arg(long, value_name = "REV", conflicts_with = "before")]
    base: Option<String>,
    /// A folder that holds the flake as it was before
    #[arg(long, value_name = "DIR")]
    before: Option<Utf8PathBuf>,
    /// Only this system; may be given several times
    #[arg(long = "system", value_name = "SYSTEM")]
    systems: Vec<String>,
    /// Only this output, such as packages or packages.hello; may be given several times
    #[arg(long = "output", value_name = "ATTR")]
    outputs: Vec<String>,
    /// Build this output, too, such as packages.hello; may be given several times
    #[arg(long = "build", value_name = "ATTR")]
    builds: Vec<String>,
    /// Build and run this output, with the arguments after --
    #[arg(long, value_name = "ATTR", group = "program")]
    run: Option<String>,
    /// Build and run every output of this one, such as packages, with the arguments after -- [default: --help]
    #[arg(long, value_name = "ATTR", group = "program")]
    run_all: Option<String>,
    /// Fail if this output, such as devShells.default, is not there or does not evaluate; may be given several times
    #[arg(long, value_name = "ATTR")]
    require: Vec<String>,
    /// Fail if this output fetches an input of a partition; may be given several times
    #[arg(long, value_name = "ATTR")]
    lazy: Vec<String>,
    /// Write the proof as JSON into this file
    #[arg(long, value_name = "FILE")]
    proof: Option<Utf8PathBuf>,
    /// Compare what a flake that uses this one gets, too, and say what it no longer can
    #[arg(long)]
    consumer: bool,
    /// Stop Nix, and any program that is run, after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,
    /// Nix's store, as its own option
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Nix's store for evaluation, as its own option
    #[arg(long, value_name = "URL")]
    eval_store: Option<String>,
    /// Nix's remote builders, as its own option
    #[arg(long, value_name = "BUILDERS")]
    builders: Option<String>,
    /// Arguments for --run and --run-all
    #[arg(last = true, requires = "program")]
    arguments: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, offline: bool, output: &Output) -> Result<Outcome, Error> {
    let limits = Limits { timeout: arguments.timeout.map(Duration::from_secs), ..Limits::default() };
    let nix = Nix::find(Settings {
        offline,
        store: arguments.store.clone(),
        eval_store: arguments.eval_store.clone(),
        builders: arguments.builders.clone(),
        limits,
    })?;
    let tree = opened(arguments.flake.as_deref(), output)?;
    let interrupt = Interrupt::watch()?;
    let nix = nix.until(interrupt.shared());
    let sides = Sides::new()?;
    tree::export(&tree, &sides.after)?;
    let before = match &arguments.before {
        Some(folder) => {
            let before = WorkTree::open(Some(folder))?;
            tree::export(&before, &sides.before)?;
            folder.to_string()
        }
        None => {
            let commit = tree.commit(arguments.base.as_deref().unwrap_or("HEAD"))?;
            tree::export(&commit, &sides.before)?;
            commit.name()
        }
    };
    let options = Options {
        before,
        after: tree.name(),
        systems: arguments.systems.clone(),
        outputs: arguments.outputs.clone(),
        builds: arguments.builds.clone(),
        run: arguments.program(),
        required: arguments.require.clone(),
        lazy: arguments.lazy.clone(),
        consumer: arguments.consumer,
    };
    let proof = interrupt.unless_seen(sides.prove(&nix, &options, output))?;
    // A file that cannot be written does not cost the proof, nor does a terminal that is gone cost the file.
    let shown = output.data(&report::proof(&proof));
    if let Some(path) = &arguments.proof {
        let json = report::json(&proof)?;
        std::fs::write(path, json).map_err(|source| Error::Write { path: path.clone(), source })?;
    }
    shown?;
    Ok(outcome(&proof))
}

impl Arguments {
    /// What to run.
    fn program(&self) -> Option<Runs> {
        let arguments = self.arguments.clone();
        if let Some(attr) = &self.run {
            return Some(Runs { attr: attr.clone(), all: false, arguments });
        }
        let arguments = if arguments.is_empty() { vec!["--help".to_owned()] } else { arguments };
        self.run_all.clone().map(|attr| Runs { attr, all: true, arguments })
    }
}

/// The exit code's meaning of a proof (contract): 1 refuted or incomplete, 3 where a program or the
/// network was the reason.
pub(super) fn outcome(proof: &Proof) -> Outcome {
    match proof.verdict {
        Verdict::Proved => Outcome::Fine,
        Verdict::Incomplete if proof.unreachable => Outcome::Incomplete,
        Verdict::Refuted | Verdict::Incomplete => Outcome::Found,
    }
}

/// Both states of the flake as clean copies, gone when dropped.
pub(super) struct Sides {
    pub(super) before: Utf8PathBuf,
    pub(super) after: Utf8PathBuf,
    scratch: Utf8PathBuf,
    _folder: Scratch,
}

impl Sides {
    pub(super) fn new() -> Result<Sides, Error> {
        let folder = Scratch::new()?;
        let side = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).map_err(Error::Copy).map(|()| path)
        };
        Ok(Sides {
            before: side("before")?,
            after: side("after")?,
            scratch: side("scratch")?,
            _folder: folder,
        })
    }

    pub(super) fn prove(&self, nix: &Nix, options: &Options, output: &Output) -> Result<Proof, Error> {
        self.forget_moved_declarations()?;
        let bar = output.progress();
        let proof = prove(nix, &self.before, &self.after, &self.scratch, options, &mut |step| {
            bar.set_message(report::shown(&step.to_string()));
        });
        bar.finish_and_clear();
        Ok(proof?)
    }

    /// Takes out of the modules on either side what they have flake-file declare and the other side's
    /// flake.nix does not: what flake-file would write has to change with flake.nix, and nothing else may.
    fn forget_moved_declarations(&self) -> Result<(), Error> {
        let uses = |folder: &Utf8PathBuf| {
            std::fs::read_to_string(folder.join("flake.nix")).is_ok_and(|text| text.contains("flake-file"))
        };
        if !uses(&self.before) || !uses(&self.after) {
            return Ok(());
        }
        let read = |folder: &Utf8PathBuf| files(&WorkTree::at(folder.clone())?);
        let (before, after) = (read(&self.before)?, read(&self.after)?);
        let sides = [(&self.before, &before, &after), (&self.after, &after, &before)];
        for (folder, files, others) in sides {
            for (path, bytes) in without_declarations(files, others) {
                fs_err::write(folder.join(path), bytes).map_err(Error::Copy)?;
            }
        }
        Ok(())
    }
}
