//! A flake.nix that flake-file generates from what modules say (`flake-file.inputs`).
//!
//! flake-file writes an entry for each input, in order of their names, and nothing else of the file speaks of
//! them. So a flake.nix without an input is the old one without its entry, to the byte, as long as the
//! modules do not say anything of that input any more. Whether all of them are seen shows in that flake.nix
//! says nothing that they do not.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::{Files, Flake};
use crate::nix::{Declarations, Declared, Source};

impl Flake {
    /// Whether flake.nix is generated, and from what this flake's modules say.
    pub(super) fn is_from_modules(&self) -> bool {
        self.flake_nix.generated().is_some() && self.declared_in_modules().next().is_some()
    }

    /// Whether the modules say all that flake.nix says of an input.
    pub(super) fn is_declared_in_modules(&self, input: &str) -> bool {
        let said: BTreeSet<(Vec<&str>, &str)> = self
            .declared_in_modules()
            .filter(|said| said.input == input)
            .map(|said| (said.path, said.value))
            .collect();
        let declaration = self.declarations.inputs.get(input);
        declaration.is_some_and(|declaration| {
            declaration.settings.iter().all(|setting| {
                let path = setting.path.iter().map(String::as_str).collect();
                said.contains(&(path, setting.string.as_deref().unwrap_or(&setting.text)))
            })
        })
    }

    fn declared_in_modules(&self) -> impl Iterator<Item = Declared<'_>> {
        self.project.modules().flat_map(|(_, source, is_flake)| source.declared(is_flake))
    }

    /// Takes out of the modules what they say of `inputs` for flake-file; gives whether they say anything.
    pub(super) fn undeclared(&self, inputs: &[String], files: &mut Files) -> bool {
        let names = inputs.iter().map(String::as_str).collect();
        let mut any = false;
        for (path, source, is_flake) in self.project.modules() {
            let text = source.undeclare(is_flake, &names).apply(source.text());
            if text != source.text() {
                files.insert(path.to_owned(), text.into_bytes());
                any = true;
            }
        }
        any
    }
}

/// The modules of a flake without what they have flake-file declare and the flake.nix of another state of it
/// does not: flake-file then would write the same inputs in both.
#[must_use]
pub fn without_declarations(files: &Files, others: &Files) -> Files {
    let inputs = |files: &Files| -> Option<BTreeSet<String>> {
        let source = Source::parse(files.get(Utf8Path::new("flake.nix"))?).ok()?;
        Some(Declarations::read(&source).ok()?.inputs.into_keys().collect())
    };
    let (Some(own), Some(other)) = (inputs(files), inputs(others)) else { return Files::new() };
    let names: BTreeSet<&str> = own.difference(&other).map(String::as_str).collect();
    let modules = files.iter().filter(|(path, bytes)| {
        let is_code = !names.is_empty() && path.extension() == Some("nix");
        is_code && String::from_utf8_lossy(bytes).contains("flake-file")
    });
    let undeclared = modules.filter_map(|(path, bytes)| {
        let source = Source::parse(bytes).ok()?;
        let text = source.undeclare(path == "flake.nix", &names).apply(source.text());
        (text != source.text()).then(|| (path.clone(), text.into_bytes()))
    });
    undeclared.collect()
}
