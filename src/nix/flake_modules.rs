//! What the flakeModules of well-known inputs bring along: code that is not in the repository, but
//! decides where the values go that the repository gives to it. `flake_modules.json` holds what was read
//! in their sources. Of all others only this much is known: that they may do anything.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// What an input's flake-parts module does.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FlakeModule {
    /// Where this was read. The names of repositories stay when their owners change.
    #[expect(dead_code, reason = "for those who read the file")]
    source: String,
    /// The options that it declares, at the top or in `perSystem`.
    options: Vec<String>,
    /// The flake outputs that it makes of them.
    pub(super) outputs: Vec<String>,
    /// The options of other modules that it reads for that.
    #[serde(default)]
    reads_options: Vec<String>,
    /// Whether it picks inputs of the flake by itself, whatever they are called.
    #[serde(default)]
    pub(super) reads_inputs: bool,
    /// Whether it reads outputs from the flake itself.
    #[serde(default)]
    pub(super) reads_self: bool,
}

/// By the name of the repository. The file is a part of the program, and a test reads it.
static KNOWN: LazyLock<BTreeMap<String, FlakeModule>> =
    LazyLock::new(|| serde_json::from_str(include_str!("flake_modules.json")).unwrap_or_default());

/// The well-known flakeModules among a flake's inputs.
#[derive(Debug, Default)]
pub struct FlakeModules {
    by_input: BTreeMap<String, &'static FlakeModule>,
}

impl FlakeModules {
    /// Finds them among inputs, each given with the name of the repository that it is locked to.
    #[must_use]
    pub fn among<'a>(inputs: impl Iterator<Item = (&'a str, &'a str)>) -> FlakeModules {
        let known = inputs.filter_map(|(input, repository)| {
            Some((input.to_owned(), KNOWN.get(&repository.to_ascii_lowercase())?))
        });
        FlakeModules { by_input: known.collect() }
    }

    /// That of an input.
    pub(super) fn of_input(&self, input: &str) -> Option<&'static FlakeModule> {
        self.by_input.get(input).copied()
    }

    /// Those that declare an option.
    pub(super) fn declaring(&self, option: &str) -> impl Iterator<Item = &'static FlakeModule> {
        self.by_input.values().copied().filter(move |module| module.options.iter().any(|own| own == option))
    }

    /// The options that go on where others read `option`, and the outputs that come of it.
    pub(super) fn reading(&self, option: &str) -> impl Iterator<Item = &'static FlakeModule> {
        let reads = move |module: &&FlakeModule| module.reads_options.iter().any(|read| read == option);
        self.by_input.values().copied().filter(reads)
    }

    /// Those that read outputs from the flake itself.
    pub(super) fn reading_self(&self) -> impl Iterator<Item = &'static FlakeModule> {
        self.by_input.values().copied().filter(|module| module.reads_self)
    }
}

impl FlakeModule {
    /// The options that it declares.
    pub(super) fn options(&self) -> impl Iterator<Item = &str> {
        self.options.iter().map(String::as_str)
    }
}
