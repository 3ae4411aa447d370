//! What has other tools run flakepart: hooks, jobs of CI, shells. Each is a template, and where its file is
//! somebody's already, an addition to that.

mod place;

use camino::{Utf8Path, Utf8PathBuf};

use crate::check::SETTINGS;
use crate::partition::Files;
use place::{appended, below, inserted, placed};

/// What can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integration {
    /// A hook of pre-commit.
    PreCommit,
    /// A hook of hk.
    Hk,
    /// A hook of lefthook.
    Lefthook,
    /// A hook of git-hooks.nix.
    GitHooksNix,
    /// direnv, which is to watch the nested locks.
    Direnv,
    /// A workflow on GitHub that judges pull requests.
    Github,
    /// A workflow on GitHub that updates all locks.
    GithubUpdate,
    /// A job on GitLab that judges merge requests.
    Gitlab,
    /// The settings of flakepart itself.
    Config,
}

/// The flake that it is for.
#[derive(Debug)]
pub struct Target<'a> {
    /// Its folder in the repository; empty at the top.
    pub flake: &'a Utf8Path,
    /// The folders of its partitions, relative to it.
    pub nested: &'a [Utf8PathBuf],
}

/// What there is to do. Paths count from the top of the repository.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: this file has it.
    Done(Utf8PathBuf),
    /// A new file with this text.
    Create(Utf8PathBuf, String),
    /// An addition to a file that is somebody's: what the file would be with it.
    Add(Utf8PathBuf, String),
    /// Lines for a file in which only its owner finds the place; for none, where they are a file of their own.
    Tell(Option<Utf8PathBuf>, String),
}

