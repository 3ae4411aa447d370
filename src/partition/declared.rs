//! Whether flake.nix and flake.lock speak of the same inputs. Nix believes flake.nix, and mends the lock
//! when it next may.

use super::Outline;
use crate::finding::{Code, Finding};
use crate::lock::{Edge, Lock, Name};
use crate::nix::Declaration;

/// Every way in which flake.nix and flake.lock disagree.
#[must_use]
pub fn declaration_findings(flake: &Outline) -> Vec<Finding> {
    let (declarations, lock) = (&flake.declarations, &flake.lock);
    let mut findings = Vec::new();
    for declaration in declarations.inputs.values() {
        let name = declaration.name.escape_debug();
        let found = |code, message: String| {
            Finding::new(code, message).at("flake.nix", Some(declaration.line)).help("`nix flake lock`")
        };
        match lock.root_inputs().get(&declaration.name) {
            None => {
                let message = format!("`{name}` is declared, but flake.lock does not have it");
                findings.push(found(Code::InputNotLocked, message));
            }
            Some(edge) => {
                for (input, declared, locked) in differing(declaration, edge, lock) {
                    let message = format!(
                        "flake.nix has `{}` {}, flake.lock has it {}",
                        input.escape_debug(),
                        shown(declared.as_deref()),
                        shown(locked.as_deref())
                    );
                    findings.push(found(Code::FollowsDiffer, message));
                }
            }
        }
    }
    for name in lock.root_inputs().keys().filter(|name| !declarations.inputs.contains_key(name.as_str())) {
        let message =
            format!("`{}` is in flake.lock, but flake.nix does not declare it", name.escape_debug());
        findings.push(
            Finding::new(Code::InputNotDeclared, message).at("flake.lock", None).help("`nix flake lock`"),
        );
    }
    findings
}

type Path = Option<Vec<String>>;

/// The inputs of which flake.nix and the lock say something else: which one, what flake.nix has it
/// follow, and what the lock. Whatever flake.nix does not mention is for the input itself to say.
fn differing(declaration: &Declaration, edge: &Edge, lock: &Lock) -> Vec<(String, Path, Path)> {
    let mut found = Vec::new();
    let declared = declaration.follows().map(path);
    if declared != follows(edge) {
        found.push((declaration.name.clone(), declared, follows(edge)));
    }
    let Edge::Node(key) = edge else { return found };
    for setting in &declaration.settings {
        let [inputs, name, last] = setting.path.as_slice() else { continue };
        let inner = lock.nodes.get(key).and_then(|node| node.inputs.get(name));
        // Nix only warns of an override of what is not there.
        let (true, "follows", Some(inner)) = (inputs == "inputs", last.as_str(), inner) else { continue };
        let declared = setting.string.as_deref().map(path);
        if declared != follows(inner) {
            found.push((format!("{}/{name}", declaration.name), declared, follows(inner)));
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
