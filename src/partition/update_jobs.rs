//! What else knows that a flake has one lock: shells that watch it, and jobs that update it.

use camino::Utf8Path;

use super::{Files, Moved};
use crate::finding::{Code, Finding};

/// How update-flake-lock is told of a flake that is not at the top.
const DIR_OPTION: &str = "path-to-flake-dir:";

/// What a file is to the locks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// direnv's.
    Envrc,
    /// Commands that somebody or a job runs.
    Commands,
    /// Dependabot's settings.
    Dependabot,
    /// Renovate's.
    Renovate,
}

impl Kind {
    /// Those of folders below are of templates and the like.
    fn of(path: &Utf8Path) -> Option<Kind> {
        let is_workflow =
            path.starts_with(".github/workflows") && matches!(path.extension(), Some("yml" | "yaml"));
        match path.as_str() {
            ".envrc" => Some(Kind::Envrc),
            "justfile" | "Justfile" | ".justfile" | "Makefile" | "Taskfile.yml" | ".gitlab-ci.yml" => {
                Some(Kind::Commands)
            }
            ".github/dependabot.yml" | ".github/dependabot.yaml" => Some(Kind::Dependabot),
            "renovate.json"
            | "renovate.json5"
            | ".github/renovate.json"
            | ".github/renovate.json5"
            | ".gitlab/renovate.json"
            | ".gitlab/renovate.json5"
            | ".renovaterc"
            | ".renovaterc.json"
            | ".renovaterc.json5" => Some(Kind::Renovate),
            _ => is_workflow.then_some(Kind::Commands),
        }
    }
}

/// Whether a file may say how locks are watched or updated.
#[must_use]
pub fn may_update(path: &Utf8Path) -> bool {
    Kind::of(path).is_some()
}

/// The lines that have to say more once there is a nested lock, each with what.
pub(super) fn update_jobs(files: &Files, moved: &Moved) -> Vec<Finding> {
    let folder = &moved.folder;
    let passes = || format!("this passes over {folder}/flake.lock");
    let mut findings = Vec::new();
    for (path, bytes) in files {
        let (Some(kind), Ok(text)) = (Kind::of(path), std::str::from_utf8(bytes)) else { continue };
        let told = [format!("./{folder}"), format!("{folder}/flake.lock"), format!("{DIR_OPTION} {folder}")];
        let is_told = match kind {
            Kind::Dependabot => ["\"", "'", "\n"].iter().any(|end| text.contains(&format!("/{folder}{end}"))),
            Kind::Renovate => text.contains("root-"),
            Kind::Envrc | Kind::Commands => {
                text.contains("flakepart update") || told.iter().any(|told| text.contains(told))
            }
        };
        if is_told {
            continue;
        }
        let is_comment = |line: &str| ["#", "//"].iter().any(|mark| line.trim_start().starts_with(mark));
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !is_comment(line)) {
            let found = match kind {
                Kind::Envrc => line.contains("use flake").then(|| {
                    let watched = format!("watch_file {folder}/flake.nix {folder}/flake.lock");
                    (
                        format!("direnv does not watch {folder}/flake.lock"),
                        format!("add the line `{watched}`"),
                    )
                }),
                Kind::Commands if line.contains("nix flake update") => {
                    Some((passes(), "`flakepart update` instead updates all locks".to_owned()))
                }
                Kind::Commands => line.contains("update-flake-lock@").then(|| {
                    let step = format!("add a step like it, `with:` `{DIR_OPTION} {folder}`");
                    (passes(), step)
                }),
                Kind::Dependabot => is_of_nix(line).then(|| {
                    let both = format!("directories: [\"/\", \"/{folder}\"]");
                    (passes(), format!("write `{both}` there instead of `directory`, and `flakepart sync`"))
                }),
                // It finds every flake.nix, whose aliases it takes for inputs.
                Kind::Renovate => (line.contains("\"nix\"") && !moved.aliases.is_empty()).then(|| {
                    let rule =
                        "{ \"matchManagers\": [\"nix\"], \"matchDepNames\": [\"root-*\"], \"enabled\": false }";
                    (
                        format!("Renovate would update the aliases of {folder}/flake.nix by themselves"),
                        format!("add to `packageRules`: `{rule}`, and `flakepart sync` after updates"),
                    )
                }),
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

/// `- package-ecosystem: "nix"`
fn is_of_nix(line: &str) -> bool {
    let value = line.split_once("package-ecosystem:").map(|(_, value)| value);
    value.is_some_and(|value| value.trim().trim_matches(['"', '\'']) == "nix")
}
