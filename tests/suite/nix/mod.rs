//! Nix source: what flake.nix declares, its edits, who uses an input, and the files that are written.

mod additions;
mod catalogue;
mod declarations;
mod edits;
mod flake_modules;
mod imports;
mod partitions;
mod properties;
mod reach;
mod trees;
mod usage;
mod writing;

use std::fmt::Write as _;

use flakepart::nix::{Declarations, NixError, Source, remove_inputs};

/// A text without the line break it begins with and without the margin that all its lines share, so
/// that it can stand indented in a test.
fn dedent(text: &str) -> String {
    let text = text.strip_prefix('\n').unwrap_or(text);
    let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let margin =
        text.lines().filter(|line| !line.trim().is_empty()).map(indentation).min().unwrap_or_default();
    let lines =
        text.split_inclusive('\n').map(|line| line.get(margin..).unwrap_or(line.trim_start_matches(' ')));
    lines.collect()
}

fn source(text: &str) -> Source {
    Source::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error:?} in\n{text}"))
}

fn declared(text: &str) -> Result<Declarations, NixError> {
    Declarations::read(&Source::parse(text.as_bytes())?)
}

/// What a flake.nix declares, as a table; or who refuses it, where and why.
fn table(text: &str) -> String {
    let declarations = match declared(text) {
        Ok(declarations) => declarations,
        Err(error) => {
            let who = match error {
                NixError::NotAFlake { .. } => "Nix refuses",
                NixError::CannotEdit { .. } => "flakepart refuses",
                _ => "cannot be read",
            };
            let line = error.line().unwrap_or_default();
            let column = error.column().map_or(String::new(), |column| format!(":{column}"));
            return format!("flake.nix:{line}{column}: {error} ({who})");
        }
    };
    let mut table = String::new();
    for (name, input) in &declarations.inputs {
        assert_eq!(name, &input.name);
        let url = input.url().map(|url| format!(", from {url}"));
        let follows = input.follows().map(|target| format!(", follows {target:?}"));
        let marks = [
            url.as_deref(),
            follows.as_deref(),
            (!input.is_flake()).then_some(", no flake"),
            input.is_relative().then_some(", relative"),
            input.is_implicit().then_some(", implicit"),
        ];
        let marks: String = marks.into_iter().flatten().collect();
        let _ = writeln!(table, "{}: {name:?}{marks}", input.line);
        for comment in &input.comments {
            let _ = writeln!(table, "   {comment}");
        }
        for setting in &input.settings {
            let _ = writeln!(table, "   {:?} = {}", setting.path, setting.text);
        }
    }
    table
}

/// The flake.nix without these inputs. What is left declares exactly the others, as before.
fn without(text: &str, names: &[&str]) -> String {
    let source = source(text);
    let before = Declarations::read(&source).unwrap();
    let result = remove_inputs(&source, &before, names).unwrap().apply(text);
    let after = declared(&result).unwrap_or_else(|error| panic!("{error:?} in\n{result}"));
    let said = |declarations: &Declarations| -> Vec<_> {
        let kept = declarations.inputs.values().filter(|input| !names.contains(&input.name.as_str()));
        kept.map(|input| (input.name.clone(), input.settings.clone(), input.comments.clone())).collect()
    };
    assert_eq!(said(&after), said(&before), "{result}");
    let gone = |name: &&str| !after.inputs.contains_key(*name);
    assert!(names.iter().all(gone), "{result}");
    result
}
