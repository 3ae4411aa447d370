//! `flakepart split`, without Nix: what it plans, shows and writes.

use insta::assert_snapshot;

use crate::support::{Repo, Run, isolated};

fn applied(repo: &Repo, arguments: &[&str]) -> Run {
    let run = repo.flakepart(&[&["split", "--yes", "--no-verify"], arguments].concat());
    assert_eq!(run.code, Some(0), "{run}");
    run
}

#[test]
fn a_dry_run_shows_the_diff_and_writes_nothing() {
    let repo = Repo::agent_boxes();
    let before = repo.state();
    assert_snapshot!(repo.flakepart(&["split", "--dry-run"]));
    assert_eq!(repo.state(), before);
}

#[test]
fn a_program_gets_the_plan_as_json() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["split", "--dry-run", "--format", "json"]));
}

#[test]
fn the_diff_is_exactly_what_is_applied() {
    let by_git = Repo::agent_boxes();
    let diff = by_git.flakepart(&["split", "--dry-run"]).stdout;
    by_git.write("../the.diff", &diff);
    let patch = by_git.path().join("../the.diff");
    by_git.git(&["apply", patch.to_str().unwrap()]);
    std::fs::remove_file(patch).unwrap();
    by_git.git(&["add", "-N", "."]);

    let by_flakepart = Repo::agent_boxes();
    let run = applied(&by_flakepart, &[]);
    assert_eq!(run.stdout, diff);
    assert_eq!(by_flakepart.state(), by_git.state());
}

