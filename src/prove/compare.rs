//! Comparing two sides.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::build::build;
use super::nix::{Nix, ProveError, is_fetch_failure};
use super::proof::{ComparedOutput, Options, OutputVerdict, Progress, Proof, Skipped, Verdict};
use super::side::{AttrPath, Side, Value};

/// Has Nix evaluate both folders as flakes, compares every output, and builds and runs what is asked
/// for. `control` makes a folder that is the state before but for an edit that means nothing; it is
/// made only when an output differs.
pub fn prove(
    nix: &Nix,
    before: &Utf8Path,
    after: &Utf8Path,
    control: impl FnOnce() -> std::io::Result<Utf8PathBuf>,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Proof, ProveError> {
    let wanted_paths: Vec<AttrPath> =
        options.outputs.iter().map(|attr| attr_path(attr)).collect::<Result<_, _>>()?;
    let wanted =
        |path: &[String]| wanted_paths.is_empty() || wanted_paths.iter().any(|want| agrees(path, want));
    let before_side = Side::load(nix, &options.before, before, &options.systems)?;
    let was = before_side.outputs(&wanted, progress)?;
    let after_side = match Side::load(nix, &options.after, after, &options.systems) {
        Err(ProveError::Load { message, .. }) => Err(message),
        other => Ok(other?),
    };
    // What Nix cannot load as a flake has lost every output that there was.
    let broken = |message: String| BTreeMap::from([(AttrPath::new(), Value::Fails(message))]);
    let is = match &after_side {
        Ok(side) => match side.outputs(&wanted, progress) {
            Err(ProveError::Load { message, .. }) => broken(message),
            other => other?,
        },
        Err(message) => broken(message.clone()),
    };
    let (mut outputs, skipped) = compare(&was, &is);

    let differing: Vec<AttrPath> = outputs
        .iter()
        .filter(|(_, output)| output.verdict == OutputVerdict::Different)
        .map(|(path, _)| path.clone())
        .collect();
    if !differing.is_empty() {
        let folder = control()?;
        let side = Side::load(nix, "the control", &folder, &options.systems)?;
        let controls = side.values(differing, progress)?;
        for (path, output) in &mut outputs {
            if let (OutputVerdict::Different, Some(Value::Is(control))) = (output.verdict, controls.get(path))
                && output.before.as_ref() != Some(control)
            {
                output.verdict = OutputVerdict::SourceDependent;
            }
        }
    }
    let mut builds = Vec::new();
    if let Ok(side) = &after_side {
        for attr in &options.builds {
            builds.push(build(nix, side, &attr_path(attr)?, None, progress)?);
        }
        if let Some((attr, arguments)) = &options.run {
            builds.push(build(nix, side, &attr_path(attr)?, Some(arguments), progress)?);
        }
    }
    let outputs: Vec<ComparedOutput> = outputs.into_values().collect();
    let worse = |output: &&ComparedOutput| match output.verdict {
        OutputVerdict::Different | OutputVerdict::OnlyBefore => true,
        // One that failed before, too, got no worse; one that came new and fails did.
        OutputVerdict::Error => output.before.is_some(),
        OutputVerdict::OnlyAfter => output.after.is_none(),
        _ => false,
    };
    let fetch = |message: &Option<String>| message.as_deref().is_some_and(is_fetch_failure);
    let unreachable = outputs.iter().any(|output| fetch(&output.message));
    let refuted = outputs.iter().filter(worse).any(|output| !fetch(&output.message))
        || builds.iter().any(|build| !build.ok);
    let verdict = match (refuted, unreachable, outputs.is_empty() && !wanted_paths.is_empty()) {
        (true, ..) => Verdict::Refuted,
        // Naming outputs that are not there proves nothing.
        (_, true, _) | (.., true) => Verdict::Incomplete,
        _ => Verdict::Proved,
    };
    Ok(Proof {
        schema: 1,
        nix: nix.version().to_owned(),
        before: options.before.clone(),
        after: options.after.clone(),
        systems: options.systems.clone(),
        outputs,
        skipped,
        builds,
        verdict,
        unreachable,
    })
}

type Compared = BTreeMap<AttrPath, ComparedOutput>;

fn compare(was: &BTreeMap<AttrPath, Value>, is: &BTreeMap<AttrPath, Value>) -> (Compared, Vec<Skipped>) {
    let mut compared = Compared::new();
    let mut skipped = BTreeSet::new();
    let paths: BTreeSet<&AttrPath> = was.keys().chain(is.keys()).collect();
    for path in paths {
        let sides = (at(was, path), at(is, path));
        let text = |value: Option<&Value>| match value {
            Some(Value::Is(text) | Value::Skipped(text)) => Some(text.clone()),
            _ => None,
        };
        let (verdict, message) = match sides {
            (Some(Value::Skipped(why)), Some(Value::Skipped(_))) => {
                skipped.insert(Skipped { attr: shown(path), why: why.clone() });
                continue;
            }
            (Some(Value::Skipped(_)), Some(Value::Is(_))) | (Some(Value::Is(_)), Some(Value::Skipped(_))) => {
                (OutputVerdict::Different, None)
            }
            (Some(Value::Is(a)), Some(Value::Is(b))) if a == b => (OutputVerdict::Same, None),
            (Some(Value::Is(_)), Some(Value::Is(_))) => (OutputVerdict::Different, None),
            (Some(_), Some(Value::Fails(message))) => (OutputVerdict::Error, Some(message.clone())),
            // What failed before and works now came new, as far as anybody could use it.
            (Some(Value::Fails(_)) | None, Some(Value::Is(_) | Value::Skipped(_))) => {
                (OutputVerdict::OnlyAfter, None)
            }
            (None, Some(Value::Fails(message))) => {
                // The outputs below it are judged one by one.
                if was.keys().any(|below| below.starts_with(path)) {
                    continue;
                }
                (OutputVerdict::OnlyAfter, Some(message.clone()))
            }
            (Some(Value::Is(_) | Value::Skipped(_)), None) => (OutputVerdict::OnlyBefore, None),
            (Some(Value::Fails(_)) | None, None) => continue,
        };
        let output = ComparedOutput {
            attr: shown(path),
            before: text(sides.0),
            after: text(sides.1),
            verdict,
            message,
        };
        compared.insert(path.clone(), output);
    }
    (compared, skipped.into_iter().collect())
}

/// What is at a path: where something above it fails as a whole, it fails, too.
fn at<'a>(values: &'a BTreeMap<AttrPath, Value>, path: &AttrPath) -> Option<&'a Value> {
    values.get(path).or_else(|| {
        (0..path.len()).find_map(|length| {
            values.get(&path[..length]).filter(|value| matches!(value, Value::Fails(_) | Value::Skipped(_)))
        })
    })
}

