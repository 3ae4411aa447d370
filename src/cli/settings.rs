//! flakepart.toml, of the state that is looked at, or the file that the command line names.

use camino::Utf8Path;

use super::Error;
use crate::check::{SETTINGS, Settings};
use crate::tree::Tree;

/// The settings; without a file, those that limit nothing.
pub(super) fn settings(state: &dyn Tree, config: Option<&Utf8Path>) -> Result<Settings, Error> {
    let path = config.unwrap_or(Utf8Path::new(SETTINGS));
    let bytes = match config {
        Some(path) => {
            let read = std::fs::read(path).map_err(|error| Error::Usage {
                message: format!("cannot read {path}: {error}"),
                hint: "`--config` names a file with settings, as flakepart.toml has them".to_owned(),
            });
            Some(read?)
        }
        None => state.read_plain(path)?,
    };
    let Some(bytes) = bytes else { return Ok(Settings::default()) };
    Settings::parse(&bytes).map_err(|source| Error::Settings { path: path.to_owned(), source })
}
