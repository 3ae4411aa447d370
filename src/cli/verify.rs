//! `flakepart verify`

use camino::Utf8PathBuf;
use clap::Args;

use super::interrupt::Interrupt;
use super::target::files;
use super::unfinished::opened;
use super::{Error, Outcome, Output};
use crate::partition::without_flake_file;
use crate::prove::{Nix, Options, Proof, Verdict, control, prove};
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
    #[arg(long, value_name = "ATTR")]
    run: Option<String>,
    /// Write the proof as JSON into this file
    #[arg(long, value_name = "FILE")]
    proof: Option<Utf8PathBuf>,
    /// Arguments for --run
    #[arg(last = true, requires = "run")]
    arguments: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, offline: bool, output: &Output) -> Result<Outcome, Error> {
    let nix = Nix::find(offline)?;
    let tree = opened(arguments.flake.as_deref(), output)?;
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
        run: arguments.run.clone().map(|attr| (attr, arguments.arguments.clone())),
    };
    let proof = Interrupt::watch()?.unless_seen(sides.prove(&nix, &options, output))?;
    if let Some(path) = &arguments.proof {
        let json = report::json(&proof)?;
        std::fs::write(path, json).map_err(|source| Error::Write { path: path.clone(), source })?;
    }
    output.data(&report::proof(&proof))?;
    Ok(outcome(&proof))
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
    control: Utf8PathBuf,
    _folder: tempfile::TempDir,
}

impl Sides {
    pub(super) fn new() -> Result<Sides, Error> {
        let folder = tempfile::Builder::new().prefix("flakepart-").tempdir().map_err(Error::Copy)?;
        let path = folder.path().canonicalize().map_err(Error::Copy)?;
        let root = Utf8PathBuf::from_path_buf(path)
            .map_err(|_| Error::Copy(std::io::Error::other("the folder for temporary files is not UTF-8")))?;
        let side = |name: &str| {
            let path = root.join(name);
            std::fs::create_dir(&path).map_err(Error::Copy).map(|()| path)
        };
        Ok(Sides {
            before: side("before")?,
            after: side("after")?,
            control: side("control")?,
            _folder: folder,
        })
    }

    pub(super) fn prove(&self, nix: &Nix, options: &Options, output: &Output) -> Result<Proof, Error> {
        let bar = output.progress();
        let proof = prove(nix, &self.before, &self.after, || self.control(), options, &mut |step| {
            bar.set_message(report::shown(&step.to_string()));
        });
        bar.finish_and_clear();
        Ok(proof?)
    }

    /// Makes the control of both.
    fn control(&self) -> std::io::Result<Utf8PathBuf> {
        control(&self.before, &self.after, &self.control)?;
        let read = |folder: &Utf8PathBuf| {
            let tree = WorkTree::at(folder.clone())?;
            files(&tree)
        };
        let read = |folder| read(folder).map_err(|error| std::io::Error::other(error.to_string()));
        for (path, bytes) in without_flake_file(&read(&self.before)?, &read(&self.after)?) {
            fs_err::write(self.control.join(path), bytes)?;
        }
        Ok(self.control.clone())
    }
}
