//! Random flakes on disk. The same seed gives the same flakes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::flakes::{Declarations, Input, Source};
use crate::support::isolated;

/// Names that a follows can name: Nix wants `[a-zA-Z][a-zA-Z0-9_-]*` there. Most of them compete for
/// keys once suffixes come on.
const PLAIN: [&str; 10] = ["a", "a_2", "a_2_2", "b", "nixpkgs", "nixpkgs_2", "root", "root_2", "x-y", "Z"];

/// Names that Nix takes for an input, too.
const ODD: [&str; 16] = [
    "",
    "-x",
    "/sl/ash",
    "\u{1}\u{8}\u{c}\u{7f}",
    "_z",
    "a'b",
    "e=q",
    "ghc-8.6.5-iohk",
    "q\"uo\\te",
    "sp ace",
    "tab\tnew\r\nline",
    "ü",
    "${x}",
    "日本",
    "\u{1f600}",
    "\u{2028}\u{202e}",
];

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A name that `taken` lacks.
    fn name(&mut self, taken: &Declarations) -> String {
        loop {
            let name = if self.percent(70) { *self.pick(&PLAIN) } else { *self.pick(&ODD) };
            if !taken.0.contains_key(name) {
                return name.to_owned();
            }
        }
    }
}

/// A flake that others may have as input.
struct Flake {
    url: String,
    declared: Declarations,
    /// Which flake each of its inputs is that is fetched, by the place among all.
    inputs: BTreeMap<String, usize>,
}

/// A flake with random inputs that have random inputs.
pub struct World {
    pub root: Declarations,
    /// The folder of the root.
    pub folder: PathBuf,
    /// What each subset of inputs is that a test may move.
    pub moves: Vec<Vec<String>>,
    /// Whether Nix leaves its own lock of it as it is.
    pub keeps: bool,
}

impl World {
    /// Makes it in `folder`, which is emptied before. Nix 2.8 takes no `dir` with a `path:`.
    pub fn new(seed: u64, folder: &Path, path_with_dir: bool) -> World {
        let random = &mut Random(seed);
        if folder.exists() {
            fs::remove_dir_all(folder).unwrap();
        }
        // Later flakes have earlier ones as inputs.
        let mut flakes: Vec<Flake> = Vec::new();
        for at in 0..4 + random.below(4) {
            let (path, url) = match random.below(4) {
                // One repository holds several of them.
                0 => (format!("repo/f{at}"), format!("git+file://{}/repo?dir=f{at}", folder.display())),
                1 if path_with_dir => {
                    (format!("f{at}/dir"), format!("path:{}/f{at}?dir=dir", folder.display()))
                }
                _ => (format!("f{at}"), format!("path:{}/f{at}", folder.display())),
            };
            let at = folder.join(path);
            let count = random.below(4);
            let flake = flake(random, &flakes, count, url, &at);
            write(&at, &flake.declared);
            flakes.push(flake);
        }
        let count = 2 + random.below(5);
        let root = folder.join("root");
        let flake = flake(random, &flakes, count, String::new(), &root);
        fs::create_dir_all(folder.join("repo")).unwrap();
        fs::write(folder.join("repo/file"), "").unwrap();
        for arguments in [&["init", "-q", "-b", "master"][..], &["add", "."], &["commit", "-q", "-m", "all"]]
        {
            let mut git = isolated("git", &folder.join("repo"));
            git.env("GIT_AUTHOR_DATE", "@1600000000 +0000").env("GIT_COMMITTER_DATE", "@1600000000 +0000");
            assert!(git.args(arguments).status().unwrap().success());
        }
        let names: Vec<String> = flake.declared.0.keys().cloned().collect();
        let one = random.pick(&names).clone();
        let other = random.pick(&names).clone();
        let mut moves = vec![vec![one.clone()]];
        if other != one {
            moves.push(vec![one, other]);
        }
        World { root: flake.declared, folder: root, moves, keeps: true }
    }

    /// Where its first lock is kept, while the root's own files change.
    pub fn locked(&self) -> PathBuf {
        self.folder.with_file_name("root.lock")
    }
}

/// Writes a flake.nix.
pub fn write(folder: &Path, declared: &Declarations) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("flake.nix"), declared.text()).unwrap();
}

