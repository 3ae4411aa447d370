//! `flakepart completions`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, Error, Outcome, Output};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell that is to complete flakepart's arguments
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "flakepart", &mut script);
    output.bytes(&script)?;
    Ok(Outcome::Fine)
}
