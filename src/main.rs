//! The `flakepart` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    flakepart::cli::main()
}
