//! Where two derivations begin to differ: the first one among those that they need, and what of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::alike::{Alike, derivations};
use super::derivation::{Derivation, hash_and_name};

/// So much of a value is shown (characters).
const SHOWN: usize = 60;

/// What the first difference is between an output before and after, in one sentence; nothing where they
/// name no derivations that can be read.
pub(super) fn first(alike: &mut Alike<'_>, before: &str, after: &str) -> Option<String> {
    let mut pairs = derivations(before).zip(derivations(after));
    let Some((was, is)) = pairs.find(|(was, is)| was != is) else {
        // The same derivation, of which another program runs or another output is taken.
        let program = |output: &'_ str| Some(output.strip_prefix("app ")?.split(' ').next()?.to_owned());
        if let Some((before, after)) = program(before).zip(program(after)) {
            return Some(format!("the program {}", turned(&before, &after)));
        }
        let selected = |output: &'_ str| output.split_once(' ').map_or("first", |(_, name)| name).to_owned();
        let name = name_of(derivations(before).next()?);
        return Some(format!("{name}: the output {}", turned(&selected(before), &selected(after))));
    };
    if name_of(was) != name_of(is) {
        return Some(format!("{} gave way to {}", name_of(was), name_of(is)));
    }
    let (mut was, mut is) = (was.to_owned(), is.to_owned());
    let mut way = Vec::new();
    let mut seen = HashSet::new();
    while seen.insert(was.clone()) {
        let step = Step::new(alike, &was, &is)?;
        let name = name_of(&was);
        if let Some(difference) = step.own_difference(alike) {
            let by_way = match way.as_slice() {
                [] => String::new(),
                way => format!(", which {} needs,", way.join(" > ")),
            };
            return Some(difference.replacen("{}", &format!("{name}{by_way}"), 1));
        }
        (was, is) = step.pairs.into_iter().find(|(was, is)| !alike.same(was, is))?;
        way.push(name);
    }
    None
}

fn name_of(path: &str) -> String {
    hash_and_name(path).map_or(path, |(_, name)| name.trim_end_matches(".drv")).to_owned()
}

/// One derivation before and after.
struct Step {
    was: Derivation,
    is: Derivation,
    /// Inputs that only one side has, as far as the other has one of the same name.
    pairs: Vec<(String, String)>,
    /// What to call them, by the hashes in their paths.
    names: HashMap<String, String>,
    gone: Vec<String>,
    new: Vec<String>,
}

impl Step {
    fn new(alike: &Alike<'_>, was: &str, is: &str) -> Option<Step> {
        let (was, is) = (alike.read(was)?, alike.read(is)?);
        let only = |of: &Derivation, other: &Derivation| -> BTreeMap<String, Vec<String>> {
            let mut only: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for path in of.inputs.keys().filter(|path| !other.inputs.contains_key(*path)) {
                only.entry(name_of(path)).or_default().push(path.clone());
            }
            only
        };
        let mut new = only(&is, &was);
        let (mut pairs, mut names, mut gone) = (Vec::new(), HashMap::new(), Vec::new());
        name_outputs(&was, "\0out", &mut names);
        name_outputs(&is, "\0out", &mut names);
        for (name, paths) in only(&was, &is) {
            for path in paths {
                let candidates = new.get_mut(&name).filter(|candidates| !candidates.is_empty());
                let Some(other) = candidates.map(|candidates| candidates.remove(0)) else {
                    gone.push(name.clone());
                    continue;
                };
                let name = format!("\0{} {name}", pairs.len());
                for path in [&path, &other] {
                    name_outputs(&alike.read(path)?, &name, &mut names);
                }
                pairs.push((path, other));
            }
        }
        let new = new.into_iter().flat_map(|(name, paths)| vec![name; paths.len()]).collect();
        Some(Step { was, is, pairs, names, gone, new })
    }

