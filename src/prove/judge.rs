//! The whole proof: both sides evaluated, compared, built and run, and what it comes to.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::alike::{Alike, derivations};
use super::attr::{AttrPath, agrees, attr_path, attr_paths, shown, with_system, without_system};
use super::build::build;
use super::compare::{Compared, compare};
use super::consumer::consumers;
use super::control::control;
use super::difference;
use super::jobs::Jobs;
use super::lazy::{judged, without_partitions};
use super::message::is_fetch_failure;
use super::nix::{Nix, ProveError};
use super::pins::unfetched;
use super::proof::{
    Build, Checked, ComparedOutput, Options, OutputVerdict, Progress, Proof, Skipped, Verdict,
};
use super::require::required;
use super::side::{Side, Value, Values};
use crate::suggest;

/// Has Nix evaluate both folders as flakes, compares every output, and builds and runs what is asked
/// for. `scratch` is an empty folder, for the copies that this takes.
pub fn prove(
    nix: &Nix,
    before: &Utf8Path,
    after: &Utf8Path,
    scratch: &Utf8Path,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Proof, ProveError> {
    let chosen = attr_paths(&options.outputs)?;
    let lazy = attr_paths(&options.lazy)?;
    let mut skipped = unfetched(before, after)?;
    let folders = (before, after);
    let jobs = Jobs::find(nix)?;
    let before = Side::new(nix, &options.before, before, &options.systems)?.by_jobs(&jobs);
    let was = before.outputs(&chosen, None, progress)?;
    let after = Side::new(nix, &options.after, after, &options.systems)?.by_jobs(&jobs);
    let after = after.with_nixpkgs_of(&before);
    // What Nix cannot load as a flake has lost every output that there was.
    let (is, broken) = match after.outputs(&chosen, Some(was.len()), progress) {
        Err(ProveError::Load { message, .. }) => {
            (Values::from([(AttrPath::new(), Value::Fails(message.clone()))]), Some(message))
        }
        other => (other?, None),
    };
    for want in &chosen {
        if !was.keys().chain(is.keys()).any(|path| !path.is_empty() && agrees(path, want)) {
            return Err(no_output(want, &before, &options.after, progress));
        }
    }
    let (mut outputs, uncompared) = compare(&was, &is);
    if outputs.is_empty() && !options.systems.is_empty() {
        return Err(ProveError::NoSystem {
            systems: options.systems.join("`, `"),
            before: options.before.clone(),
            after: options.after.clone(),
        });
    }
    skipped.extend(uncompared);
    skipped.extend(overlays(&outputs, &before));
    let (mut needed, mut checked, mut builds) = (Vec::new(), Vec::new(), Vec::new());
    let mut users = None;
    match broken {
        None => {
            if outputs.values().any(|output| output.verdict == OutputVerdict::Different) {
                let folder = scratch.join("control");
                fs_err::create_dir(&folder)?;
                control(folders.0, folders.1, &folder)?;
                let control = Side::new(nix, "the control", &folder, &options.systems)?;
                let control = control.with_nixpkgs_of(&before);
                explain(&mut outputs, &before, &after, &control, &scratch.join("store"), progress)?;
            }
            for attr in attr_paths(&options.required)? {
                needed.push(required(&after, &attr, progress)?);
            }
            if !lazy.is_empty() {
                let folder = scratch.join("lazy");
                fs_err::create_dir(&folder)?;
                let unfetchable = without_partitions(folders.1, &folder)?;
                let side = Side::new(nix, "the flake without its partitions", &folder, &options.systems)?;
                let values = side.with_nixpkgs_of(&before).outputs(&lazy, None, progress)?;
                for want in &lazy {
                    if !values.keys().any(|path| agrees(path, want)) {
                        return Err(no_output(want, &before, &options.after, progress));
                    }
                }
                checked = judged(&values, &unfetchable);
            }
            if options.consumer {
                users = Some(consumers(nix, &before, &after, &is, &chosen, scratch, progress)?);
            }
            builds = built(nix, &after, options, progress)?;
        }
        Some(message) => {
            let fails =
                |attr: &String| Checked { attr: attr.clone(), ok: false, message: Some(message.clone()) };
            needed.extend(options.required.iter().map(fails));
            checked.extend(options.lazy.iter().map(fails));
        }
    }
    let outputs: Vec<ComparedOutput> = outputs.into_values().collect();
    let messages = outputs.iter().map(|output| &output.message);
    let mut messages = messages.chain(needed.iter().chain(&checked).map(|checked| &checked.message));
    let unreachable = messages.any(|message| is_unreachable(message.as_deref()));
    let mut proof = Proof {
        schema: 1,
        nix: nix.version().line.clone(),
        implementation: nix.version().implementation,
        judge: nix.version().to_string(),
        derivations_by: jobs.program(),
        before: options.before.clone(),
        after: options.after.clone(),
        systems: options.systems.clone(),
        outputs,
        skipped,
        required: needed,
        lazy: checked,
        consumers: users,
        builds,
        verdict: Verdict::Proved,
        unreachable,
        fetches_again: nix.fetches_again(),
    };
    proof.skipped.sort();
    proof.verdict = verdict(&proof);
    Ok(proof)
}

/// Builds what is to be built, and runs what is to be run.
fn built(
    nix: &Nix,
    side: &Side<'_>,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Build>, ProveError> {
    let mut builds = Vec::new();
    for attr in attr_paths(&options.builds)? {
        builds.push(build(nix, side, &attr, None, progress)?);
    }
    if let Some(runs) = &options.run {
        let attr = attr_path(&runs.attr)?;
        let attrs = if runs.all {
            let below = side.values(&[with_system(&attr, &nix.system())], None, progress)?;
            below.into_keys().collect()
        } else {
            vec![attr]
        };
        for attr in attrs {
            builds.push(build(nix, side, &attr, Some(&runs.arguments), progress)?);
        }
    }
    Ok(builds)
}

/// Tells the outputs that differ only for the flake's own source in them from the others: they differ in
/// the control, too, and are the same once that source goes by one name. Of the others it finds out where
/// they begin to differ.
fn explain(
    outputs: &mut Compared,
    before: &Side<'_>,
    after: &Side<'_>,
    control: &Side<'_>,
    scratch: &Utf8Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), ProveError> {
    let differing = outputs.iter().filter(|(_, output)| output.verdict == OutputVerdict::Different);
    let differing: Vec<AttrPath> = differing.map(|(path, _)| path.clone()).collect();
    let of = Some(differing.len());
    let controls = control.values(&differing, of, progress)?;
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
    let different = outputs.values().filter(|output| output.verdict == OutputVerdict::Different);
    let sides = different.flat_map(|output| output.before.iter().chain(&output.after));
    let named = sides.map(String::as_str).chain(pairs.iter().map(|(_, control)| *control));
    let named: BTreeSet<&str> = named.flat_map(derivations).collect();
    let store = before.store(&Vec::from_iter(named), scratch)?;
    let sources = [before.source(), after.source()];
    let mut alike = Alike::new(&store, &sources, &pairs, &is);
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

/// What it comes to.
fn verdict(proof: &Proof) -> Verdict {
    let is_worse = |output: &&ComparedOutput| match output.verdict {
        OutputVerdict::Different | OutputVerdict::OnlyBefore => true,
        // One that failed before, too, got no worse; one that came new and fails did.
        OutputVerdict::Error => output.before.is_some(),
        OutputVerdict::OnlyAfter => output.after.is_none(),
        OutputVerdict::Same | OutputVerdict::SourceDependent => false,
    };
    let worse = proof.outputs.iter().filter(is_worse).map(|output| &output.message);
    let checked = proof.required.iter().chain(&proof.lazy).filter(|checked| !checked.ok);
    let mut wrong = worse.chain(checked.map(|checked| &checked.message));
    let others_differ = proof.consumers.as_ref().is_some_and(|consumers| !consumers.differs.is_empty());
    if others_differ
        || wrong.any(|message| !is_unreachable(message.as_deref()))
        || proof.builds.iter().any(|build| !build.ok)
    {
        Verdict::Refuted
    } else if proof.unreachable {
        Verdict::Incomplete
    } else {
        Verdict::Proved
    }
}

/// The error about an output that is not there, with the name that was probably meant.
fn no_output(
    want: &AttrPath,
    before: &Side<'_>,
    after: &str,
    progress: &mut dyn FnMut(Progress),
) -> ProveError {
    let top = want.get(..1).map(<[String]>::to_vec).into_iter().collect::<Vec<_>>();
    let there = before.outputs(&top, None, progress).unwrap_or_default();
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
        after: after.to_owned(),
        hint: suggest::instead(&shown(&without_system(want)), &names),
    }
}
