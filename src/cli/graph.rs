//! `flakepart graph`

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::target::{lock_bytes, parsed};
use super::why::matching;
use super::{Error, Outcome, Output};
use crate::report::{self, Drawing};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder with a flake.nix, a lock file, or - for a lock on standard input; the nearest flake
    /// upwards if left out
    #[arg(value_name = "FLAKE|LOCK")]
    target: Option<Utf8PathBuf>,
    /// How to draw it
    #[arg(long, value_enum, default_value_t = Format::Dot)]
    format: Format,
    /// Only what leads to this input, and what it leads to (see `flakepart why` for what to name)
    #[arg(long, value_name = "NAME")]
    focus: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For Graphviz
    Dot,
    /// For Mermaid, which GitHub and GitLab draw
    Mermaid,
    /// For programs
    Json,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    let (path, bytes) = lock_bytes(arguments.target.as_deref(), output)?;
    let lock = parsed(&path, bytes)?;
    let graph = lock.graph();
    let focus = match &arguments.focus {
        Some(name) => Some(matching(&path, &lock, &graph, name)?),
        None => None,
    };
    let drawing = Drawing::new(&lock, &graph, focus.as_deref());
    output.data(&match arguments.format {
        Format::Dot => drawing.to_dot(),
        Format::Mermaid => drawing.to_mermaid(),
        Format::Json => report::json(&drawing)?,
    })?;
    Ok(Outcome::Fine)
}