/// A flake with `count` fetched inputs, some of them in a folder of its own, and some follows.
fn flake(random: &mut Random, flakes: &[Flake], count: usize, url: String, folder: &Path) -> Flake {
    let mut flake = Flake { url, declared: Declarations::default(), inputs: BTreeMap::new() };
    if flakes.is_empty() {
        return flake;
    }
    for _ in 0..count {
        let name = random.name(&flake.declared);
        let at = random.below(flakes.len());
        let input = Input {
            source: Source::Url(flakes[at].url.clone()),
            flake: !random.percent(10),
            overrides: BTreeMap::new(),
        };
        if input.flake {
            flake.inputs.insert(name.clone(), at);
        }
        flake.declared.0.insert(name, input);
    }
    if random.percent(20) {
        // Nix 2.26 takes two of one name for the same, and for a circle.
        let name = format!("sub{}", random.below(1 << 20));
        let below = folder.join(&name);
        let sub = self::flake(random, flakes, 1, String::new(), &below);
        write(&below, &sub.declared);
        let source = Source::Url(format!("path:./{name}"));
        let name = random.name(&flake.declared);
        flake.declared.0.insert(name, Input { source, flake: true, overrides: BTreeMap::new() });
    }
    // Names that follow another input, and the one that they end in.
    let mut follows: Vec<(String, String)> = Vec::new();
    let mut plain: Vec<String> = flake.inputs.keys().filter(|name| can_be_followed(name)).cloned().collect();
    for _ in 0..random.below(3) {
        let name = random.name(&flake.declared);
        let (path, end) = match (follows.is_empty(), plain.is_empty()) {
            (_, true) => break,
            (false, _) if random.percent(50) => {
                let (name, end) = random.pick(&follows).clone();
                (vec![name], end)
            }
            _ => {
                let end = random.pick(&plain).clone();
                (below(random, flakes, &flake, &end), end)
            }
        };
        let source = Source::Follows(path);
        if can_be_followed(&name) {
            follows.push((name.clone(), end));
        }
        flake.declared.0.insert(name, Input { source, flake: true, overrides: BTreeMap::new() });
    }
    plain.retain(|name| flake.declared.0[name].flake);
    for (name, at) in flake.inputs.clone() {
        // Only earlier ones may be entered, or two of them may need each other.
        let earlier: Vec<&String> = plain.iter().filter(|other| **other < name).collect();
        let ending_earlier: Vec<&(String, String)> = follows.iter().filter(|(_, end)| *end < name).collect();
        let mut overrides = BTreeMap::new();
        let mut inputs: Vec<String> = flakes[at].declared.0.keys().cloned().collect();
        if random.percent(10) {
            inputs.push("not-there".to_owned());
        }
        for input in inputs {
            let mut path = vec![input];
            // Whose input it is; what has that one as an input would close a circle.
            let mut of = at;
            // Sometimes an input of that input. Nix takes one without a URL for `flake:NAME`.
            if let Some(below) = flakes[at].inputs.get(&path[0])
                && !flakes[*below].declared.0.is_empty()
                && random.percent(25)
            {
                let names: Vec<&String> = flakes[*below].declared.0.keys().collect();
                overrides.insert(path.clone(), Source::Url(flakes[*below].url.clone()));
                path.push((*random.pick(&names)).clone());
                of = *below;
            }
            let source = match random.below(100) {
                0..8 => Source::Follows(Vec::new()),
                8..16 if of > 0 => Source::Url(random.pick(&flakes[..of]).url.clone()),
                16..28 if !ending_earlier.is_empty() => {
                    Source::Follows(vec![random.pick(&ending_earlier).0.clone()])
                }
                28..46 if !earlier.is_empty() => {
                    let first = (*random.pick(&earlier)).clone();
                    Source::Follows(below(random, flakes, &flake, &first))
                }
                46..60 if plain.iter().any(|other| *other != name) => {
                    let others: Vec<&String> = plain.iter().filter(|other| **other != name).collect();
                    Source::Follows(vec![(*random.pick(&others)).clone()])
                }
                _ => continue,
            };
            overrides.insert(path, source);
        }
        flake.declared.0.get_mut(&name).unwrap().overrides = overrides;
    }
    flake
}

/// A path that starts with input `first` of `flake`, and may go on into it.
fn below(random: &mut Random, flakes: &[Flake], flake: &Flake, first: &str) -> Vec<String> {
    let mut path = vec![first.to_owned()];
    let mut at = flake.inputs[first];
    while random.percent(60) {
        let names: Vec<&String> = flakes[at].inputs.keys().filter(|name| can_be_followed(name)).collect();
        if names.is_empty() {
            break;
        }
        let name = (*random.pick(&names)).clone();
        at = flakes[at].inputs[&name];
        path.push(name);
    }
    path
}

fn can_be_followed(name: &str) -> bool {
    PLAIN.contains(&name)
}
