//! One state of a flake, loaded by Nix, and what its outputs are.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::process::ExitStatusExt as _;

use camino::Utf8Path;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use serde::Deserialize;

use super::attr::{AttrPath, agrees, shown};
use super::derivation::hash_and_name;
use super::jobs::Jobs;
use super::message::{NOT_FETCHED, is_fetch_failure};
use super::nix::{Nix, ProveError};
use super::proof::Progress;
use super::store::Store;
use crate::tree::nar_hash;

/// Few enough paths for one command line.
const BATCH: usize = 400;

/// Where so many outputs cannot be fetched, nobody asks for more: the proof is incomplete anyway.
const UNREACHABLE: usize = 50;

/// When everything was modified, to Nix (seconds since 1970).
const DAY: i64 = 1;

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
    /// What derivations are evaluated by, if not by Nix itself.
    jobs: Option<&'a Jobs<'a>>,
    /// What tells the lines that say which path comes next from the flake's own.
    mark: u64,
}

/// What `outputs.nix` says.
#[derive(Deserialize)]
struct Described {
    source: String,
    leaves: Vec<Leaf>,
}

/// A part of the outputs, in the order of their paths.
#[derive(Clone, Copy, Default)]
struct Stretch<'s> {
    from: Option<&'s AttrPath>,
    until: Option<&'s AttrPath>,
    skip: &'s [AttrPath],
    /// Whether a download that fails is not tried again, because one has been in vain.
    once: bool,
}

/// Why an evaluation ended, and at which path if it came to any.
struct Failure {
    path: Option<AttrPath>,
    message: String,
}

/// Who listens how far Nix has come.
struct Watch<'p> {
    side: &'p str,
    /// How the line begins that says which path comes next.
    announced: String,
    /// The path that it is at.
    last: Option<AttrPath>,
    done: usize,
    of: Option<usize>,
    progress: &'p mut dyn FnMut(Progress),
}

impl Watch<'_> {
    fn begins(&mut self) {
        self.last = None;
        self.tells();
    }

    fn hears(&mut self, line: &str) {
        // What git says may stand before it.
        let Some((_, path)) = line.split_once(&self.announced) else { return };
        // A line that is cut for its length says no path. What fails there must not be taken for what came
        // before: that would hide what stands beside it.
        let Ok(path) = serde_json::from_str::<AttrPath>(path) else {
            self.last = None;
            return;
        };
        self.done += usize::from(self.last.as_ref().is_some_and(|last| !path.starts_with(last)));
        self.last = Some(path);
        self.tells();
    }

    fn tells(&mut self) {
        let attr = self.last.as_ref().map(|path| shown(path));
        (self.progress)(Progress::Evaluating {
            side: self.side.to_owned(),
            attr,
            done: self.done,
            of: self.of,
        });
    }
}

#[derive(Deserialize)]
struct Leaf {
    path: AttrPath,
    kind: String,
    value: String,
}

impl<'a> Side<'a> {
    /// The state in a folder, a copy. All sides get the same `lastModified`, so that outputs which use it
    /// do not differ for having been copied at another second.
    pub(super) fn new(
        nix: &'a Nix,
        name: &'a str,
        folder: &'a Utf8Path,
        systems: &'a [String],
    ) -> Result<Self, ProveError> {
        let nar_hash = nar_hash(folder)?;
        date(folder)?;
        let hash = nar_hash.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let url = format!("path:{folder}?lastModified={DAY}&narHash={hash}");
        let stored = OnceCell::new();
        let mark = RandomState::new().hash_one(folder);
        Ok(Side { mark, nix, name, folder, nixpkgs: url.clone(), url, nar_hash, stored, systems, jobs: None })
    }

    /// Its source.
    pub(super) fn source(&self) -> Source {
        let path = self.stored.get_or_init(|| {
            // Without its outputs, which may fail.
            let expr = format!(
                "(builtins.fetchTree {{ type = \"path\"; path = {}; narHash = {}; lastModified = {DAY}; }}).outPath",
                quoted(self.folder.as_str()),
                quoted(&self.nar_hash)
            );
            let output = self.nix.run(&["eval", "--raw", "--expr", &expr]).ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        });
        Source { path: path.clone(), nar_hash: self.nar_hash.clone() }
    }

    /// The same, with overlays applied to the nixpkgs of another side.
    pub(super) fn with_nixpkgs_of(self, other: &Side<'_>) -> Self {
        Side { nixpkgs: other.url.clone(), ..self }
    }

    /// The same, with derivations evaluated side by side where that can be.
    pub(super) fn by_jobs(self, jobs: &'a Jobs<'a>) -> Self {
        Side { jobs: Some(jobs), ..self }
    }

