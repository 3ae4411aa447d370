//! `flakepart init`: what it writes, and what it only shows.

use std::path::Path;

use insta::assert_snapshot;

use crate::support::{Repo, isolated};

const ALL: [&str; 9] = [
    "pre-commit",
    "hk",
    "lefthook",
    "git-hooks-nix",
    "direnv",
    "github",
    "github-update",
    "gitlab",
    "config",
];

/// The fixture with one file more.
fn with(path: &str, text: &str) -> Repo {
    Repo::agent_boxes_edited(&[(path, "", text)])
}

/// The diff that `init` shows for a file that is there already, which `git apply` carries out.
fn shown(what: &str, path: &str, text: &str) -> String {
    let repo = with(path, text);
    let state = repo.state();
    let run = repo.flakepart(&["init", what, "--yes"]);
    assert_eq!((run.code, repo.state()), (Some(1), state), "{run}");
    let apply = format!("init {what} | git apply");
    assert!(run.stderr.contains(&format!("{path} is yours")) && run.stderr.contains(&apply), "{run}");
    repo.write("addition", &run.stdout);
    repo.git(&["apply", "addition"]);
    let again = repo.flakepart(&["init", what]);
    assert_eq!(again.code, Some(0), "{again}");
    run.stdout
}

#[test]
fn a_new_file_is_shown_written_and_known_the_next_time() {
    for what in ALL.into_iter().filter(|what| *what != "git-hooks-nix") {
        let repo = Repo::agent_boxes();
        let state = repo.state();
        let dry = repo.flakepart(&["init", what, "--dry-run"]);
        assert_eq!((dry.code, repo.state()), (Some(1), state), "{dry}");
        let run = repo.flakepart(&["init", what, "--yes"]);
        assert_eq!((run.code, &run.stdout), (Some(0), &dry.stdout), "{run}");
        let path = run.stderr.trim().strip_prefix("flakepart: wrote ").unwrap();
        let path = path.strip_suffix("; nothing is committed").unwrap();
        let written = repo.read(path);
        let marks = ["@ARGS@", "@FLAKE@", "@INSIDE@", "@VERSION@", "@WITH@"];
        assert!(!marks.iter().any(|mark| written.contains(mark)), "{written}");
        let state = repo.state();
        let again = repo.flakepart(&["init", what, "--yes"]);
        assert_eq!((again.code, again.stdout.as_str(), repo.state()), (Some(0), "", state), "{again}");
        assert_eq!(again.stderr, format!("flakepart: {path} has it already\n"));
    }
}

