//! What else knows that a flake has one lock: shells that watch it, and jobs that update it.

use camino::Utf8Path;

use super::Files;
use crate::finding::{Code, Finding};

/// How update-flake-lock is told of a flake that is not at the top.
const DIR_OPTION: &str = "path-to-flake-dir:";

/// Whether a file may say how locks are watched or updated.
#[must_use]
pub fn may_update(path: &Utf8Path) -> bool {
    let is_workflow =
        path.starts_with(".github/workflows") && matches!(path.extension(), Some("yml" | "yaml"));
    // Those of folders below are of templates and the like.
    is_workflow
        || matches!(
            path.as_str(),
            ".envrc" | "justfile" | "Justfile" | ".justfile" | "Makefile" | "Taskfile.yml" | ".gitlab-ci.yml"
        )
}

/// The lines that have to say more once there is a nested lock in `folder`, each with what.
pub(super) fn update_jobs(files: &Files, folder: &Utf8Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, bytes) in files.iter().filter(|(path, _)| may_update(path)) {
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        let told = [format!("./{folder}"), format!("{folder}/flake.lock"), format!("{DIR_OPTION} {folder}")];
        if text.contains("flakepart update") || told.iter().any(|told| text.contains(told)) {
            continue;
        }
        let code = |line: &str| !line.trim_start().starts_with('#');
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| code(line)) {
            let found = if path.file_name() == Some(".envrc") {
                line.contains("use flake").then(|| {
                    let watched = format!("watch_file {folder}/flake.nix {folder}/flake.lock");
                    (
                        format!("direnv does not watch {folder}/flake.lock"),
                        format!("add the line `{watched}`"),
                    )
                })
            } else if line.contains("nix flake update") {
                let help = "`flakepart update` instead updates all locks".to_owned();
                Some((format!("this passes over {folder}/flake.lock"), help))
            } else {
                line.contains("update-flake-lock@").then(|| {
                    let more = format!("{DIR_OPTION} {folder}");
                    let step = format!("add a step like it, `with:` `{more}`");
                    (format!("this passes over {folder}/flake.lock"), step)
                })
            };
            if let Some((message, help)) = found {
                findings.push(
                    Finding::new(Code::UpdateNested, message).at(path.clone(), Some(number)).help(help),
                );
            }
        }
    }
    findings
}
