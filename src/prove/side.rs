//! One state of a flake, loaded by Nix, and what its outputs are.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::attr::{AttrPath, agrees};
use super::derivation::hash_and_name;
use super::message::essence;
use super::nix::{Nix, ProveError};
use super::proof::Progress;
use crate::tree::nar_hash;

/// Few enough paths for one command line.
const BATCH: usize = 400;

/// How `outputs.nix` begins the line that says which output it comes to.
const ANNOUNCED: &str = "trace: flakepart: ";

/// Outputs, by their path.
pub(super) type Values = BTreeMap<AttrPath, Value>;

/// What an output is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// What compares equal when the output is the same: a drvPath, a program, a shape.
    Is(String),
    /// It does not evaluate, and why.
    Fails(String),
    /// It is not compared, and why. What shows of it all the same may not differ.
    Skipped { why: String, shape: String },
}

/// A flake's source.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Where Nix put it in its store.
    pub(super) path: Option<String>,
    pub(super) nar_hash: String,
}

impl Source {
    /// The hash in its store path.
    pub(super) fn store_hash(&self) -> Option<&str> {
        hash_and_name(self.path.as_deref()?).map(|(hash, _)| hash)
    }
}

/// One state of a flake.
pub(super) struct Side<'a> {
    nix: &'a Nix,
    pub(super) name: &'a str,
    folder: &'a Utf8Path,
    /// A locked reference, so that Nix evaluates it purely.
    url: String,
    nar_hash: String,
    /// Where Nix put it in its store, once somebody asked.
    stored: OnceCell<Option<String>>,
    pub(super) systems: &'a [String],
    /// The flake whose nixpkgs overlays are applied to.
    nixpkgs: String,
}

#[derive(Deserialize)]
struct Whole {
    source: String,
    leaves: Vec<Leaf>,
}

#[derive(Deserialize)]
struct Leaf {
    path: AttrPath,
    kind: String,
    value: String,
}

impl<'a> Side<'a> {
    /// The state in a folder. All sides get the same `lastModified`, so that outputs which use it do not
    /// differ for having been copied at another second.
    pub(super) fn new(
        nix: &'a Nix,
        name: &'a str,
        folder: &'a Utf8Path,
        systems: &'a [String],
    ) -> Result<Self, ProveError> {
        let nar_hash = nar_hash(folder)?;
        let hash = nar_hash.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let url = format!("path:{folder}?lastModified=1&narHash={hash}");
        let stored = OnceCell::new();
        Ok(Side { nix, name, folder, nixpkgs: url.clone(), url, nar_hash, stored, systems })
    }

    /// Its source.
    pub(super) fn source(&self) -> Source {
        let path = self.stored.get_or_init(|| {
            let expr = format!("(builtins.getFlake {}).outPath", self.literal());
            let output = self.nix.run(&["eval", "--raw", "--expr", &expr]).ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        });
        Source { path: path.clone(), nar_hash: self.nar_hash.clone() }
    }

    /// The same, with overlays applied to the nixpkgs of another side.
    pub(super) fn with_nixpkgs_of(self, other: &Side<'_>) -> Self {
        Side { nixpkgs: other.url.clone(), ..self }
    }

    /// Its locked reference, as Nix code.
    pub(super) fn literal(&self) -> String {
        quoted(&self.url)
    }

    /// The expression `outputs.nix` applied to this side, with a selection behind it.
    fn query(&self, selection: &str) -> String {
        let systems: Vec<String> = self.systems.iter().map(|system| quoted(system)).collect();
        format!(
            "({} {{ url = {}; systems = [ {} ]; nixpkgs = {}; system = {}; }}){selection}",
            parenthesized(include_str!("outputs.nix")),
            quoted(&self.url),
            systems.join(" "),
            quoted(&self.nixpkgs),
            quoted(&self.system()),
        )
    }

    /// The system that overlays are applied for.
    pub(super) fn system(&self) -> String {
        self.systems.first().cloned().unwrap_or_else(|| self.nix.system())
    }

    /// Where its derivations lie.
    pub(super) fn store_root(&self) -> Utf8PathBuf {
        self.nix.store_root()
    }

    /// An expression for an output of this side.
    pub(super) fn output(&self, path: &[String]) -> String {
        let path: Vec<String> = path.iter().map(|name| quoted(name)).collect();
        format!("(builtins.getFlake {}).outputs.{}", quoted(&self.url), path.join("."))
    }

    /// Evaluates an expression to JSON; the inner error is Nix's.
    pub(super) fn eval<T: serde::de::DeserializeOwned>(
        &self,
        expr: &str,
        told: &mut dyn FnMut(&str),
    ) -> Result<Result<T, String>, ProveError> {
        let output = self.nix.run_told(&["eval", "--json", "--expr", expr], told)?;
        if !output.status.success() {
            let message = essence(&String::from_utf8_lossy(&output.stderr), self.source().path.as_deref());
            return Ok(Err(message.replace(self.folder.as_str(), self.name)));
        }
        parse(&output.stdout).map(Ok)
    }

    fn names(&self, path: &[String]) -> Result<Result<Option<Vec<String>>, String>, ProveError> {
        self.eval(&self.query(&format!(".names {}", list(path))), &mut |_| {})
    }

    fn describe(
        &self,
        paths: &[AttrPath],
        told: &mut dyn FnMut(&str),
    ) -> Result<Result<Vec<Leaf>, String>, ProveError> {
        let paths: Vec<String> = paths.iter().map(|path| list(path)).collect();
        self.eval(&self.query(&format!(".describe [ {} ]", paths.join(" "))), told)
    }