impl Integration {
    fn template(self) -> &'static str {
        match self {
            Integration::PreCommit => include_str!("templates/pre-commit-config.yaml"),
            Integration::Hk => include_str!("templates/hk.pkl"),
            Integration::Lefthook => include_str!("templates/lefthook.yml"),
            Integration::GitHooksNix => include_str!("templates/git-hooks.nix"),
            Integration::Direnv => include_str!("templates/envrc"),
            Integration::Github => include_str!("templates/github.yml"),
            Integration::GithubUpdate => include_str!("templates/github-update.yml"),
            Integration::Gitlab => include_str!("templates/gitlab-ci.yml"),
            Integration::Config => include_str!("templates/flakepart.toml"),
        }
    }

    /// The names under which its tool looks for its file; a new one gets the first. git-hooks.nix has none of
    /// its own.
    fn names(self) -> &'static [&'static str] {
        match self {
            Integration::PreCommit => &[".pre-commit-config.yaml"],
            Integration::Hk => &["hk.pkl", ".config/hk.pkl"],
            Integration::Lefthook => &[
                "lefthook.yml",
                "lefthook.yaml",
                "lefthook.toml",
                "lefthook.json",
                ".lefthook.yml",
                ".lefthook.yaml",
                ".lefthook.toml",
                ".lefthook.json",
            ],
            Integration::GitHooksNix => &[],
            Integration::Direnv => &[".envrc"],
            Integration::Github => &[".github/workflows/flakepart.yml"],
            Integration::GithubUpdate => &[".github/workflows/update-flake-locks.yml"],
            Integration::Gitlab => &[".gitlab-ci.yml"],
            Integration::Config => &[SETTINGS],
        }
    }

    /// What only a file says that has it.
    fn signs(self) -> &'static [&'static str] {
        match self {
            Integration::PreCommit => &["id: flakepart", "flakepart check"],
            Integration::Hk | Integration::Lefthook => &["flakepart check"],
            Integration::GitHooksNix => &["hooks.flakepart", "flakepart check"],
            Integration::Github => &["uses: flakepart/flakepart@", "flakepart gate"],
            Integration::GithubUpdate => &["flakepart update"],
            Integration::Gitlab => &["flakepart gate"],
            Integration::Direnv | Integration::Config => &[],
        }
    }

    /// The paths of its own files.
    #[must_use]
    pub fn paths(self, target: &Target<'_>) -> Vec<Utf8PathBuf> {
        let folder = match self {
            Integration::Direnv | Integration::Config => target.flake,
            _ => Utf8Path::new(""),
        };
        self.names().iter().map(|name| folder.join(name)).collect()
    }

    /// Whether a file of the repository that is not its own may have it, too.
    #[must_use]
    pub fn may_be_in(self, path: &Utf8Path) -> bool {
        match self {
            Integration::Github | Integration::GithubUpdate => {
                path.starts_with(".github/workflows") && matches!(path.extension(), Some("yml" | "yaml"))
            }
            Integration::GitHooksNix => path.extension() == Some("nix"),
            _ => false,
        }
    }

    /// What there is to do, given all files that may have it.
    #[must_use]
    pub fn step(self, files: &Files, target: &Target<'_>) -> Step {
        let has_it = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let mut code = text.lines().filter(|line| !line.trim_start().starts_with(['#', '/']));
            code.any(|line| self.signs().iter().any(|sign| line.contains(sign)))
        };
        if let Some((path, _)) = files.iter().find(|(_, bytes)| has_it(bytes)) {
            return Step::Done(path.clone());
        }
        let wanted = self.filled(target);
        let own = self.paths(target);
        let Some(path) = own.iter().find(|path| files.contains_key(*path)) else {
            return match own.into_iter().next() {
                Some(path) => Step::Create(path, wanted),
                None => Step::Tell(None, wanted),
            };
        };
        // What is not UTF-8 cannot be shown as a diff.
        let text = std::str::from_utf8(&files[path]).ok();
        match text.and_then(|text| self.added(text, &wanted, target)) {
            Some(added) if Some(added.as_str()) == text => Step::Done(path.clone()),
            Some(added) => Step::Add(path.clone(), added),
            None => Step::Tell(Some(path.clone()), wanted),
        }
    }

    /// The template, made for a flake.
    fn filled(self, target: &Target<'_>) -> String {
        let below = |text: &str| match target.flake.as_str() {
            "" => String::new(),
            folder => text.replace("FOLDER", folder),
        };
        let text = self
            .template()
            .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
            .replace("@FLAKE@", &below(" FOLDER"))
            .replace("@ARGS@", &below("\n        args: [FOLDER]"))
            .replace("@WITH@", &below("\n        with:\n          flake: FOLDER"))
            .replace("@INSIDE@", &below("\n        working-directory: FOLDER"));
        match self {
            Integration::Direnv => watching(&text, target),
            _ => text,
        }
    }

    /// A file that is there, with what is wanted in it; none where nobody can tell the place.
    fn added(self, text: &str, wanted: &str, target: &Target<'_>) -> Option<String> {
        match self {
            Integration::PreCommit => placed(text, &["repos"], &below(wanted, &["repos"])?),
            Integration::Lefthook => {
                let (jobs, commands) = (["pre-commit", "jobs"], ["pre-commit", "commands"]);
                let job = below(wanted, &jobs)?;
                match () {
                    () if !text.contains("pre-commit") => Some(appended(text, wanted)),
                    () => placed(text, &jobs, &job)
                        .or_else(|| placed(text, &commands, &job.replace("- name: flakepart", "flakepart:"))),
                }
            }
            Integration::Gitlab => Some(appended(text, wanted)),
            Integration::Direnv => Some(watching(text, target)),
            // Whatever it says, it is there.
            Integration::Config => Some(text.to_owned()),
            Integration::Hk | Integration::GitHooksNix | Integration::Github | Integration::GithubUpdate => {
                None
            }
        }
    }
}

/// An .envrc that watches the nested locks, too: before `use flake`, which is when nix-direnv looks at what
/// is watched.
fn watching(text: &str, target: &Target<'_>) -> String {
    let code = |line: &&str| !line.trim_start().starts_with('#');
    let watches =
        |lock: &str| text.lines().filter(code).any(|line| line.contains("watch_") && line.contains(lock));
    let missing = target.nested.iter().filter(|folder| !watches(&format!("{folder}/flake.lock")));
    let lines = missing.map(|folder| {
        let file = |name| quoted(folder.join(name).as_str());
        format!("watch_file {} {}", file("flake.nix"), file("flake.lock"))
    });
    let used = |line: &str| code(&line) && (line.contains("use flake") || line.contains("use_flake"));
    let at = text.lines().position(used).unwrap_or_else(|| text.lines().count());
    inserted(text, at, lines)
}

/// A word of a shell.
fn quoted(word: &str) -> String {
    match word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Whether a character means nothing to shells and to YAML.
pub fn is_plain(char: char) -> bool {
    char.is_ascii_alphanumeric() || "_-+./".contains(char)
}
