//! `flakepart merge`

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::target::files;
use super::walk::{Flags, Walk};
use super::{Error, Outcome, Output};
use crate::partition::{Files, Plan};
use crate::tree::{WorkTree, read_source};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The partition to take back
    partition: String,
    /// A folder with a flake.nix; the nearest one upwards if left out
    pub(super) flake: Option<Utf8PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &Arguments, offline: bool, output: &Output) -> Result<Outcome, Error> {
    let tree = WorkTree::open(arguments.flake.as_deref())?;
    let walk = Walk::begin(&tree, &arguments.flags, offline, output)?;
    let earlier = |path: &Utf8Path| earlier(&tree, path);
    walk.go(&Plan::merge(&files(&tree)?, &read_source, &arguments.partition, &earlier)?)
}

/// The flake as it was before a file came. Where git cannot tell, or what it has cannot be read, there is
/// another way to merge.
fn earlier(tree: &WorkTree, path: &Utf8Path) -> Vec<Files> {
    let commits = tree.commits_without(path).unwrap_or_default();
    commits.iter().filter_map(|commit| files(commit).ok()).collect()
}
