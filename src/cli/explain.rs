//! `flakepart explain`

use clap::Args;

use super::{Error, Outcome, Output};
use crate::finding::Code;
use crate::report;
use crate::suggest::instead;

/// The one text about findings, for this command and for people who read documents.
const FINDINGS: &str = include_str!("../../docs/findings.md");

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The code of a finding, such as pin-drift
    code: String,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Error> {
    let code = arguments.code.as_str();
    let sections = FINDINGS.split("\n## ").skip(1).filter_map(|section| section.split_once('\n'));
    match sections.into_iter().find(|(heading, _)| *heading == code) {
        Some((_, text)) => {
            output.data(&report::explained(code, text.trim()))?;
            Ok(Outcome::Fine)
        }
        None => Err(Error::Usage {
            message: format!("there is no finding `{code}`"),
            hint: instead(code, &Code::NAMES),
        }),
    }
}
