//! A tree that is changed over and over.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use flakepart::change::Changes;
use tempfile::TempDir;

use crate::support::isolated;

/// A tree, and what is to become of it.
pub struct Case {
    folder: TempDir,
    /// Where the flake is in the tree.
    pub flake: &'static str,
    /// Whether git's folder is taken to lie on another file system.
    pub is_far: bool,
    /// What becomes of the files.
    pub changes: Changes,
}

/// All that must be as before or as after.
#[derive(Clone, PartialEq, Eq)]
pub struct State {
    /// Files, folders and links with their modes, git's own among them.
    pub files: BTreeMap<String, (u32, Vec<u8>)>,
    /// The bytes of git's index.
    pub index: Vec<u8>,
}

impl State {
    /// The same without folders: one that may not be removed stays behind, empty.
    pub fn without_folders(mut self) -> State {
        self.files.retain(|_, (mode, _)| *mode & 0o170_000 != 0o040_000);
        self
    }
}

impl Case {
    /// A tree of these files.
    pub fn new(files: &[(&str, &str)], changes: Changes) -> Case {
        // In memory where that can be had: hundreds of trees are made, and each write is waited for.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let case = Case { folder, flake: "", is_far: false, changes };
        for (path, text) in files {
            case.write(path, text);
        }
        case
    }

    /// Its folder.
    pub fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// Writes a file, with its folders.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.tree().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// What git prints. It looks, and does not refresh the index.
    pub fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = isolated("git", &self.tree().join(folder));
        let output = command.env("GIT_OPTIONAL_LOCKS", "0").args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A repository of all that is there.
    pub fn committed(self) -> Case {
        self.git("", &["init", "-q", "-b", "main", "--template="]);
        self.git("", &["add", "-A"]);
        self.git("", &["commit", "-q", "-m", "state"]);
        self
    }

    /// Keeps the tree as it is for [`Case::reset`].
    pub fn keep(&self) -> State {
        self.copy("tree", "kept");
        self.state()
    }

    /// The tree that was kept.
    pub fn reset(&self) {
        std::fs::remove_dir_all(self.tree()).unwrap();
        self.copy("kept", "tree");
    }

    fn copy(&self, from: &str, to: &str) {
        let copied = isolated("cp", self.folder.path()).args(["-a", from, to]).status().unwrap();
        assert!(copied.success());
    }

    /// What is there now.
    pub fn state(&self) -> State {
        let mut state = State { files: BTreeMap::new(), index: Vec::new() };
        let mut folders = vec![self.tree()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.tree()).unwrap().to_str().unwrap().to_owned();
                let meta = path.symlink_metadata().unwrap();
                let mut bytes = Vec::new();
                if meta.is_symlink() {
                    bytes = std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes();
                } else if meta.is_file() {
                    bytes = std::fs::read(&path).unwrap();
                } else if name != ".git/objects" {
                    // An undo leaves the empty blob that git made among them; nothing refers to it.
                    folders.push(path);
                }
                if name.starts_with(".git/") && name.ends_with("/index") {
                    state.index.append(&mut bytes);
                }
                state.files.insert(name, (meta.mode(), bytes));
            }
        }
        state
    }

    /// What git has to say about tree and index, where there is git.
    pub fn status(&self) -> String {
        if !self.tree().join(".git").exists() {
            return String::new();
        }
        let ask = |arguments: &[&str]| self.git(self.flake, arguments);
        ask(&["status", "--porcelain"]) + &ask(&["ls-files", "--stage"])
    }
}
