//! Findings as SARIF 2.1.0, which GitHub's code scanning and editors read.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::fingerprint::fingerprints;
use super::text::{shown, shown_short};
use crate::finding::{Code, Finding, Level};

/// GitHub takes so many results; the gravest come first.
const MOST_RESULTS: usize = 25_000;
/// GitHub shows so many characters of a message.
const LONGEST_MESSAGE: usize = 1_000;
/// What stands for the top of the repository.
const TOP: &str = "%SRCROOT%";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    #[serde(rename = "originalUriBaseIds")]
    bases: BTreeMap<&'static str, Base>,
    invocations: [Invocation; 1],
    results: Vec<RunResult>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    information_uri: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Message,
    help_uri: String,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Base {
    description: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunResult {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
}

/// All findings as one run. Files have to be relative to the top of the repository.
pub fn sarif(findings: &[Finding]) -> Result<String, serde_json::Error> {
    let codes: BTreeSet<Code> = findings.iter().map(|finding| finding.code).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let mut graded: Vec<_> = findings.iter().zip(fingerprints(findings)).collect();
    graded.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.level));
    let left_out = graded.len().saturating_sub(MOST_RESULTS);
    let results = graded.into_iter().take(MOST_RESULTS).map(|(finding, fingerprint)| RunResult {
        rule_id: finding.code.as_str(),
        rule_index: codes.binary_search(&finding.code).unwrap_or_default(),
        level: level(finding.level),
        message: said(finding),
        locations: [location(finding)],
        partial_fingerprints: BTreeMap::from([("flakepart/v1", fingerprint)]),
    });
    let results = results.collect();
    let left_out = (left_out > 0).then(|| Notification {
        level: "warning",
        message: Message {
            text: format!("{left_out} more findings are left out: GitHub takes {MOST_RESULTS}"),
        },
    });
    let driver = Driver {
        name: env!("CARGO_PKG_NAME"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        rules: codes.into_iter().map(rule).collect(),
    };
    let top = Base { description: Message { text: "The top of the repository.".to_owned() } };
    super::json(&Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver },
            column_kind: "unicodeCodePoints",
            bases: BTreeMap::from([(TOP, top)]),
            invocations: [Invocation {
                execution_successful: true,
                tool_execution_notifications: left_out.into_iter().collect(),
            }],
            results,
        }],
    })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn rule(code: Code) -> Rule {
    let text = |text: &str| Message { text: text.to_owned() };
    let (what, cure) = documented(code);
    Rule {
        id: code.as_str(),
        short_description: text(what.split_inclusive(". ").next().unwrap_or(what).trim_end()),
        full_description: text(what),
        help: Message { text: cure },
        help_uri: format!("{}/blob/main/docs/findings.md#{}", env!("CARGO_PKG_REPOSITORY"), code.as_str()),
        default_configuration: Configuration { level: level(code.level()) },
    }
}

/// What docs/findings.md says of a code, and what to do about it. The level, which stands first, and the
/// example, which is indented, are for those who read the document.
fn documented(code: Code) -> (&'static str, String) {
    let text = code.documented();
    let text = text.split_once(".* ").map_or(text, |(_, text)| text);
    let (what, rest) = text.split_once("\n\n").unwrap_or((text, text));
    let cure = rest.split("\n\n").filter(|paragraph| !paragraph.starts_with("    "));
    (what, cure.collect::<Vec<_>>().join("\n\n"))
}

/// The message, and what to do. Names in it must make neither a link, `[text](place)`, nor a placeholder,
/// `{0}`.
fn said(finding: &Finding) -> Message {
    let help = finding.help.as_ref().map(|help| format!(". Help: {}", shown(help))).unwrap_or_default();
    let mut text = (shown(&finding.message) + &help).replace("](", "] (");
    for digit in '0'..='9' {
        text = text.replace(&format!("{{{digit}"), &format!("{{ {digit}"));
    }
    Message { text: shown_short(&text, LONGEST_MESSAGE) }
}

/// Where it is: GitHub wants a file and a line for each finding.
fn location(finding: &Finding) -> Location {
    let file = finding.file.as_ref().map_or("flake.nix", |file| file.as_str());
    let artifact_location = ArtifactLocation { uri: uri(file), uri_base_id: TOP };
    let region = Region { start_line: finding.line.unwrap_or(1) };
    Location { physical_location: PhysicalLocation { artifact_location, region } }
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    path.bytes().map(encoded).collect()
}