#[test]
fn git_knows_the_new_files_and_nothing_is_staged() {
    let repo = Repo::agent_boxes();
    applied(&repo, &[]);
    assert_snapshot!(repo.git(&["status", "--porcelain"]), @r"
     M flake.lock
     M flake.nix
     A nix/agents/_inputs/flake.lock
     A nix/agents/_inputs/flake.nix
     A nix/agents/partition.nix
    ");
    assert_eq!(repo.git(&["diff", "--cached"]), "");
}

#[test]
fn the_undo_that_it_prints_undoes_it() {
    let repo = Repo::agent_boxes();
    let before = repo.state();
    // A module moves, too.
    let run = applied(&repo, &["--all"]);
    let undo = run.stderr.lines().find_map(|line| line.trim().strip_prefix("undo: ")).unwrap();
    let status = isolated("sh", repo.path()).args(["-c", undo]).status().unwrap();
    assert!(status.success(), "{undo}");
    assert_eq!(repo.state(), before);
}

#[test]
fn a_second_split_has_nothing_to_do() {
    let repo = Repo::agent_boxes();
    applied(&repo, &["--all"]);
    let before = repo.state();
    for arguments in
        [&["split"][..], &["split", "--all"], &["split", "--dry-run"], &["split", "--input", "hermes-agent"]]
    {
        let run = repo.flakepart(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run}");
        assert!(run.stderr.starts_with("flakepart: nothing to do"), "{run}");
    }
    assert_eq!(repo.state(), before);
}

#[test]
fn name_folder_and_outputs_can_be_chosen() {
    let repo = Repo::agent_boxes();
    let run = repo.flakepart(&[
        "split",
        "--dry-run",
        "--format",
        "json",
        "--input",
        "hermes-agent",
        "--partition",
        "heavy",
        "--attr",
        "overlays",
        "--folder",
        "nix/_heavy",
    ]);
    assert_snapshot!(run);
}

#[test]
fn without_anybody_to_ask_it_asks_for_yes() {
    let repo = Repo::agent_boxes();
    let before = repo.state();
    let run = repo.flakepart(&["split", "--no-verify"]);
    assert_eq!(run.code, Some(2));
    assert_snapshot!(run.stderr.lines().skip_while(|line| !line.starts_with("error")).collect::<Vec<_>>().join("\n"), @r"
    error: nobody is there to be asked, so nothing was changed

    hint: pass --yes to apply it, or --dry-run to see it only
    ");
    assert_eq!(repo.state(), before);
}

#[test]
fn without_nix_it_says_so_and_asks_for_no_verify() {
    let repo = Repo::agent_boxes();
    let before = repo.state();
    // A PATH with git and nothing else.
    let bin = tempfile::tempdir().unwrap();
    let git = isolated("sh", repo.path()).args(["-c", "command -v git"]).output().unwrap();
    let git = String::from_utf8(git.stdout).unwrap();
    std::os::unix::fs::symlink(git.trim(), bin.path().join("git")).unwrap();
    let mut command = isolated(env!("CARGO_BIN_EXE_flakepart"), repo.path());
    let output = command.args(["split", "--yes"]).env("PATH", bin.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("--no-verify"), "{stderr}");
    assert_eq!(repo.state(), before);
}

#[test]
fn uncommitted_changes_are_kept_with_allow_dirty() {
    let repo = Repo::agent_boxes();
    repo.replace("flake.nix", "{\n  description", "# mine\n{\n  description");
    let before = repo.state();
    let run = repo.flakepart(&["split", "--yes", "--no-verify"]);
    assert_eq!(run.code, Some(2));
    assert_snapshot!(run, @"
    exit code 2
    --- stderr ---
    error: uncommitted changes in flake.nix

    hint: commit or stash them first, or pass --allow-dirty
    ");
    assert_eq!(repo.state(), before);
    applied(&repo, &["--allow-dirty"]);
    assert!(repo.read("flake.nix").starts_with("# mine\n"));
}

#[test]
fn a_change_elsewhere_is_no_obstacle() {
    let repo = Repo::agent_boxes();
    repo.replace("nix/treefmt.nix", "{", "# mine\n{");
    repo.write("notes.txt", "untracked\n");
    applied(&repo, &[]);
    assert_eq!(repo.read("notes.txt"), "untracked\n");
}

#[test]
fn when_one_file_cannot_be_written_none_is() {
    let repo = Repo::agent_boxes();
    // Where the nested flake's folder has to go lies a file that git does not see.
    repo.write(".gitignore", "nix/agents\n");
    repo.commit();
    repo.write("nix/agents", "in the way\n");
    let before = repo.state();
    let run = repo.flakepart(&["split", "--yes", "--no-verify"]);
    assert!(matches!(run.code, Some(2 | 3)), "{run}");
    assert!(run.stderr.contains("nix/agents"), "{run}");
    assert_eq!(repo.state(), before);
}

#[test]
fn an_output_to_route_that_nobody_knows_is_warned_of() {
    let repo = Repo::agent_boxes();
    repo.write("nix/own.nix", "{ flake.ownOutput = 1; }\n");
    repo.commit();
    let mut arguments = vec!["split", "--dry-run"];
    for attr in ["pakcages", "nope", "ownOutput", "checks"] {
        arguments.extend(["--attr", attr]);
    }
    let run = repo.flakepart(&arguments);
    let warnings = run.stderr.split_once("warning[attr").map(|(_, rest)| format!("warning[attr{rest}"));
    assert_snapshot!(warnings.unwrap(), @"
    warning[attr-unknown]: Nix knows no output `nope`, and no code of this flake
    names it
      help: right if the flakeModule of an input defines it; leave it out otherwise
    warning[attr-unknown]: Nix knows no output `pakcages`, and no code of this flake
    names it
      help: did you mean `packages`?
    ");
}

#[test]
fn what_watches_or_updates_the_lock_is_told_of_the_nested_one() {
    let repo = Repo::agent_boxes();
    repo.write(".envrc", "use flake\n");
    // A folder of such a name is not the nested flake.
    repo.write(
        "justfile",
        "# nix flake update, agents/_inputs\nupdate:\n    nix flake update --commit-lock-file\n",
    );
    repo.write(
        ".github/workflows/update.yml",
        "jobs:\n  update:\n    steps:\n      - uses: DeterminateSystems/update-flake-lock@v24\n",
    );
    repo.write(
        ".github/dependabot.yml",
        "version: 2\nupdates:\n  - package-ecosystem: cargo\n    directory: \"/\"\n  - package-ecosystem: \"nix\"\n    directory: /\n",
    );
    repo.write("renovate.json", "{ \"nix\": { \"enabled\": true } }\n");
    repo.commit();
    let run = repo.flakepart(&["split", "--dry-run"]);
    assert_snapshot!(run.stderr, @r#"

    Partition agents
      moves   hermes-agent, pi-mono
      routes  apps, packages
      into    nix/agents/_inputs: 13 nodes
      pins    root-systems = the root's systems, which a nested flake cannot follow
      root    17 -> 5 nodes
      edit    flake.lock
      edit    flake.nix
      create  nix/agents/_inputs/flake.lock
      create  nix/agents/_inputs/flake.nix
      create  nix/agents/partition.nix

    note[consumers-lose-inputs]: flakes that consume this one can no longer override
    or follow hermes-agent, pi-mono
      help: say so in your release notes: it is a breaking change for those who do
    note[update-nested]: `nix flake update` passes over
    nix/agents/_inputs/flake.lock
      help: `flakepart update` updates the root's lock and all of these, in CI too
    note[update-nested]: direnv does not watch nix/agents/_inputs/flake.lock
      --> .envrc:1
      help: add the line `watch_file nix/agents/_inputs/flake.nix
            nix/agents/_inputs/flake.lock`
    note[update-nested]: this passes over nix/agents/_inputs/flake.lock
      --> .github/dependabot.yml:5
      help: write `directories: ["/", "/nix/agents/_inputs"]` there instead of
            `directory`, and `flakepart sync`
    note[update-nested]: this passes over nix/agents/_inputs/flake.lock
      --> .github/workflows/update.yml:4
      help: add a step like it, `with:` `path-to-flake-dir: nix/agents/_inputs`
    note[update-nested]: this passes over nix/agents/_inputs/flake.lock
      --> justfile:3
      help: `flakepart update` instead updates all locks
    note[update-nested]: Renovate would update the aliases of
    nix/agents/_inputs/flake.nix by themselves
      --> renovate.json:1
      help: add to `packageRules`: `{ "matchManagers": ["nix"], "matchDepNames":
            ["root-*"], "enabled": false }`, and `flakepart sync` after updates
    "#);
    // Who has done what they were told is told nothing.
    repo.write(
        ".envrc",
        "use flake\nwatch_file nix/agents/_inputs/flake.nix nix/agents/_inputs/flake.lock\n",
    );
    repo.replace(".github/dependabot.yml", "directory: /", "directories: [\"/\", \"/nix/agents/_inputs\"]");
    repo.replace("renovate.json", "{ \"nix\"", "{ \"packageRules\": [{ \"matchManagers\": [\"nix\"], \"matchDepNames\": [\"root-*\"], \"enabled\": false }], \"nix\"");
    repo.commit();
    let again = repo.flakepart(&["split", "--dry-run"]);
    for file in [".envrc", "dependabot", "renovate"] {
        assert!(!again.stderr.contains(file), "{again}");
    }
}

#[test]
fn a_diff_tells_the_modes_of_what_goes() {
    let repo = Repo::agent_boxes();
    repo.flakepart(&["split", "--yes", "--no-verify", "--partition", "dev"]);
    repo.git(&["add", "-A"]);
    repo.git(&["update-index", "--chmod=+x", "nix/dev/partition.nix"]);
    repo.git(&["commit", "-q", "-m", "split"]);
    repo.git(&["checkout", "-q", "--force", "."]);
    let diff = repo.flakepart(&["merge", "dev", "--dry-run"]).stdout;
    let modes: Vec<&str> = diff.lines().filter(|line| line.contains(" mode ")).collect();
    assert_eq!(
        modes,
        ["deleted file mode 100644", "deleted file mode 100644", "deleted file mode 100755"],
        "{diff}"
    );
}
