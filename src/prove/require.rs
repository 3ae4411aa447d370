//! Outputs that have to be there and evaluate, whatever they were before.

use super::attr::{AttrPath, shown, with_system};
use super::nix::ProveError;
use super::proof::{Checked, Progress};
use super::side::{Side, Value};

/// Whether an output is there, for this system where it does not name one.
pub(super) fn required(
    side: &Side<'_>,
    attr: &AttrPath,
    progress: &mut dyn FnMut(Progress),
) -> Result<Checked, ProveError> {
    let path = with_system(attr, &side.system());
    let values = side.values(std::slice::from_ref(&path), None, progress)?;
    let nothing = values.is_empty().then(|| "there is nothing in it".to_owned());
    let failure = values.into_values().find_map(|value| match value {
        Value::Fails(message) => Some(message),
        Value::Is(_) | Value::Skipped { .. } => None,
    });
    let message = failure.or(nothing);
    Ok(Checked { attr: shown(&path), ok: message.is_none(), message })
}
