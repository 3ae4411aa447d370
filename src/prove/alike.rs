//! Whether two outputs are the same but for the flake's own source in them: their derivations, and all
//! that these need, are equal once that source goes by the same name on both sides.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::derivation::{Derivation, HASH, hash_and_name};
use super::side::Source;
use super::store::Store;

/// What the source of the flake is called wherever it stands. No text of a derivation holds a zero.
const WHOLE: &str = "\0source";

/// Compares outputs of two states of a flake.
pub(super) struct Alike<'a> {
    store: &'a Store,
    /// The hashes of store paths that hold the flake's source or a part of it, and what to call them.
    names: HashMap<String, String>,
    /// Hashes of the source's content, which code may embed, too.
    contents: Vec<&'a str>,
    known: HashMap<String, Known>,
}

/// What is known of a derivation.
struct Known {
    /// The same for derivations that are the same but for the source.
    digest: String,
    /// Its outputs by name.
    outputs: Vec<(String, String)>,
}

impl<'a> Alike<'a> {
    /// `changing` are the outputs that change with a neutral edit, before and in the control; `after` is
    /// what they are in the state after. All of them are in the `store`.
    pub(super) fn new(
        store: &'a Store,
        sources: &'a [Source; 2],
        changing: &[(&str, &str)],
        after: &[&str],
    ) -> Alike<'a> {
        let own: Vec<&str> = sources.iter().filter_map(|source| source.store_hash()).collect();
        let mut names: HashMap<String, String> =
            own.iter().map(|hash| ((*hash).to_owned(), WHOLE.to_owned())).collect();
        let was = embedded(store, changing.iter().map(|(before, _)| *before));
        let is = embedded(store, after.iter().copied());
        let control = embedded(store, changing.iter().map(|(_, control)| *control));
        // A copy of the whole source is named after it.
        for path in was.union(&is) {
            if let Some((hash, name)) = hash_and_name(path)
                && own.iter().any(|own| name.strip_prefix(own) == Some("-source"))
            {
                names.insert(hash.to_owned(), WHOLE.to_owned());
            }
        }
        // A copy of a part of it changes with the neutral edit. Nix code may differ in it; the rest may not.
        let mut parts = BTreeSet::new();
        let mut name_part = |path: &String, is_new: bool| {
            if let Some((hash, name)) = hash_and_name(path)
                && !names.contains_key(hash)
                && let Some(content) = content(&store.file(path))
            {
                let part = format!("\0part {name} {content}");
                if is_new {
                    parts.insert(part.clone());
                }
                if parts.contains(&part) {
                    names.insert(hash.to_owned(), part);
                }
            }
        };
        was.difference(&control).for_each(|path| name_part(path, true));
        is.difference(&was).for_each(|path| name_part(path, false));
        let contents = sources.iter().map(|source| source.nar_hash.as_str()).collect();
        Alike { store, names, contents, known: HashMap::new() }
    }

    /// Whether they are the same but for the source. No derivation that cannot be read is.
    pub(super) fn same(&mut self, before: &str, after: &str) -> bool {
        match (self.named(before), self.named(after)) {
            (Some(before), Some(after)) => before == after,
            _ => false,
        }
    }

    /// A derivation of either state.
    pub(super) fn read(&self, path: &str) -> Option<Derivation> {
        self.store.derivation(path)
    }

    /// An output as it would be if the source had the same name everywhere.
    fn named(&mut self, output: &str) -> Option<String> {
        let mut local = HashMap::new();
        for path in derivations(output) {
            self.learn(path)?;
            self.put_in(path, &mut local);
        }
        Some(self.renamed(output, &local))
    }

    /// Makes a derivation known, and all that it needs.
    fn learn(&mut self, path: &str) -> Option<()> {
        struct Open {
            path: String,
            derivation: Derivation,
            left: Vec<String>,
        }
        let store = self.store;
        let open = |path: String| {
            let derivation = store.derivation(&path)?;
            let left = derivation.inputs.keys().cloned().collect();
            Some(Open { path, derivation, left })
        };
        let mut seen = HashSet::from([path.to_owned()]);
        let mut stack = Vec::new();
        if !self.known.contains_key(path) {
            stack.push(open(path.to_owned())?);
        }
        while let Some(top) = stack.last_mut() {
            if let Some(next) = top.left.pop() {
                if !self.known.contains_key(&next) && seen.insert(next.clone()) {
                    stack.push(open(next)?);
                }
            } else if let Some(Open { path, derivation, .. }) = stack.pop() {
                let known = self.understood(&derivation);
                self.known.insert(path, known);
            }
        }
        Some(())
    }

    fn understood(&self, derivation: &Derivation) -> Known {
        let mut local = HashMap::new();
        let outputs: Vec<(String, String)> =
            derivation.outputs.iter().map(|output| (output.name.clone(), output.path.clone())).collect();
        for output in &derivation.outputs {
            // Where the content is known beforehand, the path says it; else it says what made it.
            if let Some((hash, _)) = hash_and_name(&output.path).filter(|_| output.hash.is_empty()) {
                local.insert(hash.to_owned(), format!("\0out {}", output.name));
            }
        }
        for path in derivation.inputs.keys() {
            self.put_in(path, &mut local);
        }
        let mut said = Sha256::new();
        let mut say = |text: &str| {
            said.update(text.len().to_le_bytes());
            said.update(text);
        };
        let in_turn = |text: &str| self.renamed(text, &local);
        for output in &derivation.outputs {
            [&output.name, &output.algorithm, &output.hash].into_iter().for_each(|text| say(text));
            say(&in_turn(&output.path));
        }
        let inputs: BTreeMap<String, &Vec<String>> =
            derivation.inputs.iter().map(|(path, outputs)| (in_turn(path), outputs)).collect();
        for (path, outputs) in inputs {
            say(&path);
            say(&outputs.join(" "));
        }
        let sources: BTreeSet<String> = derivation.sources.iter().map(|path| in_turn(path)).collect();
        sources.iter().for_each(|source| say(source));
        for text in [&derivation.system, &derivation.builder].into_iter().chain(&derivation.arguments) {
            say(&in_turn(text));
        }
        // How many they are tells them from what follows.
        say(&derivation.arguments.len().to_string());
        for (name, value) in &derivation.environment {
            say(name);
            say(&in_turn(value));
        }
        Known { digest: HEXLOWER.encode(&said.finalize()), outputs }
    }

    /// Names a known derivation, and its outputs, by what is known of it.
    fn put_in(&self, path: &str, names: &mut HashMap<String, String>) {
        let Some(known) = self.known.get(path) else { return };
        let outputs = known.outputs.iter().map(|(name, path)| (path.as_str(), name.as_str()));
        for (path, name) in outputs.chain([(path, "")]) {
            if let Some((hash, _)) = hash_and_name(path) {
                names.insert(hash.to_owned(), format!("\0drv {} {name}", known.digest));
            }
        }
    }

    /// A text with names in the place of the hashes that have one.
    pub(super) fn renamed(&self, text: &str, local: &HashMap<String, String>) -> String {
        let is_of_a_hash = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z') && !b"eotu".contains(byte);
        let (mut result, mut copied, mut run) = (String::new(), 0, 0);
        for (at, byte) in text.bytes().enumerate() {
            run = if is_of_a_hash(&byte) { run + 1 } else { 0 };
            if run < HASH {
                continue;
            }
            let start = at + 1 - HASH;
            let hash = text.get(start..=at).unwrap_or_default();
            if let Some(name) = local.get(hash).or_else(|| self.names.get(hash)) {
                result.push_str(text.get(copied..start).unwrap_or_default());
                result.push_str(name);
                (copied, run) = (at + 1, 0);
            }
        }
        result.push_str(text.get(copied..).unwrap_or_default());
        for content in &self.contents {
            if result.contains(content) {
                result = result.replace(content, WHOLE);
            }
        }
        result
    }
}

