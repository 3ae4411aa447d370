//! What the tests work with: worlds with a Nix in them, and repositories that hold the fixture.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::skipped;

/// What has a Nix of its own and inputs to fetch (testdata/README.md). Built once and kept for the next
/// run, for as long as nothing in `testdata` changes.
struct World(PathBuf);

/// The world in which every input can be fetched.
static WHOLE: LazyLock<World> = LazyLock::new(|| {
    let world = World::build("whole", &[]);
    // Fetched before the tests run side by side: Nix 2.8 does not expect company in an empty cache.
    world.warm_up(&["flake", "archive", "."]);
    world
});

/// The world in which the fixture's heavy inputs cannot be fetched, and never could.
static LIGHT: LazyLock<World> = LazyLock::new(|| {
    let world =
        World::build("light", &["--without", "NousResearch/hermes-agent", "--without", "badlogic/pi-mono"]);
    world.warm_up(&["eval", "--raw", ".#packages.x86_64-linux.claudebox.drvPath"]);
    world
});

impl World {
    fn build(name: &str, arguments: &[&str]) -> World {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worlds").join(name);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/world");
        let output = Command::new(&script).arg(&folder).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}: {}", script.display(), text(&output.stderr));
        World(folder.canonicalize().unwrap())
    }

    fn nix(&self, name: &str) -> Option<Nix> {
        let bin = self.0.join(name).join("bin");
        bin.join("nix").exists().then(|| Nix { name: name.to_owned(), bin })
    }

    fn warm_up(&self, arguments: &[&str]) {
        for nix in ["nix-2.8", "nix-2.26"].iter().filter_map(|name| self.nix(name)) {
            nix.ask(Repo::fixture().path(), arguments);
        }
    }
}

/// Runs a test with one Nix of the whole world, or says that it skips.
pub fn on(name: &str, promise: fn(&Nix)) {
    match WHOLE.nix(name) {
        Some(nix) => promise(&nix),
        None => skipped(&format!("no {name} on this machine (tests/run gets it)")),
    }
}

/// A real Nix.
pub struct Nix {
    name: String,
    bin: PathBuf,
}

impl Nix {
    /// The same Nix where the heavy inputs cannot be fetched.
    pub fn in_the_light_world(&self) -> Nix {
        LIGHT.nix(&self.name).unwrap()
    }

    /// A command that finds this Nix first, and nothing of the environment that the tests run in.
    fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([self.bin.clone()].into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear().env("PATH", path.unwrap()).env("HOME", folder);
        command
    }

    /// Runs `nix`.
    pub fn run(&self, folder: &Path, arguments: &[&str]) -> Ran {
        Ran::from(self.command(self.bin.join("nix"), folder).args(arguments))
    }

    /// What `nix` prints, which has to succeed.
    pub fn ask(&self, folder: &Path, arguments: &[&str]) -> String {
        let ran = self.run(folder, arguments);
        assert_eq!(ran.code, 0, "nix {arguments:?}: {}", ran.stderr);
        ran.stdout
    }
}

/// What a program printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn from(command: &mut Command) -> Ran {
        let output = command.output().unwrap();
        let code = output.status.code().unwrap();
        Ran { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A fresh copy of the fixture as a git repository with one commit.
pub struct Repo {
    folder: PathBuf,
    around: TempDir,
}

impl Repo {
    /// The fixture as it is.
    pub fn fixture() -> Repo {
        Repo::fixture_and(&[])
    }

    /// The fixture with more files, which are committed, too.
    pub fn fixture_and(files: &[(&str, &str)]) -> Repo {
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().canonicalize().unwrap().join("agent-boxes");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/agent-boxes"), &folder);
        let repo = Repo { folder, around };
        for (path, text) in files {
            fs::write(repo.folder.join(path), text).unwrap();
        }
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo.commit();
        repo
    }

    /// The fixture after a split, not yet committed.
    pub fn split(nix: &Nix) -> Repo {
        let repo = Repo::fixture();
        let ran = repo.flakepart(nix, &["split", "--yes", "--no-verify"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        repo
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// As an input of another flake.
    pub fn url(&self) -> String {
        format!("git+file://{}", self.folder.display())
    }

    /// A folder beside the repository.
    pub fn beside(&self, name: &str) -> PathBuf {
        let folder = self.around.path().canonicalize().unwrap().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Runs the built `flakepart` here.
    pub fn flakepart(&self, nix: &Nix, arguments: &[&str]) -> Ran {
        let mut command = nix.command(env!("CARGO_BIN_EXE_flakepart"), &self.folder);
        Ran::from(command.args(arguments).env("HOME", self.beside("home")))
    }

    /// Runs `flakepart verify` against the commit; gives the proof, too.
    pub fn verify(&self, nix: &Nix, arguments: &[&str]) -> (Ran, Value) {
        let file = self.beside("proof").join("proof.json");
        let proof = ["verify", "--base", "HEAD", "--proof", file.to_str().unwrap()];
        let ran = self.flakepart(nix, &[proof.as_slice(), arguments].concat());
        let json = fs::read(&file).unwrap_or_else(|_| panic!("no proof: {}", ran.stderr));
        (ran, serde_json::from_slice(&json).unwrap())
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(variable);
        }
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Test").env(format!("GIT_{role}_EMAIL"), "test@example");
        }
        let ran = Ran::from(command.arg("-C").arg(&self.folder).args(arguments));
        assert_eq!(ran.code, 0, "git {arguments:?}: {}", ran.stderr);
        ran.stdout
    }

    /// Commits everything.
    pub fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=State"]);
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.read(path)).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.folder.join(path), text).unwrap();
    }

    /// Replaces what stands exactly once in a file.
    pub fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(old).count(), 1, "{old:?} in {path}:\n{text}");
        self.write(path, &text.replace(old, new));
    }

    /// Every file with its bytes, and what git knows of them: equal before and after exactly when
    /// nothing was touched.
    pub fn state(&self) -> (BTreeMap<PathBuf, Vec<u8>>, String) {
        let mut files = BTreeMap::new();
        read_all(&self.folder, &mut files);
        files.retain(|path, _| !path.starts_with(self.folder.join(".git")));
        (files, self.git(&["ls-files", "--stage", "--debug"]) + &self.git(&["status", "--porcelain"]))
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn read_all(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            read_all(&entry.path(), files);
        } else {
            files.insert(entry.path(), fs::read(entry.path()).unwrap());
        }
    }
}

/// The outputs of a proof, a line for each: its name, what came of it, and Nix's words.
pub fn outputs(proof: &Value) -> Vec<String> {
    lines(proof, |_| true)
}

/// Of these, only the ones that got worse.
pub fn worse(proof: &Value) -> Vec<String> {
    lines(proof, |verdict| !["same", "source-dependent"].contains(&verdict))
}

fn lines(proof: &Value, wanted: fn(&str) -> bool) -> Vec<String> {
    let outputs = proof["outputs"].as_array().unwrap();
    let lines = outputs.iter().filter(|output| wanted(output["verdict"].as_str().unwrap())).map(|output| {
        let line = format!("{} {}", output["attr"].as_str().unwrap(), output["verdict"].as_str().unwrap());
        match output["message"].as_str() {
            Some(message) => format!("{line}: {message}"),
            None => line,
        }
    });
    lines.collect()
}
