//! What the tests share: repositories to run flakepart in, and the material beside the project.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The folder `shared` beside the project, with real locks and golden moves; `None` after a line that
/// says that the test skips. `FLAKEPART_SHARED` names another place.
pub fn shared() -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    let folder = std::env::var_os("FLAKEPART_SHARED").map_or_else(beside, PathBuf::from);
    if folder.join("locks/manifest.tsv").is_file() {
        return Some(folder);
    }
    skipped(&format!("no real locks in {}", folder.display()));
    None
}

/// Says that a test skips, and why, past the capture of the test runner.
pub fn skipped(why: &str) {
    let test = std::thread::current();
    let test = test.name().unwrap_or("a test");
    // Not `eprintln!`, which the test runner would keep to itself.
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "skipped {test}: {why}").unwrap();
}

/// A program that nothing of the machine's settings reaches.
pub fn isolated(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Test").env(format!("GIT_{who}_EMAIL"), "test@example.org");
    }
    command
}

/// A flake in a git repository of its own.
pub struct Repo {
    folder: TempDir,
}

impl Repo {
    /// A repository of these files, committed.
    pub fn new(files: &[(&str, &str)]) -> Repo {
        let repo = Repo { folder: tempfile::tempdir().unwrap() };
        repo.git(&["init", "-q", "-b", "main"]);
        for (path, text) in files {
            repo.write(path, text);
        }
        repo.commit();
        repo
    }

    /// A copy of the fixture `testdata/agent-boxes`, committed.
    pub fn agent_boxes() -> Repo {
        let repo = Repo::new(&[]);
        copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/agent-boxes")), repo.path());
        repo.commit();
        repo
    }

    /// The fixture with texts of its files replaced, committed: the file, the text (all of it where empty),
    /// and what to put there.
    pub fn agent_boxes_edited(edits: &[(&str, &str, &str)]) -> Repo {
        let repo = Repo::agent_boxes();
        for (file, from, to) in edits {
            if from.is_empty() {
                repo.write(file, to);
            } else {
                repo.replace(file, from, to);
            }
        }
        repo.commit();
        repo
    }

    /// The fixture with one text of one file replaced, committed.
    pub fn agent_boxes_with(path: &str, from: &str, to: &str) -> Repo {
        Repo::agent_boxes_edited(&[(path, from, to)])
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file's text.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Writes a file, with its folders.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Replaces a text that has to be there.
    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, text.replace(from, to));
    }

    /// Runs git; gives what it prints.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = isolated("git", self.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Commits all there is.
    pub fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "state"]);
    }

    /// Every file but git's own, and what git has to say about them.
    pub fn state(&self) -> State {
        let mut state = BTreeMap::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() {
                    if path.file_name().unwrap() != ".git" {
                        folders.push(path);
                    }
                } else {
                    let name = path.strip_prefix(self.path()).unwrap().to_str().unwrap().to_owned();
                    state.insert(name, std::fs::read(&path).unwrap_or_default());
                }
            }
        }
        state.insert("git status".to_owned(), self.git(&["status", "--porcelain"]).into_bytes());
        State(state)
    }

    /// Runs flakepart in it.
    pub fn flakepart(&self, arguments: &[&str]) -> Run {
        self.flakepart_with_input(arguments, "")
    }

    /// What flakepart shows in it on a terminal of so many columns; `None` after a line that says that the
    /// test skips.
    pub fn flakepart_on_a_terminal(&self, columns: usize, arguments: &str) -> Option<String> {
        let shell =
            format!("stty cols {columns} rows 24; exec {} {arguments}", env!("CARGO_BIN_EXE_flakepart"));
        let mut command = isolated("script", self.path());
        command.args(["--quiet", "--command", &shell, "/dev/null"]).env("NO_COLOR", "1").stdin(Stdio::null());
        match command.output() {
            Ok(output) => Some(String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n")),
            Err(error) => {
                skipped(&format!("`script` makes the terminal, and cannot be run: {error}"));
                None
            }
        }
    }

    /// Runs flakepart in it on some day, in seconds since 1970.
    pub fn flakepart_at(&self, now: i64, arguments: &[&str]) -> Run {
        self.run(|command| command.args(arguments).env("SOURCE_DATE_EPOCH", now.to_string()), "")
    }

    /// Runs flakepart in it, with something on standard input.
    pub fn flakepart_with_input(&self, arguments: &[&str], input: &str) -> Run {
        self.run(|command| command.args(arguments), input)
    }

    fn run(&self, with: impl FnOnce(&mut Command) -> &mut Command, input: &str) -> Run {
        let mut command = isolated(env!("CARGO_BIN_EXE_flakepart"), self.path());
        with(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// All files of a repository, to compare. Shows as a list with a number for each file's bytes.
#[derive(PartialEq, Eq)]
pub struct State(BTreeMap<String, Vec<u8>>);

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sums = self.0.iter().map(|(path, bytes)| {
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            (path, hasher.finish())
        });
        f.debug_map().entries(sums).finish()
    }
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}

/// What came of running flakepart. Displays as one text for snapshots.
pub struct Run {
    /// The exit code.
    pub code: Option<i32>,
    /// What it printed as data.
    pub stdout: String,
    /// What else it said.
    pub stderr: String,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => writeln!(f, "exit code {code}")?,
            None => writeln!(f, "killed")?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "--- {name} ---\n{text}")?;
            }
        }
        Ok(())
    }
}
