//! `flakepart why`

use camino::Utf8PathBuf;
use clap::Args;

use super::target::{Target, files, lock_of, parsed};
use super::{Error, Outcome, Output};
use crate::lock::{Graph, Lock};
use crate::partition::Flake;
use crate::report;
use crate::suggest::closest;
use crate::tree::read_source;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// An input's name or path (a/b), a node's key, or a repository (owner/repo)
    name: String,
    /// A folder with a flake.nix, a lock file, or - for a lock on standard input; the nearest flake
    /// upwards if left out
    #[arg(value_name = "FLAKE|LOCK")]
    target: Option<Utf8PathBuf>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    let (tree, (path, bytes)) = match Target::open(arguments.target.as_deref(), output)? {
        Target::Lock(path, bytes) => (None, (path, bytes)),
        Target::Flake(tree) => {
            let lock = lock_of(&tree).map_err(|error| error.within(arguments.target.as_deref()))?;
            (Some(tree), lock)
        }
    };
    let lock = parsed(&path, bytes)?;
    let graph = lock.graph();
    let mut keys = matching(&path, &lock, &graph, &arguments.name)?;
    // The root input of that name is what most people mean.
    let root = graph.node_inputs(&lock.root).find(|input| input.name == arguments.name);
    let root = root.and_then(|input| input.target);
    keys.sort_by_key(|key| root != Some(key));
    output.data(&report::why(&lock, &graph.origins(&keys)))?;
    if let Some(tree) = tree.filter(|_| lock.root_inputs().contains_key(&arguments.name)) {
        let flake = Flake::read(&files(&tree)?, &read_source)?;
        output.data(&report::sites(&flake.sites(&arguments.name)))?;
    }
    Ok(Outcome::Fine)
}

/// The keys of the nodes that a name means; none is an error.
pub(super) fn matching<'a>(
    path: &Utf8PathBuf,
    lock: &Lock,
    graph: &Graph<'a>,
    name: &str,
) -> Result<Vec<&'a str>, Error> {
    let keys = graph.matching(name);
    if !keys.is_empty() {
        return Ok(keys);
    }
    let names = lock.nodes.values().flat_map(|node| node.inputs.keys()).chain(lock.nodes.keys());
    let hint = closest(name, names).map(|name| format!("did you mean `{name}`?"));
    Err(Error::LockRefused {
        path: path.clone(),
        message: format!("no input, node or repository `{name}` in this lock"),
        hint: hint.or_else(|| Some("`flakepart analyze` shows the inputs".to_owned())),
    })
}
