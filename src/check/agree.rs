//! Pins in several files that have to be at one revision: of flake.lock and devenv.lock, npins, niv, Flox.

use std::collections::BTreeSet;

use serde_json::Value;

use super::PinName;
use crate::finding::{Code, Finding};
use crate::lock::{Graph, Lock};
use crate::partition::Files;

/// Every group of pins that are not at one revision.
pub(super) fn findings(files: &Files, groups: &[Vec<PinName>]) -> Vec<Finding> {
    groups.iter().flat_map(|group| disagreeing(files, group)).collect()
}

fn disagreeing(files: &Files, group: &[PinName]) -> Vec<Finding> {
    let all = || group.iter().map(|pin| pin.file.clone());
    let mut findings = Vec::new();
    let mut first: Option<(&PinName, String)> = None;
    for pin in group {
        let found = |message: String, help: &str| {
            Finding::new(Code::PinsDisagree, message).at(pin.file.clone(), None).with(all()).help(help)
        };
        let revision = match files.get(&pin.file) {
            None => Err("there is no such file".to_owned()),
            Some(bytes) => revision(bytes, pin.name.as_deref()),
        };
        match (revision, &first) {
            (Err(why), _) => {
                let message = format!("{}: {why}", shown(pin));
                findings.push(found(message, "flakepart.toml names it under `agree`"));
            }
            (Ok(revision), None) => first = Some((pin, revision)),
            (Ok(revision), Some((other, wanted))) if revision != *wanted => {
                let (here, there) = (short(&revision), short(wanted));
                let message = format!("{} is {here}, but {} is {there}", shown(pin), shown(other));
                findings.push(found(message, "bring both to one revision"));
            }
            (Ok(_), Some(_)) => {}
        }
    }
    findings
}

fn shown(pin: &PinName) -> String {
    let name = pin.name.iter().map(|name| format!("#{}", name.escape_debug()));
    std::iter::once(pin.file.to_string()).chain(name).collect()
}

fn short(revision: &str) -> String {
    revision.chars().take(10).collect::<String>().escape_debug().to_string()
}

/// The revision of a pin in a file: which of the forms it is, the file itself tells.
fn revision(bytes: &[u8], name: Option<&str>) -> Result<String, String> {
    let json: Value = serde_json::from_slice(bytes).map_err(|error| format!("this is no JSON: {error}"))?;
    let named = || name.ok_or_else(|| "say which of its pins, after a `#`".to_owned());
    let of = |pin: Option<&Value>, field: &str| {
        let pin =
            pin.ok_or_else(|| format!("it has no pin `{}`", name.unwrap_or_default().escape_debug()))?;
        let revision = pin.get(field).and_then(Value::as_str).map(str::to_owned);
        revision.ok_or_else(|| "this pin has no revision".to_owned())
    };
    if json.get("nodes").is_some() && json.get("root").is_some() {
        return of_lock(bytes, named()?);
    }
    // npins: `{ "pins": { "nixpkgs": { "revision": … } }, "version": … }`
    if let (Some(pins), Some(_)) = (json.get("pins"), json.get("version")) {
        return of(pins.get(named()?), "revision");
    }
    // Flox: `{ "lockfile-version": …, "packages": [ { "install_id": …, "rev": … } ] }`
    if let (Some(_), Some(packages)) = (json.get("lockfile-version"), json.get("packages")) {
        return of_flox(packages.as_array().map(Vec::as_slice).unwrap_or_default(), name);
    }
    // niv: `{ "nixpkgs": { "rev": … } }`
    of(json.get(named()?), "rev")
}

fn of_lock(bytes: &[u8], name: &str) -> Result<String, String> {
    let lock = Lock::parse(bytes).map_err(|error| error.to_string())?;
    let graph = Graph::new(&lock);
    let root = graph.inputs().into_iter().find(|root| root.name == name);
    let node = root.and_then(|root| lock.nodes.get(root.node?));
    let locked = node.ok_or_else(|| format!("it has no input `{}`", name.escape_debug()))?.locked.as_ref();
    let revision = locked.and_then(|locked| locked.str("rev").or_else(|| locked.str("narHash")));
    revision.map(str::to_owned).ok_or_else(|| "this input has no revision".to_owned())
}

/// Flox pins every package by itself: one of them by its `install_id`, or all, which then have to agree.
fn of_flox(packages: &[Value], name: Option<&str>) -> Result<String, String> {
    let text = |package: &Value, field: &str| package.get(field).and_then(Value::as_str).map(str::to_owned);
    let named = |package: &&Value| name.is_none() || text(package, "install_id").as_deref() == name;
    let revisions: BTreeSet<String> =
        packages.iter().filter(named).filter_map(|package| text(package, "rev")).collect();
    let mut revisions = revisions.into_iter();
    match (revisions.next(), revisions.next()) {
        (Some(revision), None) => Ok(revision),
        (Some(one), Some(other)) => {
            Err(format!("its packages are of several revisions: {}, {}", short(&one), short(&other)))
        }
        (None, _) => Err("it has no such package".to_owned()),
    }
}
