//! `flakepart explain`

use clap::Args;

use super::{Error, Outcome, Output};
use crate::finding::Code;
use crate::report;
use crate::suggest::instead;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The code of a finding, such as pin-drift
    code: String,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    let name = arguments.code.as_str();
    match Code::ALL.into_iter().find(|code| code.as_str() == name) {
        Some(code) => {
            output.data(&report::explained(name, code.documented()))?;
            Ok(Outcome::Fine)
        }
        None => Err(Error::Usage {
            message: format!("there is no finding `{name}`"),
            hint: instead(name, &Code::NAMES),
        }),
    }
}
