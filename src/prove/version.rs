//! Which Nix it is, and what flakes may use that it does not have.

use std::fmt;

use serde::Serialize;

/// The programs that go by the name of `nix`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Implementation {
    /// The original.
    Nix,
    /// Lix, which went its own way after Nix 2.18.
    Lix,
    /// Determinate Nix, which follows Nix and has releases of its own.
    Determinate,
}

/// A release as (major, minor).
type Release = (u32, u32);

/// What `nix --version` says.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// `nix (Nix) 2.26.3`, `nix (Lix, like Nix) 2.91.1` or `nix (Determinate Nix 3.6.2) 2.29.0`.
    pub(super) line: String,
    pub(super) implementation: Implementation,
}

/// What flakes use that not every Nix has.
struct Feature {
    /// What Nix says without it.
    says: fn(&str) -> bool,
    name: &'static str,
    nix: Release,
    lix: Option<Release>,
}

const FEATURES: [Feature; 5] = [
    Feature {
        says: |message| message.starts_with("attribute 'convertHash' missing"),
        name: "builtins.convertHash",
        nix: (2, 19),
        lix: None,
    },
    Feature {
        says: |message| message.starts_with("attribute 'readFileType' missing"),
        name: "builtins.readFileType",
        nix: (2, 14),
        lix: Some((2, 90)),
    },
    Feature {
        says: |message| message.starts_with("attribute 'warn' missing"),
        name: "builtins.warn",
        nix: (2, 23),
        lix: Some((2, 95)),
    },
    Feature {
        says: |message| message.starts_with("unexpected flake input attribute 'submodules'"),
        name: "inputs.self.submodules",
        nix: (2, 27),
        lix: Some((2, 94)),
    },
    Feature {
        // Nix 2.8 writes one word, and newer ones call it unlocked.
        says: |message| {
            message.contains("uses a relative path")
                || ["contains mutable lock", "contains unlocked input"].iter().any(|it| message.contains(it))
                    && message.contains("\"path\":\".")
        },
        name: "inputs in folders of the flake itself",
        nix: (2, 26),
        lix: None,
    },
];

impl Version {
    pub(super) fn read(line: String) -> Version {
        let implementation = if line.contains("(Lix") {
            Implementation::Lix
        } else if line.contains("(Determinate") {
            Implementation::Determinate
        } else {
            Implementation::Nix
        };
        Version { line, implementation }
    }

    /// The release, where the version says so; that of the Nix which Determinate follows.
    pub(super) fn release(&self) -> Option<Release> {
        release(number(&self.line)?)
    }

    /// What a message comes to where it speaks of something that this Nix does not have.
    pub(super) fn lacks(&self, message: &str) -> Option<String> {
        let feature = FEATURES.iter().find(|feature| (feature.says)(message))?;
        let name = feature.name;
        let (called, since) = match self.implementation {
            Implementation::Lix => ("Lix", feature.lix),
            Implementation::Nix | Implementation::Determinate => ("Nix", Some(feature.nix)),
        };
        match since {
            None => Some(format!("{called} has no {name}")),
            Some((major, minor)) => self
                .release()
                .is_some_and(|release| release < (major, minor))
                .then(|| format!("{name} takes {called} {major}.{minor}")),
        }
    }

    /// Settings under which it evaluates as Nix does: the paths of a flake's source are those in the
    /// store, and what it evaluates and says comes in one order.
    pub(super) fn settings(&self) -> &'static [&'static str] {
        match self.implementation {
            Implementation::Determinate => {
                &["--option", "lazy-trees", "false", "--option", "eval-cores", "1"]
            }
            Implementation::Nix | Implementation::Lix => &[],
        }
    }
}

/// As people call it: `Nix 2.26.3`, `Lix 2.91.1`, `Determinate Nix 3.6.2 (Nix 2.29.0)`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(number) = number(&self.line) else { return f.write_str(&self.line) };
        let own = self.line.split_once("(Determinate Nix ").and_then(|(_, rest)| rest.split_once(')'));
        match (self.implementation, own) {
            (Implementation::Determinate, Some((own, _))) => {
                write!(f, "Determinate Nix {own} (Nix {number})")
            }
            (Implementation::Lix, _) => write!(f, "Lix {number}"),
            _ => write!(f, "Nix {number}"),
        }
    }
}

/// The last word that begins as a number does.
fn number(line: &str) -> Option<&str> {
    line.split_whitespace().rev().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

fn release(number: &str) -> Option<Release> {
    let mut parts = number.split('.');
    // 2.96 may still be 2.96pre or 2.96-dev.
    let digits = |part: &str| part.split(|c: char| !c.is_ascii_digit()).next().and_then(|it| it.parse().ok());
    Some((digits(parts.next()?)?, digits(parts.next()?)?))
}
