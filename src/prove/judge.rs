//! The whole proof: both sides evaluated, compared, built and run, and what it comes to.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::alike::Alike;
use super::attr::{AttrPath, agrees, attr_path, shown, without_system};
use super::build::build;
use super::compare::{Compared, compare};
use super::difference;
use super::nix::{Nix, ProveError, is_fetch_failure};
use super::pins::unfetched;
use super::proof::{Build, ComparedOutput, Options, OutputVerdict, Progress, Proof, Skipped, Verdict};
use super::side::{Side, Value};
use crate::suggest;

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
    let chosen: Vec<AttrPath> =
        options.outputs.iter().map(|attr| attr_path(attr)).collect::<Result<_, _>>()?;
    let wanted = |path: &[String]| chosen.is_empty() || chosen.iter().any(|want| agrees(path, want));
    let unfetched = unfetched(before, after)?;
    let before = Side::load(nix, &options.before, before, &options.systems)?;
    let was = before.outputs(&wanted, progress)?;
    let after = match Side::load(nix, &options.after, after, &options.systems) {
        Err(ProveError::Load { message, .. }) => Err(message),
        other => Ok(other?.with_nixpkgs_of(&before)),
    };
    // What Nix cannot load as a flake has lost every output that there was.
    let broken = |message: String| BTreeMap::from([(AttrPath::new(), Value::Fails(message))]);
    let is = match &after {
        Ok(side) => match side.outputs(&wanted, progress) {
            Err(ProveError::Load { message, .. }) => broken(message),
            other => other?,
        },
        Err(message) => broken(message.clone()),
    };
    let (mut outputs, mut skipped) = compare(&was, &is);
    skipped.extend(overlays(&outputs, &before));
    skipped.extend(unfetched);
    for want in &chosen {
        if !was.keys().chain(is.keys()).any(|path| !path.is_empty() && agrees(path, want)) {
            return Err(no_output(want, &before, after.as_ref().ok(), progress));
        }
    }
    if let Ok(after) = &after {
        let differ = outputs.values().any(|output| output.verdict == OutputVerdict::Different);
        if differ {
            let folder = control()?;
            let control = Side::load(nix, "the control", &folder, &options.systems)?.with_nixpkgs_of(&before);
            explain(&mut outputs, &before, after, &control, progress)?;
        }
    }
    let mut builds = Vec::new();
    if let Ok(side) = &after {
        for attr in &options.builds {
            builds.push(build(nix, side, &attr_path(attr)?, None, progress)?);
        }
        if let Some((attr, arguments)) = &options.run {
            builds.push(build(nix, side, &attr_path(attr)?, Some(arguments), progress)?);
        }
    }
    let outputs: Vec<ComparedOutput> = outputs.into_values().collect();
    let unreachable = outputs.iter().any(|output| is_unreachable(output.message.as_deref()));
    Ok(Proof {
        schema: 1,
        nix: nix.version().to_owned(),
        before: options.before.clone(),
        after: options.after.clone(),
        systems: options.systems.clone(),
        verdict: verdict(&outputs, &builds, unreachable),
        outputs,
        skipped,
        builds,
        unreachable,
    })
}

/// Tells the outputs that differ only for the flake's own source in them from the others: they differ in
/// the control, too, and are the same once that source goes by one name. Of the others it finds out where
/// they begin to differ.
fn explain(
    outputs: &mut Compared,
    before: &Side<'_>,
    after: &Side<'_>,
    control: &Side<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), ProveError> {
    let differing = outputs.iter().filter(|(_, output)| output.verdict == OutputVerdict::Different);
    let controls = control.values(differing.map(|(path, _)| path.clone()).collect(), progress)?;
    let mut changing = BTreeMap::new();
    for (path, output) in &*outputs {
        if let (OutputVerdict::Different, Some(was), Some(is), Some(Value::Is(control))) =
            (output.verdict, &output.before, &output.after, controls.get(path))
            && was != control
        {
            changing.insert(path.clone(), (was.clone(), control.as_str(), is.clone()));
        }
    }
    let pairs: Vec<(&str, &str)> =
        changing.values().map(|(was, control, _)| (was.as_str(), *control)).collect();
    let is: Vec<&str> = changing.values().map(|(.., is)| is.as_str()).collect();
    let mut alike = Alike::new(Utf8Path::new("/"), [&before.source, &after.source], &pairs, &is);
    for (path, output) in outputs {
        let (OutputVerdict::Different, Some(was), Some(is)) = (output.verdict, &output.before, &output.after)
        else {
            continue;
        };
        if changing.contains_key(path) && alike.same(was, is) {
            output.verdict = OutputVerdict::SourceDependent;
        } else {
            output.message = difference::first(&mut alike, was, is);
        }
    }
    Ok(())
}

/// What was not looked at of overlays: they were applied for one system.
fn overlays(outputs: &Compared, side: &Side<'_>) -> Vec<Skipped> {
    let applied: BTreeSet<&[String]> = outputs
        .keys()
        .filter_map(|path| match path.as_slice() {
            [output, _, _, ..] if output == "overlays" => path.get(..2),
            [output, _, ..] if output == "overlay" => path.get(..1),
            _ => None,
        })
        .collect();
    let why = format!("for other systems than {}", side.system());
    applied.into_iter().map(|path| Skipped { attr: shown(path), why: why.clone() }).collect()
}

fn is_unreachable(message: Option<&str>) -> bool {
    message.is_some_and(is_fetch_failure)
}

fn verdict(outputs: &[ComparedOutput], builds: &[Build], unreachable: bool) -> Verdict {
    let is_worse = |output: &&ComparedOutput| match output.verdict {
        OutputVerdict::Different | OutputVerdict::OnlyBefore => true,
        // One that failed before, too, got no worse; one that came new and fails did.
        OutputVerdict::Error => output.before.is_some(),
        OutputVerdict::OnlyAfter => output.after.is_none(),
        OutputVerdict::Same | OutputVerdict::SourceDependent => false,
    };
    let is_refuted = outputs.iter().filter(is_worse).any(|output| !is_unreachable(output.message.as_deref()));
    if is_refuted || builds.iter().any(|build| !build.ok) {
        Verdict::Refuted
    } else if unreachable {
        Verdict::Incomplete
    } else {
        Verdict::Proved
    }
}

/// The error about an output that is not there, with the name that was probably meant.
fn no_output(
    want: &AttrPath,
    before: &Side<'_>,
    after: Option<&Side<'_>>,
    progress: &mut dyn FnMut(Progress),
) -> ProveError {
    let there = before.outputs(&|path| path.first() == want.first(), progress).unwrap_or_default();
    let mut names: Vec<String> = there.keys().map(|path| shown(&without_system(path))).collect();
    if names.is_empty() {
        names = before.top().unwrap_or_default();
    }
    names.dedup();
    names.sort();
    names.dedup();
    ProveError::NoOutput {
        attr: shown(want),
        before: before.name.to_owned(),
        after: after.map_or("the other side", |after| after.name).to_owned(),
        hint: suggest::instead(&shown(&without_system(want)), &names),
    }
}
