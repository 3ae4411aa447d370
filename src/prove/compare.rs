//! Comparing the outputs of two sides, one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::attr::{AttrPath, shown};
use super::message::is_fetch_failure;
use super::proof::{ComparedOutput, OutputVerdict, Skipped};
use super::side::Value;

/// Outputs that were compared, by their path.
pub(super) type Compared = BTreeMap<AttrPath, ComparedOutput>;

/// What came of each output, and which could not be compared.
pub(super) fn compare(
    was: &BTreeMap<AttrPath, Value>,
    is: &BTreeMap<AttrPath, Value>,
) -> (Compared, Vec<Skipped>) {
    let mut compared = Compared::new();
    let mut skipped = BTreeSet::new();
    let paths: BTreeSet<&AttrPath> = was.keys().chain(is.keys()).collect();
    for path in paths {
        let sides = (at(was, path), at(is, path));
        let text = |value: Option<&Value>| match value {
            Some(Value::Is(text)) => Some(text.clone()),
            Some(Value::Skipped { why, shape }) => Some(format!("{why} {shape}").trim_end().to_owned()),
            _ => None,
        };
        let (verdict, message) = match sides {
            (Some(a @ Value::Skipped { why, .. }), Some(b)) if a == b => {
                skipped.insert(Skipped { attr: shown(path), why: why.clone() });
                continue;
            }
            (Some(Value::Is(a)), Some(Value::Is(b))) if a == b => (OutputVerdict::Same, None),
            (Some(Value::Is(_) | Value::Skipped { .. }), Some(Value::Is(_) | Value::Skipped { .. })) => {
                (OutputVerdict::Different, None)
            }
            (Some(_), Some(Value::Fails(message))) => (OutputVerdict::Error, Some(message.clone())),
            // What failed before and works now came new, as far as anybody could use it; but nobody knows
            // what it was if it only could not be fetched.
            (Some(Value::Fails(message)), Some(Value::Is(_) | Value::Skipped { .. })) => {
                let message = is_fetch_failure(message).then(|| format!("it failed before: {message}"));
                (OutputVerdict::OnlyAfter, message)
            }
            (None, Some(Value::Is(_) | Value::Skipped { .. })) => (OutputVerdict::OnlyAfter, None),
            (None, Some(Value::Fails(message))) => {
                // The outputs below it are judged one by one.
                if was.keys().any(|below| below.starts_with(path)) {
                    continue;
                }
                (OutputVerdict::OnlyAfter, Some(message.clone()))
            }
            (Some(Value::Is(_) | Value::Skipped { .. }), None) => (OutputVerdict::OnlyBefore, None),
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
            values
                .get(&path[..length])
                .filter(|value| matches!(value, Value::Fails(_) | Value::Skipped { .. }))
        })
    })
}