/// An attribute path as one writes it, names quoted where Nix wants it.
pub(super) fn shown(path: &[String]) -> String {
    let names: Vec<String> = path
        .iter()
        .map(|name| {
            let plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '\''));
            if plain { name.clone() } else { format!("{name:?}") }
        })
        .collect();
    names.join(".")
}

/// Reads an attribute path as one writes it.
fn attr_path(text: &str) -> Result<AttrPath, ProveError> {
    let bad = || ProveError::BadAttr { attr: text.to_owned() };
    let mut path = vec![String::new()];
    let mut quoted = false;
    for char in text.trim_start_matches('.').chars() {
        match char {
            '"' => quoted = !quoted,
            '.' if !quoted => path.push(String::new()),
            _ => path.last_mut().ok_or_else(bad)?.push(char),
        }
    }
    if quoted || path.iter().any(String::is_empty) { Err(bad()) } else { Ok(path) }
}

/// Whether an output lies on the way to, at, or below what was asked for; `packages.hello` asks for it
/// on every system.
fn agrees(path: &[String], want: &[String]) -> bool {
    let prefix = |path: &[String]| path.iter().zip(want).all(|(a, b)| a == b);
    let on_any_system = match path {
        [output, _system, rest @ ..] => prefix(&[std::slice::from_ref(output), rest].concat()),
        _ => false,
    };
    prefix(path) || on_any_system
}
