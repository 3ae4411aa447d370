//! Which outputs fetch inputs of partitions: evaluated where these cannot be fetched.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value as Json, json};

use super::attr::shown;
use super::control::{copy, files, locks};
use super::proof::Checked;
use super::side::{Value, Values};

/// Where nothing is to be had.
const NOWHERE: &str = "/flakepart-unfetchable/";

/// An input of a partition that cannot be fetched: its lock, and its node.
type Unfetchable = (Utf8PathBuf, String);

/// Copies a flake into an empty folder, where no input of the locks below it can be fetched.
pub(super) fn without_partitions(flake: &Utf8Path, to: &Utf8Path) -> io::Result<Vec<Unfetchable>> {
    let mut unfetchable = Vec::new();
    for path in files(flake)? {
        copy(&flake.join(&path), &to.join(&path))?;
    }
    for path in locks(flake)?.into_iter().filter(|path| path != "flake.lock") {
        // A lock that cannot be read pins nothing.
        let Ok(mut lock) = serde_json::from_slice::<Json>(&fs_err::read(flake.join(&path))?) else {
            continue;
        };
        for (name, node) in lock.get_mut("nodes").and_then(Json::as_object_mut).into_iter().flatten() {
            if let Some(locked) = node.get_mut("locked") {
                *locked = json!({
                    "type": "path",
                    "path": format!("{NOWHERE}{}", unfetchable.len()),
                    "lastModified": 1,
                    // Content that no store has, or Nix would take it from there.
                    "narHash": "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                });
                unfetchable.push((path.clone(), name.clone()));
            }
        }
        // What was copied may be read-only.
        fs_err::remove_file(to.join(&path))?;
        fs_err::write(to.join(&path), lock.to_string())?;
    }
    Ok(unfetchable)
}

/// What becomes of the outputs there.
pub(super) fn judged(values: &Values, unfetchable: &[Unfetchable]) -> Vec<Checked> {
    let judged = values.iter().map(|(path, value)| {
        let message = match value {
            Value::Fails(message) if message.contains(NOWHERE) => Some(match input(message, unfetchable) {
                Some((lock, name)) => format!("fetches {name} of {lock}"),
                None => "fetches an input of a partition".to_owned(),
            }),
            Value::Fails(message) => Some(message.clone()),
            Value::Is(_) | Value::Skipped { .. } => None,
        };
        Checked { attr: shown(path), ok: message.is_none(), message }
    });
    judged.collect()
}

/// The input that a message of Nix speaks of.
fn input<'a>(message: &str, unfetchable: &'a [Unfetchable]) -> Option<&'a Unfetchable> {
    let (_, behind) = message.split_once(NOWHERE)?;
    let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
    unfetchable.get(behind.get(..digits)?.parse::<usize>().ok()?)
}
