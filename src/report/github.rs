//! Findings as GitHub's workflow commands, which become annotations at the lines of a pull request.

use super::text::shown;
use crate::finding::{Finding, Level};

/// One command a finding. Files have to be relative to the top of the repository.
#[must_use]
pub fn github(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let file = finding.file.as_ref().map(|file| format!("file={},", property(file.as_str())));
        let line = finding.line.map(|line| format!("line={line},"));
        let place = file.unwrap_or_default() + &line.unwrap_or_default();
        let help = finding.help.as_ref().map(|help| format!("%0Ahelp: {}", data(help)));
        let (title, message) = (finding.code.as_str(), data(&finding.message));
        text.push_str(&format!("::{command} {place}title={title}::{message}{}\n", help.unwrap_or_default()));
    }
    text
}

/// Text as GitHub's toolkit escapes that of a command. No line ends in it after [`shown`].
fn data(text: &str) -> String {
    shown(text).replace('%', "%25")
}

/// The same for what stands before the text, between commas.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
