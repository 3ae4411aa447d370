//! Findings for people, and as JSON.

use serde::Serialize;

use super::text::{BOLD, CYAN, RED, YELLOW, bold, shown, styled, wrapped};
use crate::change::Changes;
use crate::finding::{Finding, Level};

/// A list of findings for programs.
#[derive(Debug, Serialize)]
pub struct Findings<'a> {
    schema: u32,
    findings: &'a [Finding],
}

impl<'a> Findings<'a> {
    /// The list.
    #[must_use]
    pub fn new(findings: &'a [Finding]) -> Findings<'a> {
        Findings { schema: 1, findings }
    }
}

/// One finding a paragraph: level, code, message; then its place and what to do.
#[must_use]
pub fn findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let (style, level) = match finding.level {
            Level::Error => (RED, "error"),
            Level::Warning => (YELLOW, "warning"),
            Level::Note => (CYAN, "note"),
        };
        let head = format!("{level}[{}]: ", finding.code.as_str());
        // Styles have no width: the head goes in plain, and is colored where it stands.
        let message = wrapped("", &format!("{head}{}", shown(&finding.message)));
        let rest = message.strip_prefix(head.trim_end()).unwrap_or(&message);
        text.push_str(&styled(style.bold(), head.trim_end()));
        text.push_str(rest);
        if let Some(file) = &finding.file {
            let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
            text.push_str(&format!("  --> {}{line}\n", shown(file.as_str())));
        }
        if let Some(help) = &finding.help {
            let help = wrapped("  help: ", &shown(help));
            text.push_str(&help.replacen("help:", &styled(BOLD, "help:"), 1));
        }
    }
    text
}

/// What was mended of so many findings, and how many are left.
#[must_use]
pub fn fixed(changes: &Changes, before: usize, left: usize) -> String {
    let files: Vec<String> = changes.iter().map(|(path, _)| shown(path.as_str())).collect();
    let mended = before.saturating_sub(left);
    wrapped("", &format!("flakepart: {mended} of {before} mended in {}", files.join(", ")))
}

/// What the documentation says of a kind of finding.
#[must_use]
pub fn explained(code: &str, text: &str) -> String {
    let mut explained = format!("{}\n", bold(code));
    for paragraph in text.split("\n\n") {
        explained.push('\n');
        match paragraph.starts_with("    ") {
            true => explained.push_str(&format!("{paragraph}\n")),
            false => explained.push_str(&wrapped("", paragraph)),
        }
    }
    explained
}
