//! Names of outputs that a person gives: outputs are not evaluated, so that a wrong one can only be guessed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Files, Outline};
use crate::finding::{Code, Finding};
use crate::suggest::closest;

/// The outputs that Nix, or tools that many flakes use, know by name (Nix: `flake.cc`, `checkOutput`).
const KNOWN: [&str; 30] = [
    "apps",
    "bundlers",
    "checks",
    "darwinConfigurations",
    "darwinModules",
    "defaultApp",
    "defaultBundler",
    "defaultPackage",
    "defaultTemplate",
    "devShell",
    "devShells",
    "flakeModule",
    "flakeModules",
    "formatter",
    "herculesCI",
    "homeConfigurations",
    "homeManagerModules",
    "homeModules",
    "hydraJobs",
    "legacyPackages",
    "lib",
    "modules",
    "nixosConfigurations",
    "nixosModule",
    "nixosModules",
    "overlay",
    "overlays",
    "packages",
    "schemas",
    "templates",
];

/// What to say of `attrs` that are to be routed although nobody knows them and no Nix file says them. They
/// may be right all the same: the flakeModule of an input defines what it likes.
#[must_use]
pub fn unknown_attrs(files: &Files, attrs: &[String]) -> Vec<Finding> {
    let mut unknown: BTreeSet<&str> = attrs.iter().map(String::as_str).collect();
    for known in KNOWN {
        unknown.remove(known);
    }
    for text in texts(files) {
        for word in words(&text) {
            unknown.remove(word);
        }
    }
    let finding = |attr: &str| {
        let meant = match closest(attr, &KNOWN) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "right if the flakeModule of an input defines it; leave it out otherwise".to_owned(),
        };
        let message = format!("Nix knows no output `{attr}`, and no code of this flake names it");
        Finding::new(Code::AttrUnknown, message).help(meant)
    };
    unknown.into_iter().map(finding).collect()
}

/// The routed outputs that are like one that Nix knows, and that nothing else in the flake's code names.
pub(super) fn misspelled(flake: &Outline, files: &Files) -> Vec<Finding> {
    let unknown = flake.routed.iter().filter(|(attr, _)| !KNOWN.contains(&attr.as_str()));
    let misspelled = unknown.filter_map(|(attr, (_, module, line))| {
        let meant = closest(attr, &KNOWN)?;
        let named = |text: Cow<'_, str>| words(&text).filter(|word| word == attr).count();
        // Once is where it is routed.
        (texts(files).map(named).sum::<usize>() == 1).then(|| {
            let message = format!("Nix knows no output `{attr}`, and no other code of this flake names it");
            Finding::new(Code::AttrUnknown, message)
                .at(module.clone(), Some(*line))
                .help(format!("did you mean `{meant}`?"))
        })
    });
    misspelled.collect()
}

/// The text of every Nix file.
pub(super) fn texts(files: &Files) -> impl Iterator<Item = Cow<'_, str>> {
    let code = files.iter().filter(|(path, _)| path.extension() == Some("nix"));
    code.map(|(_, bytes)| String::from_utf8_lossy(bytes))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '\'')))
}