    /// Its locked reference, as Nix code.
    pub(super) fn literal(&self) -> String {
        quoted(&self.url)
    }

    /// The expression `outputs.nix` applied to a stretch of this side, with a selection behind it.
    fn query(&self, Stretch { from, until, skip, .. }: Stretch<'_>, selection: &str) -> String {
        let end = |path: Option<&AttrPath>| path.map_or("null".to_owned(), |path| list(path));
        format!(
            "({} {{ url = {}; systems = {}; nixpkgs = {}; system = {}; from = {}; until = {}; skip = {}; later = {}; mark = \"{}\"; }}){selection}",
            parenthesized(include_str!("outputs.nix")),
            quoted(&self.url),
            list(self.systems),
            quoted(&self.nixpkgs),
            quoted(&self.system()),
            end(from),
            end(until),
            lists(skip),
            self.jobs.is_some_and(Jobs::is_good),
            self.mark,
        )
    }

    /// The system that overlays are applied for.
    pub(super) fn system(&self) -> String {
        self.systems.first().cloned().unwrap_or_else(|| self.nix.system())
    }

    /// The store that its derivations lie in; `scratch` is an empty folder.
    pub(super) fn store(&self, derivations: &[&str], scratch: &Utf8Path) -> Result<Store, ProveError> {
        Store::with(self.nix, derivations, scratch)
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
        self.eval_with(&[], expr, told)
    }

    fn eval_with<T: serde::de::DeserializeOwned>(
        &self,
        options: &[&str],
        expr: &str,
        told: &mut dyn FnMut(&str),
    ) -> Result<Result<T, String>, ProveError> {
        let arguments = [&["eval", "--json", "--expr", expr], options].concat();
        let output = self.nix.run_told(&arguments, told)?;
        // One that crashed has not said why.
        if let Some(signal) = output.status.signal() {
            return Ok(Err(format!("nix ended with signal {signal}")));
        }
        if !output.status.success() {
            return Ok(Err(self.message(&output.stderr)));
        }
        parse(&output.stdout).map(Ok)
    }

    /// The names of what the flake gives.
    pub(super) fn top(&self) -> Result<Vec<String>, ProveError> {
        let names = self.eval(&self.query(Stretch::default(), ".names"), &mut |_| {})?;
        names.map_err(|message| self.unloadable(message))
    }

    fn unloadable(&self, message: String) -> ProveError {
        ProveError::Load { side: self.name.to_owned(), message }
    }

