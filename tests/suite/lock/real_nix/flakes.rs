//! What flakes declare, and how it reads once inputs move.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The inputs of one flake.
#[derive(Clone, Default)]
pub struct Declarations(pub BTreeMap<String, Input>);

/// An input as a flake declares it.
#[derive(Clone)]
pub struct Input {
    pub source: Source,
    pub flake: bool,
    /// What the flake says about inputs below it: their path from it, and where they come from.
    pub overrides: BTreeMap<Vec<String>, Source>,
}

/// Where an input comes from.
#[derive(Clone)]
pub enum Source {
    Url(String),
    Follows(Vec<String>),
}

impl Source {
    fn declared(&self) -> String {
        match self {
            Source::Url(url) => format!("url = {};", quoted(url)),
            Source::Follows(path) => format!("follows = {};", quoted(&path.join("/"))),
        }
    }

    /// The first name of what it follows given anew.
    fn renamed(&self, rename: &impl Fn(&str) -> String) -> Source {
        match self {
            Source::Follows(path) => {
                let mut path = path.clone();
                if let Some(first) = path.first_mut() {
                    *first = rename(first);
                }
                Source::Follows(path)
            }
            Source::Url(_) => self.clone(),
        }
    }
}

impl Input {
    /// Whether its path is relative to the flake that declares it.
    pub fn is_relative(&self) -> bool {
        matches!(&self.source, Source::Url(url) if url.starts_with("path:."))
    }
}

impl Declarations {
    /// As flake.nix.
    pub fn text(&self) -> String {
        let mut text = "{\n".to_owned();
        for (name, input) in &self.0 {
            let at = format!("  inputs.{}", quoted(name));
            writeln!(text, "{at}.{}", input.source.declared()).unwrap();
            if !input.flake {
                writeln!(text, "{at}.flake = false;").unwrap();
            }
            for (path, source) in &input.overrides {
                let path: String = path.iter().map(|name| format!(".inputs.{}", quoted(name))).collect();
                writeln!(text, "{at}{path}.{}", source.declared()).unwrap();
            }
        }
        text + "  outputs = _: { };\n}\n"
    }

    /// What stays when these inputs go.
    pub fn without(&self, names: &[&str]) -> Declarations {
        let stays = self.0.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        Declarations(stays.map(|(name, input)| (name.clone(), input.clone())).collect())
    }

    /// What a nested flake declares that has just these inputs, besides some under an alias.
    pub fn nested(&self, names: &[&str], aliases: &BTreeMap<String, String>) -> Declarations {
        let rename = |name: &str| aliases.get(name).map_or(name, String::as_str).to_owned();
        let taken = names.iter().copied().chain(aliases.keys().map(String::as_str));
        let inputs = taken.map(|name| {
            let input = &self.0[name];
            let overrides = input.overrides.iter();
            let overrides = overrides.map(|(path, source)| (path.clone(), source.renamed(&rename)));
            let input = Input {
                source: input.source.renamed(&rename),
                flake: input.flake,
                overrides: overrides.collect(),
            };
            (rename(name), input)
        });
        Declarations(inputs.collect())
    }
}

/// A string literal of Nix. What has no escape there stands raw.
fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for char in text.chars() {
        match char {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' | '$' => out.extend(['\\', char]),
            char => out.push(char),
        }
    }
    out + "\""
}
