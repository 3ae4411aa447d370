//! The command line: one file a verb. Each reads, understands, plans, shows or applies, proves.

mod analyze;
mod check;
mod completions;
mod diff;
mod error;
mod explain;
mod gate;
mod graph;
mod init;
mod interrupt;
mod lock;
mod man;
mod merge;
mod output;
mod scratch;
mod settings;
mod split;
mod sync;
mod target;
mod unfinished;
mod update;
mod verify;
mod walk;
mod why;

use std::process::ExitCode;

use camino::Utf8PathBuf;
use clap::{Parser, Subcommand, ValueEnum};

use error::Error;
use output::Output;

/// Moves heavy flake inputs into flake-parts partitions and proves that nothing changed
#[derive(Debug, Parser)]
#[command(
    name = "flakepart",
    version,
    max_term_width = 80,
    after_help = "Exit codes: 0 fine; 1 something was found or would change; 2 bad input or refusal; 3 a program it needs failed; 4 a bug."
)]
struct Cli {
    /// When to use color
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    /// Say only what was asked for, and errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Show what is read, and which programs are run
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// Nix may not use the network
    #[arg(long, global = true)]
    offline: bool,
    /// Settings to use instead of the flake's flakepart.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<Utf8PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// When to use color.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what is heavy, who uses it, and which partitions would help
    Analyze(analyze::Arguments),
    /// Show every way by which an input comes in
    Why(why::Arguments),
    /// Draw the graph of the lock
    Graph(graph::Arguments),
    /// Compare two locks by meaning
    Diff(diff::Arguments),
    /// Move inputs into a partition
    Split(split::Arguments),
    /// Take a partition back into the root flake
    Merge(merge::Arguments),
    /// Carry the root's pins into the partitions, offline
    Sync(sync::Arguments),
    /// Update the locks of the root and the partitions together
    Update(update::Arguments),
    /// Prove that every output is the same derivation as before
    Verify(Box<verify::Arguments>),
    /// Check locks and partitions, offline and without Nix: for pre-commit
    Check(check::Arguments),
    /// Explain a kind of finding, and how to mend it
    Explain(explain::Arguments),
    /// Hold the lock against limits on its size: for CI
    Gate(gate::Arguments),
    /// Have hooks, CI jobs and shells run flakepart
    Init(init::Arguments),
    /// Work on a flake.lock by itself
    #[command(subcommand)]
    Lock(lock::Command),
    /// Print a script that completes arguments in a shell
    Completions(completions::Arguments),
    /// Print the manual page
    Man,
}

/// How a run ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All is well.
    Fine,
    /// Something was found, or would change.
    Found,
    /// A program or the network kept the answer from being whole.
    Incomplete,
}

/// Runs the program and gives its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.color, cli.quiet, cli.verbose);
    let outcome = match cli.command {
        Command::Analyze(arguments) => analyze::run(&arguments, &output),
        Command::Why(arguments) => why::run(&arguments, &output),
        Command::Graph(arguments) => graph::run(&arguments, &output),
        Command::Diff(arguments) => diff::run(&arguments, &output),
        Command::Split(arguments) => split::run(&arguments, cli.offline, &output)
            .map_err(|error| error.within(arguments.flake.as_deref())),
        Command::Merge(arguments) => merge::run(&arguments, cli.offline, &output)
            .map_err(|error| error.within(arguments.flake.as_deref())),
        Command::Sync(arguments) => {
            sync::run(&arguments, &output).map_err(|error| error.within(arguments.flake.as_deref()))
        }
        Command::Update(arguments) => update::run(&arguments, cli.offline, &output),
        Command::Verify(arguments) => verify::run(&arguments, cli.offline, &output)
            .map_err(|error| error.within(arguments.flake.as_deref())),
        Command::Check(arguments) => check::run(&arguments, cli.config.as_deref(), &output)
            .map_err(|error| error.within(arguments.targets().0)),
        Command::Explain(arguments) => explain::run(&arguments, &output),
        Command::Gate(arguments) => gate::run(&arguments, cli.config.as_deref(), &output)
            .map_err(|error| error.within(arguments.flake.as_deref())),
        Command::Init(arguments) => {
            init::run(&arguments, &output).map_err(|error| error.within(arguments.flake.as_deref()))
        }
        Command::Lock(command) => lock::run(&command, &output),
        Command::Completions(arguments) => completions::run(&arguments, &output),
        Command::Man => man::run(&output),
    };
    match outcome {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Ok(Outcome::Incomplete) => ExitCode::from(3),
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
