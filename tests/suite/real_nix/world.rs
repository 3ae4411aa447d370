//! What the tests work with: worlds with a Nix in them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::support::{Repo, Run, isolated, skipped};

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
        let made = run(Command::new(&script).arg(&folder).args(arguments));
        assert_eq!(made.code, Some(0), "{}: {made}", script.display());
        World(folder.canonicalize().unwrap())
    }

    fn nix(&self, name: &str) -> Option<Nix> {
        let bin = self.0.join(name).join("bin");
        bin.join("nix").exists().then(|| Nix { name: name.to_owned(), bin })
    }

    fn warm_up(&self, arguments: &[&str]) {
        for nix in ["nix-2.8", "nix-2.26"].iter().filter_map(|name| self.nix(name)) {
            nix.ask(Repo::agent_boxes().path(), arguments);
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
    /// `nix-2.8` or `nix-2.26`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same Nix where the heavy inputs cannot be fetched.
    pub fn in_the_light_world(&self) -> Nix {
        LIGHT.nix(&self.name).unwrap()
    }

    /// The same Nix behind a script, which may look at the arguments and change them.
    pub fn behind(&self, name: &str, script: &str) -> Nix {
        self.with_program(name, "nix", &format!("{script}\nexec '{}' \"$@\"", self.bin.join("nix").display()))
    }

    /// The same Nix with one more program beside it, of which `NIX` is the real one.
    pub fn with_program(&self, name: &str, program: &str, script: &str) -> Nix {
        let bin = self.bin.with_file_name(name);
        fs::create_dir_all(&bin).unwrap();
        let real = self.bin.join("nix");
        let mut programs = vec![(program, format!("#!/bin/sh\nNIX='{}'\n{script}\n", real.display()))];
        if program != "nix" {
            programs.push(("nix", format!("#!/bin/sh\nexec '{}' \"$@\"\n", real.display())));
        }
        for (program, text) in programs {
            // Tests that use the same ones may run at once.
            let new = tempfile::NamedTempFile::new_in(&bin).unwrap().into_temp_path();
            fs::write(&new, text).unwrap();
            fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
            new.persist(bin.join(program)).unwrap();
        }
        Nix { name: self.name.clone(), bin }
    }

    /// The same Nix, which says that it is another one.
    pub fn calling_itself(&self, version: &str) -> Nix {
        let name: String = version.chars().filter(char::is_ascii_alphanumeric).collect();
        self.behind(&name, &format!("if [ \"$*\" = --version ]; then echo '{version}'; exit; fi"))
    }

    /// The same Nix, building in its sandbox; `None` after a line that says that the test skips.
    pub fn in_its_sandbox(&self) -> Option<Nix> {
        let nix = self.behind(
            "sandboxed",
            "set -- --option sandbox true --option sandbox-fallback false \
             --option sandbox-paths '/bin /usr /lib /lib64?' \"$@\"",
        );
        const TRIAL: &str = r#"derivation {
            name = "sandboxed"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo > $out" ];
        }"#;
        let ran = nix.run(&std::env::temp_dir(), &["build", "--impure", "--no-link", "--expr", TRIAL]);
        if ran.code == Some(0) {
            return Some(nix);
        }
        skipped(&format!("Nix cannot build in its sandbox here: {ran}"));
        None
    }

    /// A program that finds this Nix first, and nothing of the machine's settings.
    pub fn command(&self, program: &str, folder: &Path) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([self.bin.clone()].into_iter().chain(std::env::split_paths(&path)));
        let mut command = isolated(program, folder);
        command.env("PATH", path.unwrap());
        command
    }

    /// Runs `nix`.
    pub fn run(&self, folder: &Path, arguments: &[&str]) -> Run {
        run(self.command(self.bin.join("nix").to_str().unwrap(), folder).args(arguments))
    }

    /// What `nix` prints, which has to succeed.
    pub fn ask(&self, folder: &Path, arguments: &[&str]) -> String {
        let ran = self.run(folder, arguments);
        assert_eq!(ran.code, Some(0), "nix {arguments:?}: {ran}");
        ran.stdout
    }

    /// Runs flakepart in a repository, with this Nix and a home of its own.
    pub fn flakepart(&self, repo: &Repo, arguments: &[&str]) -> Run {
        self.flakepart_in(repo.path(), arguments)
    }

    /// The same in a folder.
    pub fn flakepart_in(&self, folder: &Path, arguments: &[&str]) -> Run {
        let home = tempfile::tempdir().unwrap();
        let mut command = self.command(env!("CARGO_BIN_EXE_flakepart"), folder);
        run(command.args(arguments).env("HOME", home.path()))
    }

    /// The fixture after a split, not yet committed.
    pub fn split_fixture(&self) -> Repo {
        let repo = Repo::agent_boxes();
        let ran = self.flakepart(&repo, &["split", "--yes", "--no-verify"]);
        assert_eq!(ran.code, Some(0), "{ran}");
        repo
    }

    /// Runs `flakepart verify` against the last commit; gives the proof, too.
    pub fn verify(&self, repo: &Repo, arguments: &[&str]) -> (Run, Value) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("proof.json");
        let proof = ["verify", "--base", "HEAD", "--proof", file.to_str().unwrap()];
        let ran = self.flakepart(repo, &[proof.as_slice(), arguments].concat());
        let json = fs::read(&file).unwrap_or_else(|_| panic!("no proof: {ran}"));
        (ran, serde_json::from_slice(&json).unwrap())
    }
}

fn run(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    // Nix repeats what it was given, whatever that is.
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A repository as an input of another flake.
pub fn url(repo: &Repo) -> String {
    format!("git+file://{}", repo.path().display())
}

/// A lock of a repository.
pub fn lock(repo: &Repo, path: &str) -> Value {
    serde_json::from_str(&repo.read(path)).unwrap()
}

/// How many inputs a lock pins.
pub fn nodes(lock: &Value) -> usize {
    // The root is none.
    lock["nodes"].as_object().unwrap().len() - 1
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

/// The value of an expression over the flake.
pub fn value(nix: &Nix, repo: &Repo, expression: &str) -> String {
    let expression = format!("let flake = builtins.getFlake {:?}; in {expression}", url(repo));
    // Impure, for nothing but a work tree that is not committed.
    let ran = nix.run(repo.path(), &["eval", "--impure", "--raw", "--expr", &expression]);
    if ran.code == Some(0) { ran.stdout } else { words(&ran.stderr, repo) }
}

/// Nix's own words for what is wrong, the innermost, without what another machine would call otherwise.
pub fn words(stderr: &str, repo: &Repo) -> String {
    let mut errors = stderr.lines().map(str::trim).filter(|line| line.starts_with("error: "));
    let error = errors.next_back().unwrap_or(stderr.trim());
    let folder = repo.path().canonicalize().unwrap();
    let error = error.replace(folder.to_str().unwrap(), "/boxes");
    // The store is the world's, and Nix 2.8 and 2.26 name the tree that they copy otherwise.
    match (error.split_once(" '/"), error.split_once("-source/")) {
        (Some((before, _)), Some((_, file))) => format!("{before} '/boxes/{file}"),
        _ => error,
    }
}
