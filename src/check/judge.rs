//! What flakepart.toml makes of findings: their levels, and those that are allowed for a while.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

use super::rules::sort;
use super::{Exception, SETTINGS, Settings};
use crate::date::date;
use crate::finding::{Code, Finding};

impl Settings {
    /// The findings that remain, with the levels they have here. `now` is in seconds since 1970.
    #[must_use]
    pub fn judge(&self, findings: Vec<Finding>, now: i64) -> Vec<Finding> {
        let today = date(now);
        let (past, valid): (Vec<_>, Vec<_>) =
            self.exceptions.iter().partition(|exception| exception.until.0 < today);
        let mut judged: Vec<Finding> = findings
            .into_iter()
            .filter(|finding| !valid.iter().any(|exception| exception.allows(finding)))
            .chain(past.into_iter().map(expired))
            .filter_map(|finding| match self.levels.get(&finding.code) {
                Some(severity) => severity.level().map(|level| Finding { level, ..finding }),
                None => Some(finding),
            })
            .collect();
        sort(&mut judged);
        judged
    }
}

impl Exception {
    fn allows(&self, finding: &Finding) -> bool {
        let same = |wanted: &Option<String>, it: Option<&str>| wanted.is_none() || wanted.as_deref() == it;
        let file = self.file.as_ref().map(|file| file.to_string());
        self.code == finding.code
            && same(&self.input, finding.input.as_deref())
            && same(&file, finding.file.as_ref().map(|file| file.as_str()))
    }
}

fn expired(exception: &Exception) -> Finding {
    let (code, until) = (exception.code.as_str(), &exception.until.0);
    let of = exception.input.iter().map(|input| format!(" of `{}`", input.escape_debug()));
    let message = format!(
        "the exception for {code}{} ended on {until}: {}",
        of.collect::<String>(),
        exception.reason.escape_debug()
    );
    Finding::new(Code::ExceptionExpired, message)
        .at(SETTINGS, None)
        .help("mend what it was for and remove it, or give it another day")
}

/// Those findings that come from some of these files. An exception that ended is everybody's.
#[must_use]
pub fn concerning(findings: Vec<Finding>, files: &BTreeSet<Utf8PathBuf>) -> Vec<Finding> {
    let concerns = |finding: &Finding| {
        finding.code == Code::ExceptionExpired
            || finding.file.iter().chain(&finding.concerns).any(|file| files.contains(file))
    };
    findings.into_iter().filter(concerns).collect()
}
