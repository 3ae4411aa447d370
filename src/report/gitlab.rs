//! Findings as GitLab's code quality report.

use serde::Serialize;

use super::fingerprint::fingerprints;
use super::text::shown;
use crate::finding::{Finding, Level};

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// All findings as one document. Files have to be relative to the top of the repository; GitLab wants one
/// and a line for each finding.
pub fn gitlab(findings: &[Finding]) -> Result<String, serde_json::Error> {
    let issues = findings.iter().zip(fingerprints(findings)).map(|(finding, fingerprint)| Issue {
        description: shown(&finding.message),
        check_name: finding.code.as_str(),
        fingerprint,
        severity: match finding.level {
            Level::Error => "major",
            Level::Warning => "minor",
            Level::Note => "info",
        },
        location: Location {
            path: finding.file.as_ref().map_or("flake.nix".to_owned(), |file| file.as_str().to_owned()),
            lines: Lines { begin: finding.line.unwrap_or(1) },
        },
    });
    super::json(&issues.collect::<Vec<_>>())
}