    /// The names of what the flake gives.
    pub(super) fn top(&self) -> Result<Vec<String>, ProveError> {
        match self.names(&[])? {
            Ok(names) => Ok(names.unwrap_or_default()),
            Err(message) => Err(ProveError::Load { side: self.name.to_owned(), message }),
        }
    }

    /// Every output, or those among the chosen ones, by its path.
    pub(super) fn outputs(
        &self,
        chosen: &[AttrPath],
        of: Option<usize>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Values, ProveError> {
        let tops: Vec<String> = chosen.iter().filter_map(|path| path.first().cloned()).collect();
        let whole = self.query(&format!(".whole {}", list(&tops)));
        let evaluated = self.eval::<Whole>(&whole, &mut self.watched(0, of, progress))?;
        let mut values = match evaluated {
            Ok(whole) => {
                self.stored.get_or_init(|| Some(whole.source));
                self.known(whole.leaves)?
            }
            Err(_) => {
                // One of them fails in a way that nothing catches.
                let mut paths: Vec<AttrPath> = self.top()?.into_iter().map(|name| vec![name]).collect();
                paths.retain(|path| tops.is_empty() || path.first().is_some_and(|name| tops.contains(name)));
                let second = paths.split_off(paths.len() / 2);
                self.explored(vec![second, paths], of, progress)?
            }
        };
        values.retain(|path, _| chosen.is_empty() || chosen.iter().any(|want| agrees(path, want)));
        Ok(values)
    }

    /// What lies below the paths.
    pub(super) fn values(
        &self,
        paths: Vec<AttrPath>,
        of: Option<usize>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Values, ProveError> {
        let batches = paths.chunks(BATCH).rev().map(<[_]>::to_vec).collect();
        self.explored(batches, of, progress)
    }

    /// What lies below the paths of some batches. All of a batch go into one evaluation; where that fails,
    /// into smaller ones, until the output that fails stands alone.
    fn explored(
        &self,
        mut batches: Vec<Vec<AttrPath>>,
        of: Option<usize>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Values, ProveError> {
        let mut values = Values::new();
        while let Some(batch) = batches.pop() {
            let described = self.describe(&batch, &mut self.watched(values.len(), of, progress))?;
            match (described, batch.as_slice()) {
                (Ok(leaves), _) => values.extend(self.known(leaves)?),
                (Err(_), [_, _, ..]) => {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    batches.push(second.to_vec());
                    batches.push(first.to_vec());
                }
                (Err(message), [path]) => match self.names(path)? {
                    Ok(Some(names)) if !names.is_empty() => {
                        let below = names.into_iter().map(|name| [path.as_slice(), &[name]].concat());
                        batches.push(below.collect());
                    }
                    _ => {
                        values.insert(path.clone(), Value::Fails(message));
                    }
                },
                (Err(_), []) => {}
            }
        }
        Ok(values)
    }

    /// What Nix has described.
    fn known(&self, leaves: Vec<Leaf>) -> Result<Values, ProveError> {
        let mut values = Values::new();
        for leaf in leaves {
            let value = match leaf.kind.as_str() {
                "skipped" => Value::Skipped { why: leaf.value, shape: String::new() },
                "function" => function(leaf.value)?,
                // tryEval hides the message; asked alone, it shows.
                "thrown" => self.thrown(&leaf.path)?,
                "derivation" => Value::Is(leaf.value),
                kind => Value::Is(format!("{kind} {}", leaf.value).trim_end().to_owned()),
            };
            values.insert(leaf.path, value);
        }
        Ok(values)
    }

    /// Tells how far Nix has come by the lines that it says, beginning now.
    fn watched<'p>(
        &self,
        mut done: usize,
        of: Option<usize>,
        progress: &'p mut dyn FnMut(Progress),
    ) -> impl FnMut(&str) + use<'p> {
        let side = self.name.to_owned();
        progress(Progress::Evaluating { side: side.clone(), attr: None, done, of });
        move |line| {
            if let Some(attr) = line.strip_prefix(ANNOUNCED) {
                progress(Progress::Evaluating { side: side.clone(), attr: Some(attr.to_owned()), done, of });
                done += 1;
            }
        }
    }

    fn thrown(&self, path: &AttrPath) -> Result<Value, ProveError> {
        // Forced as far as describing it would: what it throws, it throws again.
        Ok(match self.describe(std::slice::from_ref(path), &mut |_| {})? {
            Err(message) => Value::Fails(message),
            Ok(_) => Value::Fails("it throws".to_owned()),
        })
    }
}

fn parse<T: serde::de::DeserializeOwned>(stdout: &[u8]) -> Result<T, ProveError> {
    serde_json::from_slice(stdout).map_err(|error| ProveError::Answer { what: error.to_string() })
}

/// What shows of a function without its arguments.
fn function(shape: String) -> Result<Value, ProveError> {
    #[derive(Deserialize)]
    struct Shape {
        takes: BTreeMap<String, bool>,
        gives: Option<serde_json::Value>,
    }
    let Shape { takes, gives } = parse(shape.as_bytes())?;
    let why = match (takes.is_empty(), gives) {
        (_, Some(_)) => "a function, but for its arguments and the names in what it gives",
        (false, None) => "a function, but for its arguments",
        (true, None) => "a function",
    };
    Ok(Value::Skipped { why: why.to_owned(), shape })
}

fn list(path: &[String]) -> String {
    let names: Vec<String> = path.iter().map(|name| quoted(name)).collect();
    format!("[ {} ]", names.join(" "))
}

/// A Nix string literal.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
}

fn parenthesized(expr: &str) -> String {
    format!("(\n{expr})")
}