    /// What differs in this derivation itself, whatever becomes of its inputs; `{}` stands for its name.
    fn own_difference(&self, alike: &Alike<'_>) -> Option<String> {
        let (was, is) = (&self.was, &self.is);
        let differ = |was: &str, is: &str| {
            let named = |text: &str| alike.renamed(text, &self.names);
            (was != is && named(was) != named(is)).then(|| turned_line(was, is, named))
        };
        for (what, was, is) in [("builder", &was.builder, &is.builder), ("system", &was.system, &is.system)] {
            if let Some(how) = differ(was, is) {
                return Some(format!("`{what}` of {{}} {how}"));
            }
        }
        let lines = |arguments: &[String]| arguments.join("\n");
        if let Some(how) = differ(&lines(&was.arguments), &lines(&is.arguments)) {
            return Some(format!("`args` of {{}} {how}"));
        }
        for (name, value) in &was.environment {
            match is.environment.get(name) {
                None => return Some(format!("{{}} has lost `{name}`")),
                Some(other) => {
                    if let Some(how) = differ(value, other) {
                        return Some(format!("`{name}` of {{}} {how}"));
                    }
                }
            }
        }
        if let Some(name) = is.environment.keys().find(|name| !was.environment.contains_key(*name)) {
            return Some(format!("{{}} has got `{name}`"));
        }
        let inputs = |names: &[String]| names.join(", ");
        if !self.gone.is_empty() {
            return Some(format!("{{}} does not need {} any more", inputs(&self.gone)));
        }
        (!self.new.is_empty()).then(|| format!("{{}} needs {}, too", inputs(&self.new)))
    }
}

fn name_outputs(derivation: &Derivation, name: &str, names: &mut HashMap<String, String>) {
    for output in &derivation.outputs {
        if let Some((hash, _)) = hash_and_name(&output.path) {
            names.insert(hash.to_owned(), format!("{name} {}", output.name));
        }
    }
}

/// How a text of several lines changed, by its first line that did.
fn turned_line(was: &str, is: &str, named: impl Fn(&str) -> String) -> String {
    let (mut before, mut after) = (was.lines(), is.lines());
    loop {
        match (before.next(), after.next()) {
            (Some(was), Some(is)) if named(was) == named(is) => {}
            (Some(was), Some(is)) => return turned(was, is),
            (Some(was), None) => return format!("has lost {}", part(&without_hashes(was), 0)),
            (None, Some(is)) => return format!("has got {}", part(&without_hashes(is), 0)),
            (None, None) => return "has other line ends".to_owned(),
        }
    }
}

/// How a line changed: as much of it as shows the difference.
fn turned(was: &str, is: &str) -> String {
    let (before, after) = (without_hashes(was), without_hashes(is));
    if before == after
        && let Some((_, (_, name))) = store_paths(was).zip(store_paths(is)).find(|(was, is)| was != is)
    {
        return format!("has another `{name}`");
    }
    let same = before.chars().zip(after.chars()).take_while(|(was, is)| was == is).count();
    let from = same.saturating_sub(SHOWN / 3);
    format!("was {} and is {}", part(&before, from), part(&after, from))
}

/// A part of a line.
fn part(line: &str, from: usize) -> String {
    let shown: String = line.chars().skip(from).take(SHOWN).collect();
    let before = if from > 0 { "…" } else { "" };
    let behind = if line.chars().count() > from + SHOWN { "…" } else { "" };
    if line.is_empty() { "empty".to_owned() } else { format!("`{before}{shown}{behind}`") }
}

/// A text whose store paths go by their names alone.
fn without_hashes(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('/') {
        let (before, path) = rest.split_at(at);
        result.push_str(before);
        let end = path.find(is_between_paths).unwrap_or(path.len());
        let (path, behind) = path.split_at(end);
        let mut parts = path.split('/');
        match parts.by_ref().find_map(|part| hash_and_name(part)) {
            Some((_, name)) => {
                result.push_str(name);
                parts.for_each(|part| result.extend(["/", part]));
            }
            None => result.push_str(path),
        }
        rest = behind;
    }
    result + rest
}

/// The hashes and names of the store paths in a text.
fn store_paths(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(is_between_paths).filter_map(|path| path.split('/').find_map(hash_and_name))
}

fn is_between_paths(char: char) -> bool {
    char.is_whitespace() || "\"'`;:,=()[]{}<>$&|".contains(char)
}