#[test]
fn nobody_is_asked_where_nobody_is_there() {
    let repo = Repo::agent_boxes();
    let state = repo.state();
    let run = repo.flakepart(&["init", "lefthook"]);
    assert_eq!(repo.state(), state);
    assert_snapshot!(run, @"
    exit code 2
    --- stdout ---
    diff --git a/lefthook.yml b/lefthook.yml
    new file mode 100644
    --- /dev/null
    +++ b/lefthook.yml
    @@ -0,0 +1,5 @@
    +# Made by `flakepart init lefthook`. `lefthook install` has git run it.
    +pre-commit:
    +  jobs:
    +    - name: flakepart
    +      run: flakepart check --staged
    --- stderr ---
    error: nobody is there to be asked, so nothing was changed

    hint: pass --yes to apply it, or --dry-run to see it only
    ");
}

#[test]
fn a_hook_is_added_behind_those_of_pre_commit() {
    let ours = "# ours\nrepos:\n- repo: local\n  hooks:\n  - id: it\n    name: it\n    entry: it\n    language: system\n\n# all\nfail_fast: true\n";
    assert_snapshot!(shown("pre-commit", ".pre-commit-config.yaml", ours), @"
    diff --git a/.pre-commit-config.yaml b/.pre-commit-config.yaml
    --- a/.pre-commit-config.yaml
    +++ b/.pre-commit-config.yaml
    @@ -6,6 +6,10 @@
         name: it
         entry: it
         language: system
    +- repo: https://github.com/flakepart/flakepart
    +  rev: v0.1.0
    +  hooks:
    +    - id: flakepart
     
     # all
     fail_fast: true
    ");
    let deeper =
        "default_stages: [pre-commit]\nrepos:\n    - repo: meta\n      hooks:\n          - id: identity";
    assert_snapshot!(shown("pre-commit", ".pre-commit-config.yaml", deeper), @r"
    diff --git a/.pre-commit-config.yaml b/.pre-commit-config.yaml
    --- a/.pre-commit-config.yaml
    +++ b/.pre-commit-config.yaml
    @@ -2,4 +2,8 @@
     repos:
         - repo: meta
           hooks:
    -          - id: identity
    \ No newline at end of file
    +          - id: identity
    +    - repo: https://github.com/flakepart/flakepart
    +      rev: v0.1.0
    +      hooks:
    +        - id: flakepart
    ");
}

#[test]
fn a_hook_is_added_to_those_of_lefthook_in_their_form() {
    let commands = "pre-commit:\n  parallel: true\n  commands:\n    it:\n      run: it\npre-push:\n  jobs:\n    - run: it\n";
    assert_snapshot!(shown("lefthook", "lefthook.yml", commands), @"
    diff --git a/lefthook.yml b/lefthook.yml
    --- a/lefthook.yml
    +++ b/lefthook.yml
    @@ -3,6 +3,8 @@
       commands:
         it:
           run: it
    +    flakepart:
    +      run: flakepart check --staged
     pre-push:
       jobs:
         - run: it
    ");
    let jobs = "pre-commit:\n  jobs:\n    - run: |\n        it\n        # and that\n\n    # more\n";
    assert_snapshot!(shown("lefthook", ".lefthook.yaml", jobs), @"
    diff --git a/.lefthook.yaml b/.lefthook.yaml
    --- a/.lefthook.yaml
    +++ b/.lefthook.yaml
    @@ -3,5 +3,7 @@
         - run: |
             it
             # and that
    +    - name: flakepart
    +      run: flakepart check --staged
     
         # more
    ");
    let other = "pre-push:\r\n  jobs:\r\n    - run: it\r\n";
    assert!(shown("lefthook", "lefthook.yml", other).contains("+      run: flakepart check --staged\r\n"));
}

#[test]
fn direnv_watches_what_it_does_not_yet() {
    let repo = Repo::agent_boxes();
    assert_eq!(repo.flakepart(&["split", "--all", "--yes", "--no-verify"]).code, Some(0));
    repo.write(
        ".envrc",
        "# watch_file nix/agents/_inputs/flake.lock\nwatch_file nix/dev/_inputs/flake.lock\nuse flake . --impure\n",
    );
    repo.commit();
    assert_snapshot!(repo.flakepart(&["init", "direnv"]), @"
    exit code 1
    --- stdout ---
    diff --git a/.envrc b/.envrc
    --- a/.envrc
    +++ b/.envrc
    @@ -1,3 +1,4 @@
     # watch_file nix/agents/_inputs/flake.lock
     watch_file nix/dev/_inputs/flake.lock
    +watch_file nix/agents/_inputs/flake.nix nix/agents/_inputs/flake.lock
     use flake . --impure
    --- stderr ---

    flakepart: .envrc is yours, so nothing was written; `flakepart init direnv | git apply` adds this
    ");
}

#[test]
fn a_job_is_added_to_those_of_gitlab() {
    let diff = shown("gitlab", ".gitlab-ci.yml", "build:\n  script: make\n\n");
    assert!(
        diff.contains("@@\n build:\n   script: make\n \n+# Made by `flakepart init gitlab`.\n+flakepart:\n"),
        "{diff}"
    );
}

#[test]
fn where_the_place_is_not_certain_the_lines_are_told() {
    let theirs = [
        ("hk", "hk.pkl", "amends \"hk.base.pkl\"\n"),
        ("pre-commit", ".pre-commit-config.yaml", "repos: []\n"),
        ("lefthook", "lefthook.toml", "[pre-commit]\nparallel = true\n"),
        ("github", ".github/workflows/flakepart.yml", "# flakepart gate\nname: something else\n"),
    ];
    for (what, path, text) in theirs {
        let repo = with(path, text);
        let state = repo.state();
        let run = repo.flakepart(&["init", what, "--yes"]);
        assert_eq!((run.code, repo.state()), (Some(1), state), "{run}");
        assert_eq!(
            run.stderr,
            format!("\nflakepart: {path} is yours: add to it what it lacks of this; nothing was written\n")
        );
        assert!(run.stdout.contains("flakepart"), "{run}");
    }
}

#[test]
fn a_hook_for_git_hooks_nix_is_a_module_to_save() {
    let repo = Repo::agent_boxes();
    let run = repo.flakepart(&["init", "git-hooks-nix"]);
    assert_eq!(run.code, Some(1), "{run}");
    repo.write("nix/hook.nix", &run.stdout);
    repo.commit();
    let again = repo.flakepart(&["init", "git-hooks-nix"]);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), "flakepart: nix/hook.nix has it already\n"));
}

#[test]
fn another_workflow_that_has_it_will_do() {
    let repo = with(".github/workflows/ci.yaml", "jobs:\n  it:\n    steps:\n      - run: flakepart gate\n");
    let run = repo.flakepart(&["init", "github"]);
    assert_eq!(run.stderr, "flakepart: .github/workflows/ci.yaml has it already\n");
}

#[test]
fn a_flake_in_a_folder_is_named_from_the_top_of_the_repository() {
    let flake = "{ outputs = _: { }; }\n";
    for what in ALL {
        let repo = Repo::new(&[("some/folder/flake.nix", flake)]);
        let run = repo.flakepart(&["init", what, "some/folder", "--yes"]);
        assert!(matches!((what, run.code), ("git-hooks-nix", Some(1)) | (_, Some(0))), "{run}");
        assert!(run.stdout.contains("some/folder"), "{run}");
        let beside = repo.path().join("some/folder").read_dir().unwrap().count();
        assert_eq!(beside, if matches!(what, "direnv" | "config") { 2 } else { 1 }, "{what}");
    }
    let repo = Repo::new(&[("it's $(here)/flake.nix", flake)]);
    assert_snapshot!(repo.flakepart(&["init", "hk", "it's $(here)", "--yes"]), @"
    exit code 2
    --- stderr ---
    error: the folder `it's $(here)` has a name that scripts would have to quote

    hint: rename it, or write the hook or job by hand
    ");
}

#[test]
fn a_file_that_is_a_link_is_left_alone() {
    let repo = Repo::agent_boxes();
    std::os::unix::fs::symlink("/nix/store/of-git-hooks.json", repo.path().join(".pre-commit-config.yaml"))
        .unwrap();
    let state = repo.state();
    let run = repo.flakepart(&["init", "pre-commit", "--yes"]);
    assert_eq!(repo.state(), state);
    assert_snapshot!(run, @"
    exit code 2
    --- stderr ---
    error: .pre-commit-config.yaml is a symbolic link, and flakepart takes only plain files here

    hint: replace the link by the file it leads to
    ");
}

#[test]
fn a_folder_without_git_gets_the_same() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("flake.nix"), "{ outputs = _: { }; }\n").unwrap();
    let mut command = isolated(env!("CARGO_BIN_EXE_flakepart"), folder.path());
    let output = command.args(["init", "github", "--yes"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(folder.path().join(".github/workflows/flakepart.yml").is_file());
}

#[test]
fn the_settings_set_nothing_and_are_right_where_somebody_takes_their_comments_away() {
    let repo = Repo::agent_boxes();
    repo.flakepart(&["init", "config", "--yes"]);
    let check = |text: &str| {
        repo.write("flakepart.toml", text);
        repo.flakepart(&["check"])
    };
    let written = repo.read("flakepart.toml");
    let as_written = check(&written);
    assert_eq!((as_written.code, as_written.stdout.as_str()), (Some(0), ""), "{as_written}");
    let is_setting = |rest: &&str| rest.starts_with(|first: char| first.is_ascii_lowercase() || first == '[');
    let lines = written.lines().map(|line| line.strip_prefix('#').filter(is_setting).unwrap_or(line));
    // What it then finds in the fixture depends on the day; what it cannot read it ends with 2.
    let without_comments = check(&lines.collect::<Vec<_>>().join("\n"));
    assert_eq!(without_comments.code, Some(1), "{without_comments}");
    assert!(without_comments.stdout.contains("error[input-denied]"), "{without_comments}");
}

#[test]
fn our_own_workflow_is_the_one_that_is_written() {
    let repo = Repo::agent_boxes();
    repo.flakepart(&["init", "github", "--yes"]);
    let theirs = repo.read(".github/workflows/flakepart.yml");
    let action = format!("flakepart/flakepart@v{}", env!("CARGO_PKG_VERSION"));
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = std::fs::read_to_string(project.join(".github/workflows/flakepart.yml")).unwrap();
    let below = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(below(&theirs).replace(&action, "./"), below(&ours));
}
