//! Whether flake.nix and flake.lock speak of the same inputs. Nix believes flake.nix, and mends the lock
//! when it next may.

use camino::Utf8Path;

use super::Outline;
use super::original::is_original;
use crate::finding::{Code, Finding};
use crate::lock::{Edge, Lock, Name, reference};
use crate::nix::{Declaration, Declarations};
use crate::suggest::instead;

/// Every way in which the root's flake.nix and flake.lock disagree.
#[must_use]
pub fn declaration_findings(flake: &Outline) -> Vec<Finding> {
    disagreements(Utf8Path::new(""), &flake.declarations, &flake.lock)
}

/// Every way in which the flake.nix and the flake.lock in a folder disagree.
#[must_use]
pub fn disagreements(folder: &Utf8Path, declarations: &Declarations, lock: &Lock) -> Vec<Finding> {
    let (flake_nix, flake_lock) = (folder.join("flake.nix"), folder.join("flake.lock"));
    let mend =
        if folder == "" { "`nix flake lock`".to_owned() } else { format!("`nix flake lock ./{folder}`") };
    let mut findings = Vec::new();
    for declaration in declarations.inputs.values() {
        let name = declaration.name.escape_debug();
        let found = |code, message: String| {
            let finding = Finding::new(code, message).at(flake_nix.clone(), Some(declaration.line));
            finding.about(&declaration.name).with([flake_lock.clone()]).help(mend.clone())
        };
        let Some(edge) = lock.root_inputs().get(&declaration.name) else {
            let message = format!("`{name}` is declared, but {flake_lock} does not have it");
            findings.push(found(Code::InputNotLocked, message));
            continue;
        };
        findings.extend(differing(declaration, edge, lock).into_iter().map(|(input, differs)| {
            let input = input.escape_debug();
            match differs {
                Differs::Follows { declared, locked } => {
                    // Nix would write a follows into the lock that leads nowhere.
                    let unknown = declared.iter().flatten().next().filter(|first| {
                        !declarations.inputs.contains_key(*first)
                            && !lock.root_inputs().contains_key(first.as_str())
                    });
                    let mend = match unknown {
                        Some(first) => {
                            let meant = instead(first, declarations.inputs.keys());
                            format!("{flake_nix} has no input `{first}`; {meant}").escape_debug().to_string()
                        }
                        None => mend.clone(),
                    };
                    let (declared, locked) = (shown(declared.as_deref()), shown(locked.as_deref()));
                    let message =
                        format!("{flake_nix} has `{input}` {declared}, {flake_lock} has it {locked}");
                    found(Code::FollowsDiffer, message).help(mend)
                }
                Differs::Reference(locked) => {
                    let locked = locked.escape_debug();
                    let message =
                        format!("{flake_lock} has `{input}` from {locked}, {flake_nix} declares another");
                    found(Code::ReferenceDiffers, message)
                }
                Differs::NoSuchInput => {
                    let message = format!("{flake_nix} overrides `{input}`, but there is no such input");
                    found(Code::OverrideStale, message)
                        .help("remove the override: Nix passes over it with a warning")
                }
            }
        }));
    }
    for name in lock.root_inputs().keys().filter(|name| !declarations.inputs.contains_key(name.as_str())) {
        let message =
            format!("`{}` is in {flake_lock}, but {flake_nix} does not declare it", name.escape_debug());
        let finding = Finding::new(Code::InputNotDeclared, message).at(flake_lock.clone(), None);
        findings.push(finding.about(name.as_str()).with([flake_nix.clone()]).help(mend.clone()));
    }
    findings
}

type Path = Option<Vec<String>>;

/// How flake.nix and the lock differ in an input.
enum Differs {
    /// In what it follows.
    Follows { declared: Path, locked: Path },
    /// In where it comes from; the lock's reference.
    Reference(String),
    /// The lock has no such input.
    NoSuchInput,
}

/// The inputs of which flake.nix and the lock say something else, each with what. Whatever flake.nix does
/// not mention is for the input itself to say.
fn differing(declaration: &Declaration, edge: &Edge, lock: &Lock) -> Vec<(String, Differs)> {
    let mut found = Vec::new();
    let declared = declaration.follows().map(path);
    if declared != follows(edge) {
        let differs = Differs::Follows { declared: declared.clone(), locked: follows(edge) };
        found.push((declaration.name.clone(), differs));
    }
    let Edge::Node(key) = edge else { return found };
    let Some(node) = lock.nodes.get(key) else { return found };
    if let (None, Some(original)) = (declared, &node.original)
        && is_original(declaration, original) == Some(false)
    {
        found.push((declaration.name.clone(), Differs::Reference(reference(original))));
    }
    for setting in &declaration.settings {
        let Some((last, steps)) = setting.path.split_last().filter(|(_, steps)| !steps.is_empty()) else {
            continue;
        };
        let mut names = vec![declaration.name.clone()];
        let mut at = Some(node);
        let mut inner = None;
        for step in steps.chunks(2) {
            let ([inputs, name], Some(node)) = (step, at) else { continue };
            if inputs != "inputs" {
                continue;
            }
            names.push(name.clone());
            inner = node.inputs.get(name);
            if inner.is_none() && !found.iter().any(|(known, _)| *known == names.join("/")) {
                found.push((names.join("/"), Differs::NoSuchInput));
            }
            at = match inner {
                Some(Edge::Node(key)) => lock.nodes.get(key),
                _ => None,
            };
        }
        let (Some(inner), "follows", true) = (inner, last.as_str(), names.len() == steps.len() / 2 + 1)
        else {
            continue;
        };
        let declared = setting.string.as_deref().map(path);
        if declared != follows(inner) {
            found.push((names.join("/"), Differs::Follows { declared, locked: follows(inner) }));
        }
    }
    found
}

fn follows(edge: &Edge) -> Path {
    match edge {
        Edge::Follows(path) => Some(path.iter().map(Name::to_string).collect()),
        Edge::Node(_) => None,
    }
}

/// `a/b` as a path; `""` is the root flake itself.
fn path(text: &str) -> Vec<String> {
    text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn shown(path: Option<&[String]>) -> String {
    match path {
        Some(path) => format!("follow `{}`", path.join("/").escape_debug()),
        None => "follow nothing".to_owned(),
    }
}
