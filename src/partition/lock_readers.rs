//! Code that reads a lock by itself, as `default.nix` does for flake-compat: it finds nodes by their keys,
//! and a split moves or renumbers them (facts: 18 of 70 repositories do so). Where all that it takes is to
//! be found again in one lock, it reads that one from now on.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Files, Flake};
use crate::finding::{Code, Finding, Level};
use crate::lock::{Attrs, Edge, Lock};
use crate::nix::{LockRead, Source, Taken, joined, relative};

/// Has the code that reads a lock in the flake `before` find the same `after`, within `files`; gives what
/// was done, and what could not be.
pub(super) fn follow_locks(before: &Flake, after: &Flake, files: &mut Files) -> Vec<Finding> {
    let (were, are) = (before.locks(), after.locks());
    let mut findings = Vec::new();
    for (path, source) in after.project.sources() {
        // What another change has made of a file, it made for what there is then.
        let known = before.project.source(path).map(Source::lock_reads);
        let is_old = |read: &LockRead<'_>| known.iter().flatten().any(|known| known.is_like(read));
        for read in source.lock_reads() {
            if known.is_some() && !is_old(&read) {
                continue;
            }
            let at = read.path.map_or(Some("flake.lock".into()), |written| joined(path, written));
            let Some((at, was)) = at.and_then(|at| Some((were.get(&at)?, at))).map(|(was, at)| (at, *was))
            else {
                continue;
            };
            let reader = Reader { path, source, read: &read, at: &at, was };
            let Some(gone) = reader.misses(are.get(&at).copied()) else { continue };
            let message = format!("{path} reads {at}, in which the node `{gone}` moves");
            let finding = Finding::new(Code::LockRead, message).at(path, Some(read.line));
            findings.push(match reader.found(&are) {
                Some((lock, text)) => {
                    files.insert(path.to_owned(), text.into_bytes());
                    let help = match lock == at {
                        true => "it finds it by its new key from now on".to_owned(),
                        false => format!("it reads {lock} from now on"),
                    };
                    Finding { level: Level::Note, ..finding }.help(help)
                }
                None => {
                    let where_to = reader.places(&are);
                    finding.help(format!("look whether it still finds what it needs{where_to}"))
                }
            });
        }
    }
    findings
}

impl Flake {
    /// All locks, by path.
    fn locks(&self) -> BTreeMap<Utf8PathBuf, &Lock> {
        let nested = self.partitions.values().filter_map(|partition| {
            Some((partition.folder.as_ref()?.join("flake.lock"), partition.lock.as_deref()?))
        });
        nested.chain([("flake.lock".into(), &*self.lock)]).collect()
    }
}

/// A place that reads a lock.
struct Reader<'a> {
    path: &'a Utf8Path,
    source: &'a Source,
    read: &'a LockRead<'a>,
    /// The lock that it names, and what that was.
    at: &'a Utf8Path,
    was: &'a Lock,
}

impl<'a> Reader<'a> {
    /// What it does not find any more in the lock that it names.
    fn misses(&self, is: Option<&Lock>) -> Option<String> {
        if let Some(takes) = &self.read.takes {
            let missing = |taken: &&Taken<'_>| {
                let old = locked(self.was, **taken);
                old.is_some() && is.and_then(|is| locked(is, **taken)) != old
            };
            return takes.iter().find(missing).map(|taken| name(*taken).to_owned());
        }
        // It may take any node that it names.
        let gone = |key: &str| {
            let other = is.and_then(|is| is.nodes.get(key));
            let old = self.was.nodes.get(key).filter(|_| key != self.was.root.as_str());
            old.is_some_and(|old| other.is_none_or(|other| other.locked != old.locked))
        };
        let text = self.source.text();
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '\'')));
        words.find_map(|word| nodes_in(word).find(|key| gone(key))).map(str::to_owned)
    }

    /// The lock in which all is that it takes, and its text when it reads that: the one that it names, if
    /// possible; another one only where none of it stays there, which others would update together.
    fn found(&self, locks: &BTreeMap<Utf8PathBuf, &'a Lock>) -> Option<(Utf8PathBuf, String)> {
        let takes = self.read.takes.as_ref()?;
        let named = locks.iter().filter(|(path, _)| *path == self.at);
        let is_there = |taken: &Taken<'_>| {
            let old = locked(self.was, *taken);
            old.zip(locks.get(self.at)).is_some_and(|(old, lock)| key_of(lock, old).is_some())
        };
        let any_stays = takes.iter().any(is_there);
        let others = locks.iter().filter(|(path, _)| *path != self.at && !any_stays);
        named.chain(others).find_map(|(path, lock)| {
            let keys = self.keys(takes, lock)?;
            let written = relative(self.path, path);
            let text = self.source.read_lock_at(self.read, &written, &keys).apply(self.source.text());
            Some((path.clone(), text))
        })
    }

    /// The keys that the nodes have in a lock, if all are there that are taken.
    fn keys(&self, takes: &BTreeSet<Taken<'a>>, lock: &'a Lock) -> Option<BTreeMap<&'a str, &'a str>> {
        let mut keys = BTreeMap::new();
        for taken in takes {
            let old = locked(self.was, *taken)?;
            if locked(lock, *taken) == Some(old) {
                continue;
            }
            let Taken::Node(key) = taken else { return None };
            keys.insert(*key, key_of(lock, old)?);
        }
        Some(keys)
    }

    /// Where each thing is that it takes.
    fn places(&self, locks: &BTreeMap<Utf8PathBuf, &Lock>) -> String {
        let takes = self.read.takes.iter().flatten();
        let places: Vec<String> = takes
            .filter_map(|taken| {
                let old = locked(self.was, *taken)?;
                let (path, key) = locks.iter().find_map(|(path, lock)| Some((path, key_of(lock, old)?)))?;
                Some(format!("`{}` is `{key}` of {path}", name(*taken)))
            })
            .collect();
        if places.is_empty() { String::new() } else { format!(": {}", places.join(", ")) }
    }
}

fn name(taken: Taken<'_>) -> &str {
    match taken {
        Taken::Node(name) | Taken::Input(name) => name,
    }
}

/// What is taken out of a lock.
fn locked<'a>(lock: &'a Lock, taken: Taken<'_>) -> Option<&'a Attrs> {
    let key = match taken {
        Taken::Node(key) => key,
        Taken::Input(input) => match lock.root_inputs().get(input)? {
            Edge::Node(key) => key.as_str(),
            Edge::Follows(_) => return None,
        },
    };
    lock.nodes.get(key)?.locked.as_ref()
}

/// The first node that is locked to this.
fn key_of<'a>(lock: &'a Lock, locked: &Attrs) -> Option<&'a str> {
    let mut nodes = lock.nodes.iter();
    nodes.find(|(_, node)| node.locked.as_ref() == Some(locked)).map(|(key, _)| key.as_str())
}

/// The nodes that a path of attributes may name. `root.inputs.x` asks the lock which node that is.
fn nodes_in(path: &str) -> impl Iterator<Item = &str> {
    let names = path.split('.');
    let before = std::iter::once("").chain(names.clone());
    names.zip(before).filter(|(_, before)| *before != "inputs").map(|(name, _)| name)
}
