//! `flakepart check`: every rule, by a flake that breaks it.

use insta::assert_snapshot;

use super::findings::{shadowing, split};
use crate::support::{Repo, isolated};

#[test]
fn a_flake_is_in_order_before_and_after_a_split() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["check"]), @"
    exit code 0
    --- stderr ---
    flakepart: the work tree is in order
    ");
    assert_snapshot!(split().flakepart(&["check"]), @"
    exit code 0
    --- stderr ---
    flakepart: the work tree is in order
    ");
}

#[test]
fn what_is_staged_is_judged_not_what_lies_around() {
    let repo = Repo::agent_boxes();
    repo.replace("flake.nix", "pi-mono = {", "pi-mono-2 = {");
    assert_eq!(repo.flakepart(&["check"]).code, Some(1));
    assert_eq!(repo.flakepart(&["check", "--staged"]).code, Some(0));
    repo.git(&["add", "flake.nix"]);
    repo.replace("flake.nix", "pi-mono-2 = {", "pi-mono = {");
    assert_eq!(repo.flakepart(&["check"]).code, Some(0));
    assert_snapshot!(repo.flakepart(&["check", "--staged"]), @"
    exit code 1
    --- stdout ---
    error[input-not-declared]: `pi-mono` is in flake.lock, but flake.nix does not
    declare it
      --> flake.lock
      help: `nix flake lock`
    error[input-not-locked]: `pi-mono-2` is declared, but flake.lock does not have
    it
      --> flake.nix:26
      help: `nix flake lock`
    ");
}

#[test]
fn a_follows_that_flake_nix_says_otherwise() {
    let repo = Repo::agent_boxes();
    repo.replace(
        "flake.nix",
        r#"systems.url = "git+https://git.example/nix-systems/default""#,
        r#"systems.follows = "hermes-agent/systems""#,
    );
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    error[follows-differ]: flake.nix has `systems` follow `hermes-agent/systems`,
    flake.lock has it follow nothing
      --> flake.nix:12
      help: `nix flake lock`
    ");
}

#[test]
fn a_follows_of_an_input_that_there_is_not() {
    let repo = Repo::agent_boxes();
    repo.replace("flake.nix", r#"nixpkgs.follows = "nixpkgs""#, r#"nixpkgs.follows = "nixpgks""#);
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    error[follows-differ]: flake.nix has `treefmt-nix/nixpkgs` follow `nixpgks`,
    flake.lock has it follow `nixpkgs`
      --> flake.nix:15
      help: flake.nix has no input `nixpgks`; did you mean `nixpkgs`?
    ");
}

#[test]
fn a_lock_in_other_bytes_and_with_nodes_that_nothing_leads_to() {
    let repo = Repo::agent_boxes();
    let nix = repo.read("flake.lock");
    repo.write("flake.lock", nix.replace("  \"version\": 7", "  \"version\":  7"));
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    warning[lock-not-canonical]: Nix would write this lock in other bytes
      --> flake.lock
      help: `flakepart lock normalize --write`
    ");
    let unreachable = r#"  "nodes": {
    "zombie": { "locked": { "narHash": "sha256-x", "path": "/x", "type": "path" }, "original": { "path": "/x", "type": "path" } },"#;
    repo.write("flake.lock", nix.replace("  \"nodes\": {", unreachable));
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    warning[lock-unreachable]: 1 node that no input leads to: zombie
      --> flake.lock
      help: Nix never removes them by itself: `flakepart lock normalize --write`
    ");
}

#[test]
fn a_follows_in_the_lock_that_leads_nowhere() {
    let repo = Repo::agent_boxes();
    repo.replace(
        "flake.lock",
        "\"systems\": [\n          \"systems\"\n",
        "\"systems\": [\n          \"gone\"\n",
    );
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    error[lock-dangling]: input `hermes-agent/systems` follows a non-existent input
    `gone`
      --> flake.lock:51
      help: `nix flake lock` mends it, if flake.nix is right
    error[follows-differ]: flake.nix has `hermes-agent/systems` follow `systems`,
    flake.lock has it follow `gone`
      --> flake.nix:22
      help: `nix flake lock`
    ");
}

#[test]
fn a_partition_that_nix_cannot_load() {
    let repo = split();
    repo.git(&["rm", "-q", "--cached", "nix/agents/_inputs/flake.lock"]);
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    error[partition-incomplete]: partition `agents` has no
    nix/agents/_inputs/flake.lock that Nix sees
      --> nix/agents/partition.nix:10
      help: `nix flake lock ./nix/agents/_inputs`, then `git add nix/agents/_inputs`
    ");
    assert_eq!(repo.flakepart(&["check", "--staged"]).code, Some(1));
}

#[test]
fn a_partition_in_a_folder_that_is_not_there() {
    let repo = split();
    repo.replace("nix/agents/partition.nix", "./_inputs", "./_input");
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    error[partition-incomplete]: partition `agents` has no
    nix/agents/_input/flake.nix that Nix sees
      --> nix/agents/partition.nix:10
      help: `git add nix/agents/_input`, or correct the path
    warning[partition-unwired]: no partition has the nested flake in
    nix/agents/_inputs
      --> nix/agents/_inputs/flake.nix
      help: `partitions.NAME.extraInputsFlake` names it; else `git rm -r
            nix/agents/_inputs`
    ");
}

#[test]
fn a_partition_that_import_tree_reads() {
    let repo = split();
    repo.git(&["mv", "nix/agents/_inputs", "nix/agents/inputs"]);
    repo.replace("nix/agents/partition.nix", "./_inputs", "./inputs");
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    error[partition-visible]: import-tree imports nix/agents/inputs/flake.nix as a
    module
      --> nix/agents/partition.nix:10
      help: import-tree passes over folders with a leading `_`: rename it
    ");
}

#[test]
fn an_output_routed_to_a_partition_that_nothing_defines() {
    let repo = split();
    repo.replace("nix/agents/partition.nix", "apps = \"agents\"", "apps = \"agent\"");
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    error[partition-undefined]: `apps` comes from partition `agent`, which nothing
    defines
      --> nix/agents/partition.nix:6
      help: define `partitions.agent`, or correct the name
    ");
}

#[test]
fn a_pin_that_the_root_has_left_behind() {
    let repo = split();
    let rev = "36243fd710f60384734551dc73e4ab559688e57f";
    repo.replace("flake.lock", rev, &rev.replace('3', "4"));
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    error[pin-drift]: `root-systems` is 36243fd710, but the root's `systems` is
    46244fd710
      --> nix/agents/_inputs/flake.lock
      help: `flakepart sync` gives it the same revision
    ");
}

#[test]
fn a_nested_input_that_hides_the_root_s() {
    let repo = split();
    shadowing(&repo);
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 0
    --- stderr ---
    flakepart: the work tree is in order
    ");
    // Only now does it make a difference which of the two it is.
    let rev = "36243fd710f60384734551dc73e4ab559688e57f";
    repo.replace("flake.lock", rev, &rev.replace('3', "4"));
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    warning[pin-shadows]: `systems` hides the root's input of that name in partition
    `agents`, and is another revision
      --> nix/agents/_inputs/flake.lock
      help: declare it as `root-systems` there, and point the follows at that name
    ");
}

#[test]
fn every_code_has_a_heading_in_the_docs() {
    let docs = include_str!("../../../docs/findings.md");
    let headings: Vec<&str> = docs.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let codes: Vec<&str> = flakepart::finding::Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(headings, codes);
}

#[test]
fn a_commit_is_judged_by_what_it_touches() {
    let repo = Repo::agent_boxes();
    repo.write("nix/broken.nix", "{ inputs, ... : { }\n");
    repo.replace("flake.lock", "\"version\": 7", "\"version\":  7");
    repo.commit();
    repo.write("README.md", "new");
    repo.git(&["add", "README.md"]);
    assert_snapshot!(repo.flakepart(&["check", "--staged"]), @"
    exit code 0
    --- stderr ---
    flakepart: the index is in order
    ");
    repo.write("nix/other.nix", "{ }\n");
    repo.git(&["add", "nix/other.nix"]);
    assert_snapshot!(repo.flakepart(&["check", "--staged"]), @"
    exit code 0
    --- stderr ---
    flakepart: the index is in order
    ");
    repo.replace("nix/broken.nix", "{ }", "{ x = inputs.nixpkgs; }");
    repo.git(&["add", "nix/broken.nix"]);
    assert_snapshot!(repo.flakepart(&["check", "--staged"]), @"
    exit code 1
    --- stdout ---
    warning[unreadable-code]: not read: syntax error: unexpected `:`, expected `}`
      --> nix/broken.nix:1
    ");
    // Files that are named are judged as they lie there.
    assert_snapshot!(repo.flakepart(&["check", "README.md", "flake.lock"]), @"
    exit code 1
    --- stdout ---
    warning[lock-not-canonical]: Nix would write this lock in other bytes
      --> flake.lock
      help: `flakepart lock normalize --write`
    ");
}

#[test]
fn a_file_that_is_broken_on_purpose_is_no_matter_of_locks() {
    let repo = Repo::agent_boxes();
    repo.write("tests/parser/no-colon.nix", "{ lib, ... }\n");
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 0
    --- stderr ---
    flakepart: the work tree is in order
    ");
    repo.write("tests/parser/no-colon.nix", "{ partitionedAttrs.checks = \"dev\"\n");
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    warning[unreadable-code]: not read: syntax error: unexpected end of file,
    expected `;`
      --> tests/parser/no-colon.nix:2
    ");
    repo.write("tests/parser/no-colon.nix", "{ nixpkgs, ... }\n");
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    warning[unreadable-code]: not read: syntax error: unexpected end of file,
    expected `:`
      --> tests/parser/no-colon.nix:2
    ");
}

#[test]
fn a_name_that_no_file_has_is_not_in_order() {
    let repo = Repo::agent_boxes();
    assert_snapshot!(repo.flakepart(&["check", "flake.nix", "flake.lokc"]), @"
    exit code 2
    --- stderr ---
    error: there is no file `flake.lokc`

    hint: name the flake's folder first, if any, then files
    ");
    assert_snapshot!(repo.flakepart(&["check", "nix/agent"]), @"
    exit code 2
    --- stderr ---
    error: there is no file `nix/agent`

    hint: name the flake's folder first, if any, then files
    ");
    assert_snapshot!(repo.flakepart(&["check", "flake.nix", "nix"]), @"
    exit code 2
    --- stderr ---
    error: there is no file `nix`

    hint: name the flake's folder first, if any, then files
    ");
    // A hook may name what the commit takes away, or what is staged and gone again.
    repo.git(&["rm", "-q", "nix/treefmt.nix"]);
    repo.write("nix/new.nix", "{ }\n");
    repo.git(&["add", "nix/new.nix"]);
    std::fs::remove_file(repo.path().join("nix/new.nix")).unwrap();
    let run = repo.flakepart(&["check", "--staged", "nix/treefmt.nix", "nix/new.nix"]);
    assert_snapshot!(run, @"
    exit code 0
    --- stderr ---
    flakepart: the index is in order
    ");
}

#[test]
fn without_git_nothing_is_staged() {
    let repo = Repo::agent_boxes();
    std::fs::remove_dir_all(repo.path().join(".git")).unwrap();
    let run = repo.flakepart(&["check", "--staged"]);
    let hint = run.stderr.lines().find(|line| line.starts_with("hint"));
    assert_snapshot!(hint.unwrap(), @"hint: only git knows revisions and what is staged; `check` without `--staged` and `verify --before DIR` need no git");
    assert_eq!(run.code, Some(2));
    assert_eq!(repo.flakepart(&["check"]).code, Some(0));
}

#[test]
fn with_a_merge_unfinished_there_is_nothing_to_judge() {
    let repo = Repo::agent_boxes();
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.replace("flake.nix", "description = \"", "description = \"ours: ");
    repo.git(&["commit", "-q", "-a", "-m", "ours"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.replace("flake.nix", "description = \"", "description = \"theirs: ");
    repo.git(&["commit", "-q", "-a", "-m", "theirs"]);
    let merge = isolated("git", repo.path()).args(["merge", "-q", "topic"]).output().unwrap();
    assert!(!merge.status.success());
    assert_snapshot!(repo.flakepart(&["check", "--staged"]), @"
    exit code 2
    --- stderr ---
    error: flake.nix is not merged yet, so git has nothing to commit

    hint: decide how flake.nix shall be, then `git add` it
    ");
}

#[test]
fn settings_that_are_a_link_are_refused() {
    let repo = Repo::agent_boxes();
    std::os::unix::fs::symlink("../settings.toml", repo.path().join("flakepart.toml")).unwrap();
    repo.git(&["add", "flakepart.toml"]);
    let run = repo.flakepart(&["check"]);
    assert_eq!(run.to_string(), repo.flakepart(&["check", "--staged"]).to_string());
    assert_snapshot!(run, @"
    exit code 2
    --- stderr ---
    error: flakepart.toml is a symbolic link, and flakepart takes only plain files here

    hint: replace the link by the file it leads to
    ");
}

#[test]
fn new_settings_judge_everything() {
    let repo = Repo::agent_boxes();
    repo.write("flakepart.toml", "[budget.root]\nnodes = 16\n");
    repo.git(&["add", "flakepart.toml"]);
    assert_snapshot!(repo.flakepart(&["check", "--staged"]), @"
    exit code 1
    --- stdout ---
    error[over-budget]: 17 nodes; the budget is 16
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    ");
}

#[test]
fn a_file_that_goes_takes_along_what_made_others_right() {
    let repo = split();
    repo.git(&["rm", "-q", "nix/agents/partition.nix"]);
    assert_snapshot!(repo.flakepart(&["check", "--staged"]), @"
    exit code 1
    --- stdout ---
    warning[partition-unwired]: no partition has the nested flake in
    nix/agents/_inputs
      --> nix/agents/_inputs/flake.nix
      help: `partitions.NAME.extraInputsFlake` names it; else `git rm -r
            nix/agents/_inputs`
    ");
}

#[test]
fn a_hook_judges_the_commit_that_git_is_about_to_make() {
    let repo = Repo::agent_boxes();
    let program = env!("CARGO_BIN_EXE_flakepart");
    repo.write(".git/hooks/pre-commit", format!("#!/bin/sh\nexec {program} check --staged\n"));
    let hook = repo.path().join(".git/hooks/pre-commit");
    std::fs::set_permissions(hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    repo.replace("flake.nix", "pi-mono = {", "pi-mono-2 = {");
    repo.write("README.md", "new");
    repo.git(&["add", "README.md"]);
    // git makes an index of its own for `commit FILE`, and another for `commit -a`.
    repo.git(&["commit", "-q", "-m", "only this", "README.md"]);
    let commit = |arguments: &[&str]| {
        let output = isolated("git", repo.path()).args(arguments).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let said = "error[input-not-declared]: `pi-mono` is in flake.lock, but flake.nix does not";
    for arguments in [&["commit", "-q", "-a", "-m", "x"][..], &["commit", "-q", "-m", "x", "flake.nix"]] {
        let (done, text) = commit(arguments);
        assert_eq!((done, text.lines().next()), (false, Some(said)), "{arguments:?}");
    }
    repo.replace("flake.nix", "pi-mono-2 = {", "pi-mono = {");
    assert!(commit(&["commit", "-q", "--allow-empty", "-a", "-m", "x"]).0);
}

#[test]
fn a_fix_mends_what_needs_no_nix_and_leaves_the_rest() {
    let repo = split();
    let rev = "36243fd710f60384734551dc73e4ab559688e57f";
    repo.replace("flake.lock", rev, &rev.replace('3', "4"));
    repo.replace("flake.lock", "\"version\": 7", "\"version\":  7");
    repo.replace("nix/agents/partition.nix", "apps = \"agents\"", "apps = \"agent\"");
    repo.commit();
    assert_snapshot!(repo.flakepart(&["check", "--fix"]), @"
    exit code 1
    --- stdout ---
    error[partition-undefined]: `apps` comes from partition `agent`, which nothing
    defines
      --> nix/agents/partition.nix:6
      help: define `partitions.agent`, or correct the name
    --- stderr ---
    flakepart: 2 of 3 mended in flake.lock, nix/agents/_inputs/flake.lock
    ");
    assert_snapshot!(repo.git(&["diff", "--stat"]), @"
    flake.lock                    | 2 +-
    nix/agents/_inputs/flake.lock | 2 +-
    2 files changed, 2 insertions(+), 2 deletions(-)
    ");
    assert_snapshot!(repo.flakepart(&["check", "--fix"]), @"
    exit code 1
    --- stdout ---
    error[partition-undefined]: `apps` comes from partition `agent`, which nothing
    defines
      --> nix/agents/partition.nix:6
      help: define `partitions.agent`, or correct the name
    ");
}

#[test]
fn an_input_that_comes_back_to_the_root_is_told_with_its_weight() {
    let repo = split();
    // By hand, as it was before the split, and the partition still there.
    for file in ["flake.nix", "flake.lock"] {
        repo.git(&["checkout", "-q", "HEAD~1", "--", file]);
    }
    assert_snapshot!(repo.flakepart(&["check", "--staged"]), @"
    exit code 1
    --- stdout ---
    warning[heavy-input]: `hermes-agent` brings 11 nodes to the root, though
    partition `agents` has it
      --> flake.nix:22
      help: remove it from the root: partition `agents` declares it
    warning[heavy-input]: `pi-mono` brings 1 node to the root, though partition
    `agents` has it
      --> flake.nix:26
      help: remove it from the root: partition `agents` declares it
    ");
    // Where no partition has it, one could.
    repo.git(&["rm", "-rqf", "nix/agents"]);
    assert_snapshot!(repo.flakepart(&["check", "--staged"]), @"
    exit code 1
    --- stdout ---
    warning[heavy-input]: `hermes-agent` brings 11 nodes to the root, and only apps,
    packages need it
      --> flake.nix:22
      help: `flakepart split --input hermes-agent` moves it into a partition
    ");
}

/// A flake of inputs, each declared in some form, and locked with what Nix 2.8 or 2.26 writes of that.
fn declared_as(forms: &[(&str, &str)]) -> Repo {
    let (mut flake, mut nodes, mut root) = (String::new(), String::new(), Vec::new());
    for (number, (declared, original)) in forms.iter().enumerate() {
        flake.push_str(&format!("  inputs.i{number}{declared};\n"));
        nodes.push_str(&format!(
            r#""i{number}": {{ "locked": {{ "type": "path", "path": "/x", "narHash": "sha256-x" }}, "original": {original} }}, "#
        ));
        root.push(format!(r#""i{number}": "i{number}""#));
    }
    let lock = format!(
        r#"{{ "nodes": {{ {nodes}"root": {{ "inputs": {{ {} }} }} }}, "root": "root", "version": 7 }}"#,
        root.join(", ")
    );
    let levels = "[levels]\nlock-not-canonical = \"off\"\n";
    let flake = format!("{{\n{flake}  outputs = _: {{ }};\n}}\n");
    Repo::new(&[("flake.nix", &flake), ("flake.lock", &lock), ("flakepart.toml", levels)])
}

#[test]
fn what_nix_writes_in_another_way_is_no_other_reference() {
    let (small, large) =
        ("abcdef0123456789abcdef0123456789abcdef01", "ABCDEF0123456789ABCDEF0123456789ABCDEF01");
    let github = r#""type": "github", "owner": "a", "repo": "b""#;
    let rev = (format!(".url = \"github:a/b/{large}\""), format!(r#"{{ {github}, "rev": "{small}" }}"#));
    let repo = declared_as(&[
        (
            r#".url = "https://flakehub.com/f/NixOS/nixpkgs/0.1.*.tar.gz""#,
            r#"{ "type": "tarball", "url": "https://flakehub.com/f/NixOS/nixpkgs/0.1.%2A.tar.gz" }"#,
        ),
        (r#".url = "git+https://x.org/a,b""#, r#"{ "type": "git", "url": "https://x.org/a%2Cb" }"#),
        (r#".url = "git+https://x.org/a?host=x""#, r#"{ "type": "git", "url": "https://x.org/a?host=x" }"#),
        (
            r#".url = "https://x.org/a.tar.gz?ref=x""#,
            r#"{ "type": "tarball", "url": "https://x.org/a.tar.gz?ref=x" }"#,
        ),
        (
            r#".url = "git+https://x.org/a?ref=x&ref=y""#,
            r#"{ "type": "git", "url": "https://x.org/a", "ref": "x" }"#,
        ),
        (r#".url = "path:///x""#, r#"{ "type": "path", "path": "/x" }"#),
        (r#".url = "github:a//b""#, &format!("{{ {github} }}")),
        (r#".url = "github:a/b?dir=""#, &format!("{{ {github} }}")),
        (&rev.0, &rev.1),
        (
            r#" = { type = "git"; url = "https://x.org/a.tar.gz"; }"#,
            r#"{ "type": "git", "url": "https://x.org/a.tar.gz" }"#,
        ),
        (
            r#" = { type = "github"; owner = "a"; repo = "b"; narHash = "sha256-x"; }"#,
            &format!(r#"{{ {github}, "narHash": "sha256-x" }}"#),
        ),
    ]);
    let run = repo.flakepart(&["check"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run}");
}

#[test]
fn what_is_only_intended_to_be_added_is_no_part_of_the_commit() {
    let repo = Repo::agent_boxes();
    // A split tells git of its new files and stages nothing.
    repo.flakepart(&["split", "--yes", "--no-verify"]);
    assert_eq!(repo.flakepart(&["check", "--staged"]).code, Some(0));
    repo.git(&["add", "nix/agents/partition.nix"]);
    assert_snapshot!(repo.flakepart(&["check", "--staged"]), @"
    exit code 1
    --- stdout ---
    error[partition-incomplete]: partition `agents` has no
    nix/agents/_inputs/flake.nix that Nix sees
      --> nix/agents/partition.nix:10
      help: `git add nix/agents/_inputs`, or correct the path
    ");
}