    /// Every output, or those among the chosen ones, by its path.
    pub(super) fn outputs(
        &self,
        chosen: &[AttrPath],
        of: Option<usize>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Values, ProveError> {
        let tops: Vec<String> = chosen.iter().filter_map(|path| path.first().cloned()).collect();
        let mut values = self.described(&format!(".whole {}", list(&tops)), of, progress)?;
        values.retain(|path, _| chosen.is_empty() || chosen.iter().any(|want| agrees(path, want)));
        Ok(values)
    }

    /// What lies below the paths.
    pub(super) fn values(
        &self,
        paths: &[AttrPath],
        of: Option<usize>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Values, ProveError> {
        let mut values = Values::new();
        for batch in paths.chunks(BATCH) {
            values.extend(self.described(&format!(".described {}", lists(batch)), of, progress)?);
        }
        Ok(values)
    }

    /// What lies below a selection. Some failures nothing catches, and they end the evaluation: then
    /// another one goes on behind the output that failed, and a last one gets what was before it.
    fn described(
        &self,
        selection: &str,
        of: Option<usize>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Values, ProveError> {
        let announced = format!("trace: flakepart{}: ", self.mark);
        let mut watch = Watch { side: self.name, announced, last: None, done: 0, of, progress };
        let mut values = Values::new();
        let mut unreachable = 0;
        // Where the stretch begins that is looked at, and what fails from there on.
        let mut begin: Option<AttrPath> = None;
        let mut failing: Vec<AttrPath> = Vec::new();
        let mut is_left = true;
        while is_left {
            let behind =
                Stretch { from: failing.last(), skip: &failing, once: unreachable > 0, ..Stretch::default() };
            match self.leaves(selection, behind, &mut watch)? {
                Ok(leaves) => {
                    values.extend(leaves);
                    is_left = false;
                }
                Err(failure) => {
                    unreachable += usize::from(is_fetch_failure(&failure.message));
                    failing.push(self.failed(failure, &mut values)?);
                }
            }
            if unreachable == UNREACHABLE {
                let message = format!("not looked at, as {UNREACHABLE} others {NOT_FETCHED}");
                values.insert(AttrPath::new(), Value::Fails(message));
                is_left = false;
            }
            while (!is_left || failing.len() >= BATCH) && failing.last() != begin.as_ref() {
                let (from, until) = (begin.as_ref(), failing.last());
                let ahead = Stretch { from, until, skip: &failing, once: false };
                match self.leaves(selection, ahead, &mut watch)? {
                    Ok(leaves) => {
                        values.extend(leaves);
                        begin = failing.pop();
                        failing = begin.iter().cloned().collect();
                    }
                    // It did not before.
                    Err(failure) => failing.insert(0, self.failed(failure, &mut values)?),
                }
            }
        }
        Ok(values)
    }

    /// Notes a failure. That of an output which failed before is one of the flake as a whole.
    fn failed(&self, failure: Failure, values: &mut Values) -> Result<AttrPath, ProveError> {
        match failure.path {
            Some(path) if !values.contains_key(&path) => {
                values.insert(path.clone(), Value::Fails(failure.message));
                Ok(path)
            }
            _ => Err(self.unloadable(failure.message)),
        }
    }

    /// The leaves of a stretch, or where Nix gave up.
    fn leaves(
        &self,
        selection: &str,
        stretch: Stretch<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Result<Values, Failure>, ProveError> {
        const ONCE: [&str; 3] = ["--option", "download-attempts", "1"];
        let options: &[&str] = if stretch.once { &ONCE } else { &[] };
        let query = self.query(stretch, selection);
        watch.begins();
        match self.eval_with::<Described>(options, &query, &mut |line| watch.hears(line))? {
            Ok(described) => {
                self.stored.get_or_init(|| Some(described.source));
                self.known(described.leaves, watch).map(Ok)
            }
            Err(message) => Ok(Err(Failure { path: watch.last.take(), message })),
        }
    }

    /// What Nix has described.
    fn known(&self, leaves: Vec<Leaf>, watch: &mut Watch<'_>) -> Result<Values, ProveError> {
        let mut values = Values::new();
        let (jobs, leaves): (Vec<Leaf>, _) = leaves.into_iter().partition(|leaf| leaf.kind == "job");
        let jobs: Vec<(AttrPath, String)> = jobs.into_iter().map(|leaf| (leaf.path, leaf.value)).collect();
        for batch in jobs.chunks(BATCH) {
            values.extend(self.derivations(batch, watch)?);
        }
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

    /// Derivations that were left for later, with what stands behind each.
    fn derivations(&self, jobs: &[(AttrPath, String)], watch: &mut Watch<'_>) -> Result<Values, ProveError> {
        let (paths, selected): (Vec<AttrPath>, Vec<&String>) =
            jobs.iter().map(|(path, selected)| (path.clone(), selected)).unzip();
        let query = self.query(Stretch::default(), &format!(".jobs {}", lists(&paths)));
        let results = match self.jobs {
            Some(jobs) if jobs.is_good() => jobs.derivations(&query, paths.len())?,
            _ => None,
        };
        let Some(results) = results else { return self.values(&paths, watch.of, watch.progress) };
        let values = results.into_iter().zip(selected).map(|(result, selected)| match result {
            Ok(derivation) => Value::Is(derivation + selected),
            Err(error) => Value::Fails(self.message(error.as_bytes())),
        });
        Ok(paths.into_iter().zip(values).collect())
    }

    /// What Nix says of an error.
    fn message(&self, stderr: &[u8]) -> String {
        let message = self.nix.essence(stderr, self.source().path.as_deref());
        message.replace(self.folder.as_str(), self.name)
    }

    fn thrown(&self, path: &AttrPath) -> Result<Value, ProveError> {
        // Forced as far as describing it would: what it throws, it throws again.
        let forced = self.query(Stretch::default(), &format!(".forced {}", list(path)));
        Ok(match self.eval::<Vec<Leaf>>(&forced, &mut |_| {})? {
            Err(message) => Value::Fails(message),
            Ok(_) => Value::Fails("it throws".to_owned()),
        })
    }
}

/// Dates all that is in a folder as its reference says: Nix 2.8 compares them.
fn date(folder: &Utf8Path) -> io::Result<()> {
    let time = Timespec { tv_sec: DAY, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.symlink_metadata()?.is_dir() {
            for entry in path.read_dir_utf8()? {
                open.push(entry?.into_path());
            }
        }
        utimensat(CWD, path.as_std_path(), &times, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
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

fn lists(paths: &[AttrPath]) -> String {
    let lists: Vec<String> = paths.iter().map(|path| list(path)).collect();
    format!("[ {} ]", lists.join(" "))
}

/// A Nix string literal. A carriage return as it is would be a line feed to Nix.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('\r', "\\r");
    format!("\"{text}\"")
}

fn parenthesized(expr: &str) -> String {
    format!("(\n{expr})")
}