/// The derivations that an output's text names.
pub(super) fn derivations(output: &str) -> impl Iterator<Item = &str> {
    output.split(' ').filter(|word| word.ends_with(".drv") && hash_and_name(word).is_some())
}

/// What these outputs, and all that they need, take from the store without building it.
fn embedded<'a>(store: &Store, outputs: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut open: Vec<String> = outputs.flat_map(derivations).map(str::to_owned).collect();
    let (mut seen, mut sources) = (HashSet::new(), BTreeSet::new());
    while let Some(path) = open.pop() {
        if seen.contains(&path) {
            continue;
        }
        if let Some(derivation) = store.derivation(&path) {
            open.extend(derivation.inputs.into_keys());
            sources.extend(derivation.sources);
        }
        seen.insert(path);
    }
    sources
}

/// A digest of a file or folder; Nix code in it does not count.
fn content(path: &Utf8Path) -> Option<String> {
    let mut files: Vec<Utf8PathBuf> = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(path) = open.pop() {
        if path.symlink_metadata().ok()?.is_dir() {
            for entry in path.read_dir_utf8().ok()? {
                open.push(entry.ok()?.into_path());
            }
        } else if path.extension() != Some("nix") && path.file_name() != Some("flake.lock") {
            files.push(path);
        }
    }
    files.sort();
    let mut said = Sha256::new();
    for file in files {
        let (kind, bytes) = match fs_err::read_link(&file) {
            Ok(target) => ("link", target.into_os_string().into_encoded_bytes()),
            Err(_) if file.metadata().ok()?.mode() & 0o111 != 0 => ("program", fs_err::read(&file).ok()?),
            Err(_) => ("file", fs_err::read(&file).ok()?),
        };
        let name = file.strip_prefix(path).ok()?.as_str();
        for part in [name.as_bytes(), kind.as_bytes(), &bytes] {
            said.update(part.len().to_le_bytes());
            said.update(part);
        }
    }
    Some(HEXLOWER.encode(&said.finalize()))
}
