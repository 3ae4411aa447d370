//! flakepart.toml: what a flake's locks may be, and how grave each finding is. docs/settings.md explains it
//! to users, docs/flakepart.schema.json to editors.

use std::collections::BTreeMap;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::pattern::Pattern;
use crate::finding::{Code, Level};
use crate::suggest::instead;

/// The file's name, at the top of the flake.
pub const SETTINGS: &str = "flakepart.toml";

/// How serde says that it does not know a word, and how we do.
const UNKNOWN: [(&str, &str); 2] = [("unknown field", "unknown key"), ("unknown variant", "unknown value")];

/// What flakepart.toml says. Without one, nothing is limited.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// What each lock may be.
    pub budget: Budgets,
    /// Which inputs there may be.
    pub inputs: InputRules,
    /// Pins of which each group has to be at one revision.
    pub agree: Vec<Vec<PinName>>,
    /// How grave each finding is, where that is not as flakepart has it.
    pub levels: BTreeMap<Code, Severity>,
    /// Findings that are known, and allowed for a while.
    pub exceptions: Vec<Exception>,
}

/// The budgets of a flake's locks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Budgets {
    /// That of the root lock.
    pub root: Budget,
    /// Those of partitions, by name.
    pub partitions: BTreeMap<String, Budget>,
}

/// What a lock may be; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Budget {
    /// Nodes.
    #[serde(rename(serialize = "maxNodes"))]
    pub nodes: Option<usize>,
    /// Bytes.
    #[serde(rename(serialize = "maxBytes"))]
    pub bytes: Option<usize>,
    /// Different revisions of nixpkgs.
    #[serde(rename(serialize = "maxNixpkgs"))]
    pub nixpkgs: Option<usize>,
    /// Inputs on the longest way from the root.
    #[serde(rename(serialize = "maxDepth"))]
    pub depth: Option<usize>,
    /// Nodes more than the base has. Only `gate` knows a base.
    #[serde(rename(serialize = "maxGrowth"))]
    pub growth: Option<usize>,
}

impl Budgets {
    /// The budget of a partition's lock, or of the root's.
    #[must_use]
    pub fn of(&self, partition: Option<&str>) -> Budget {
        match partition {
            None => self.root,
            Some(partition) => self.partitions.get(partition).copied().unwrap_or_default(),
        }
    }
}

/// Which inputs there may be, in any of the locks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct InputRules {
    /// What inputs may come from; everything where nothing is said.
    pub allow: Option<Vec<Pattern>>,
    /// What inputs must not come from, allowed or not.
    pub deny: Vec<Pattern>,
    /// How many days old a revision has to be.
    pub min_age_days: Option<u32>,
    /// How many days old a nixpkgs may be that the flake itself declares.
    pub nixpkgs_max_age_days: Option<u32>,
    /// The branches that a nixpkgs may be of that the flake itself declares.
    pub nixpkgs_branches: Option<Vec<String>>,
}

/// A pin in some file: `flake.lock#nixpkgs`, or a file that has only one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct PinName {
    /// The file, relative to the flake.
    pub file: Utf8PathBuf,
    /// The name of the pin there.
    pub name: Option<String>,
}

impl TryFrom<String> for PinName {
    type Error = String;

    fn try_from(text: String) -> Result<PinName, String> {
        let (file, name) = text.split_once('#').map_or((&*text, None), |(file, name)| (file, Some(name)));
        let steps = || Utf8Path::new(file).components().filter(|step| *step != Utf8Component::CurDir);
        // As git has it, so that it is the same file there and in the work tree.
        let path: Utf8PathBuf = steps().collect();
        if path == "" || steps().any(|step| !matches!(step, Utf8Component::Normal(_))) {
            return Err(format!("`{text}` names no file of the flake"));
        }
        Ok(PinName { file: path, name: name.map(str::to_owned) })
    }
}

/// How grave a kind of finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Not looked at.
    Off,
    /// See [`Level::Note`].
    Note,
    /// See [`Level::Warning`].
    Warning,
    /// See [`Level::Error`].
    Error,
}

impl Severity {
    /// The level; none where the finding is off.
    #[must_use]
    pub fn level(self) -> Option<Level> {
        match self {
            Severity::Off => None,
            Severity::Note => Some(Level::Note),
            Severity::Warning => Some(Level::Warning),
            Severity::Error => Some(Level::Error),
        }
    }
}

/// A finding that is known, and allowed until a day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exception {
    /// Its code.
    pub code: Code,
    /// The input that it is about; any where left out.
    #[serde(default)]
    pub input: Option<String>,
    /// The file that it is in; any where left out.
    #[serde(default)]
    pub file: Option<Utf8PathBuf>,
    /// Why it is allowed.
    pub reason: String,
    /// The last day on which it is.
    pub until: Day,
}

/// A day, `2026-11-21`. In order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "toml::value::Datetime")]
pub struct Day(pub String);

impl TryFrom<toml::value::Datetime> for Day {
    type Error = &'static str;

    fn try_from(moment: toml::value::Datetime) -> Result<Day, Self::Error> {
        match (moment.date, moment.time) {
            (Some(date), None) => Ok(Day(date.to_string())),
            _ => Err("expected a day, such as 2026-11-21"),
        }
    }
}

/// Why flakepart.toml cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SettingsError {
    /// 1-based, where the place is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub hint: Option<String>,
}

impl Settings {
    /// Reads a flakepart.toml.
    pub fn parse(bytes: &[u8]) -> Result<Settings, SettingsError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            SettingsError { line: Some(line), message: "this is not UTF-8".to_owned(), hint: None }
        })?;
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| before.matches('\n').count() + 1);
            let message: String = error
                .message()
                .trim()
                .chars()
                .flat_map(|char| char.is_control().then_some(' ').or(Some(char)))
                .collect();
            let Some((what, rest)) = UNKNOWN
                .iter()
                .find_map(|(serde, ours)| message.strip_prefix(serde).map(|rest| (*ours, rest)))
            else {
                // What Rust calls a number is nothing to people who write TOML.
                let message = message
                    .replace("expected usize", "expected a whole number")
                    .replace("expected u32", "expected a whole number");
                return SettingsError { line, message, hint: None };
            };
            // serde says it in one sentence: the unknown word first, then those that it knows.
            let words: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
            let (wrong, known) = words.split_first().map_or(("", &[][..]), |(wrong, known)| (*wrong, known));
            SettingsError { line, message: format!("{what} `{wrong}`"), hint: Some(instead(wrong, known)) }
        })
    }
}
