//! What a run that was stopped has left: commands that write end it, the others say that it is there.

use camino::Utf8Path;

use super::{Error, Output};
use crate::change::{Disk, Writer, unfinished};
use crate::report::shown;
use crate::tree::WorkTree;

/// The right to write into a flake, once no other run has it.
pub(super) fn writer<'a>(tree: &'a WorkTree, output: &Output) -> Result<Writer<'a>, Error> {
    let waiting =
        || output.note("flakepart: waiting for another flakepart, which is at work on this flake\n");
    let (writer, recovered) = Writer::open(tree, Disk::default(), waiting)?;
    if let Some(recovered) = recovered {
        output.note(&format!("flakepart: {}\n", shown(&recovered.to_string())));
    }
    Ok(writer)
}

/// Opens the flake for a command that only reads.
pub(super) fn opened(folder: Option<&Utf8Path>, output: &Output) -> Result<WorkTree, Error> {
    let tree = WorkTree::open(folder)?;
    mention(&tree, output);
    Ok(tree)
}

/// Says to somebody who only reads that what is read is half of a change.
pub(super) fn mention(tree: &WorkTree, output: &Output) {
    // A journal that cannot be read keeps nobody from reading the flake.
    let paths = unfinished(tree).unwrap_or_default();
    if !paths.is_empty() {
        let paths: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
        output.note(&format!(
            "flakepart: an earlier run was stopped half way, after it had changed {}; the next `flakepart \
             split`, `merge` or `sync` puts that back\n",
            shown(&paths.join(" "))
        ));
    }
}
