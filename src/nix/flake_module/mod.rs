//! What the flakeModules of inputs bring along: code that is not in the repository, but decides where the
//! values go that the repository gives to it. Where the source of an input is at hand, it is `read` there;
//! of well-known ones `known.json` holds what was read. Of all others only this much is known: that they
//! may do anything.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use camino::Utf8Path;
use serde::Deserialize;

/// What an input's flake-parts module does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlakeModule {
    /// The options that it declares, at the top or in `perSystem`.
    options: BTreeSet<String>,
    /// The arguments that it gives to the modules in `perSystem`.
    #[serde(default)]
    pub(super) arguments: BTreeSet<String>,
    /// The flake outputs that it makes of them.
    pub(super) outputs: BTreeSet<String>,
    /// The options of other modules that it reads for that.
    #[serde(default)]
    reads_options: BTreeSet<String>,
    /// Whether it picks inputs of the flake by itself, whatever they are called.
    #[serde(default)]
    pub(super) reads_inputs: bool,
    /// Whether it reads outputs from the flake itself.
    #[serde(default)]
    pub(super) reads_self: bool,
}

/// By the name of the repository. The file is a part of the program, and a test reads it.
static KNOWN: LazyLock<BTreeMap<String, FlakeModule>> =
    LazyLock::new(|| serde_json::from_str(include_str!("known.json")).unwrap_or_default());

/// What is known of the flakeModules of a flake's inputs.
#[derive(Debug, Default)]
pub struct FlakeModules {
    by_input: BTreeMap<String, FlakeModule>,
}

impl FlakeModules {
    /// Adds the flakeModule of an input, if its source tells what it does, or if it is well known by the
    /// name of its repository. `read` gives the files of the source, where that is at hand.
    pub fn add(
        &mut self,
        input: &str,
        repository: Option<&str>,
        read: &dyn Fn(&Utf8Path) -> Option<Vec<u8>>,
    ) {
        let known = || KNOWN.get(&repository?.to_ascii_lowercase()).cloned();
        if let Some(module) = FlakeModule::read(read).or_else(known) {
            self.by_input.insert(input.to_owned(), module);
        }
    }

    /// Whether it is known what the flakeModule of an input does.
    #[must_use]
    pub fn knows(&self, input: &str) -> bool {
        self.by_input.contains_key(input)
    }

    /// That of an input.
    pub(super) fn of_input(&self, input: &str) -> Option<&FlakeModule> {
        self.by_input.get(input)
    }

    /// Those that declare an option.
    pub(super) fn declaring(&self, option: &str) -> impl Iterator<Item = &FlakeModule> {
        self.by_input.values().filter(move |module| module.options.contains(option))
    }

    /// Those that read an option of another module, or `flake.x`.
    pub(super) fn reading(&self, option: &str) -> impl Iterator<Item = &FlakeModule> {
        self.by_input.values().filter(move |module| module.reads_options.contains(option))
    }

    /// Those that read outputs from the flake itself.
    pub(super) fn reading_self(&self) -> impl Iterator<Item = &FlakeModule> {
        self.by_input.values().filter(|module| module.reads_self)
    }
}

impl FlakeModule {
    /// The options that it declares.
    pub(super) fn options(&self) -> impl Iterator<Item = &str> {
        self.options.iter().map(String::as_str)
    }
}
