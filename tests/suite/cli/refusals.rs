//! Bad input: a clear error with file and line, exit code 2, and not one byte written.

use std::fmt::Write as _;

use insta::assert_snapshot;

use crate::relocation::{CASES, repository};
use crate::support::Repo;

/// What `split` says of a repository that it must not touch.
fn refused(repo: &Repo, arguments: &[&str]) -> String {
    let before = repo.state();
    let run = repo.flakepart(&[&["split", "--yes", "--no-verify"], arguments].concat());
    assert_eq!(repo.state(), before, "something was written");
    assert_eq!((run.code, run.stdout.len()), (Some(2), 0), "{}", run.stderr);
    run.stderr
}

/// The same, for the fixture with one file written anew.
fn refused_with(path: &str, text: impl AsRef<[u8]>) -> String {
    let repo = Repo::agent_boxes();
    repo.write(path, text);
    repo.commit();
    refused(&repo, &[])
}

fn fixture(path: &str) -> String {
    std::fs::read_to_string(format!("{}/testdata/agent-boxes/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn no_flake_nix() {
    let repo = Repo::new(&[("README.md", "")]);
    let said = refused(&repo, &[]).replace(repo.path().to_str().unwrap(), "REPOSITORY");
    assert_snapshot!(said, @"
    error: no flake.nix in REPOSITORY or in a folder above it

    hint: name the flake's folder: `flakepart COMMAND path/to/flake`
    ");
}

#[test]
fn a_folder_below_a_flake_s_own() {
    let repo = Repo::agent_boxes();
    std::fs::create_dir_all(repo.path().join("a/b")).unwrap();
    let mut said = String::new();
    for folder in ["nix", "a/b", "a/../nix", "gone"] {
        said += &refused(&repo, &[folder]);
    }
    assert_snapshot!(said, @"
    error: nix has no flake.nix

    hint: the flake above it is `.`: name that, or run this in the folder and name none
    error: a/b has no flake.nix

    hint: the flake above it is `.`: name that, or run this in the folder and name none
    error: a/../nix has no flake.nix

    hint: the flake above it is `a/..`: name that, or run this in the folder and name none
    error: cannot read gone: No such file or directory (os error 2)

    hint: name a folder with a flake.nix, or a lock file where one serves, too
    ");
}

#[test]
fn a_flake_nix_that_git_does_not_track() {
    let repo = Repo::new(&[]);
    repo.write("flake.nix", fixture("flake.nix"));
    assert_snapshot!(refused(&repo, &[]), @"
    error: flake.nix is not tracked by git, so Nix does not see it

    hint: `git add -N flake.nix` makes it known
    ");
}

#[test]
fn a_flake_nix_or_lock_that_is_a_link() {
    let mut said = String::new();
    for file in ["flake.nix", "flake.lock"] {
        let repo = Repo::agent_boxes();
        repo.git(&["mv", file, "elsewhere"]);
        std::os::unix::fs::symlink("elsewhere", repo.path().join(file)).unwrap();
        repo.commit();
        writeln!(said, "{}", refused(&repo, &[])).unwrap();
    }
    assert_snapshot!(said, @"
    error: flake.nix is a symbolic link, and flakepart takes only plain files here

    hint: replace the link by the file it leads to

    error: flake.lock is a symbolic link, and flakepart takes only plain files here

    hint: replace the link by the file it leads to
    ");
}

#[test]
fn no_lock() {
    let repo = Repo::agent_boxes();
    repo.git(&["rm", "-q", "flake.lock"]);
    repo.commit();
    assert_snapshot!(refused(&repo, &[]), @"
    error: flake.lock: no such file

    hint: `nix flake lock` makes it
    ");
}

#[test]
fn a_lock_that_is_too_large_is_not_read() {
    let repo = Repo::agent_boxes();
    // It takes no room on the disk, and more than any machine has in memory.
    std::fs::File::create(repo.path().join("large.lock")).unwrap().set_len(8 << 40).unwrap();
    let run = repo.flakepart(&["analyze", "large.lock"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert_snapshot!(run.stderr, @"
    error: large.lock: larger than 256 MiB

    hint: restore flake.lock from git, or delete it and run `nix flake lock`
    ");
}

#[test]
fn a_lock_that_is_no_json() {
    assert_snapshot!(refused_with("flake.lock", "nodes: []\n"), @"
    error: flake.lock:1:2: not valid JSON: expected value

    hint: restore flake.lock from git, or delete it and run `nix flake lock`
    ");
}

#[test]
fn a_lock_with_conflict_markers() {
    let lock = fixture("flake.lock").replacen(
        "  \"root\": \"root\",\n",
        "<<<<<<< HEAD\n  \"root\": \"root\",\n=======\n  \"root\": \"r\",\n>>>>>>> theirs\n",
        1,
    );
    assert_snapshot!(refused_with("flake.lock", lock), @"
    error: flake.lock:352:1: conflict markers of an unfinished merge

    hint: take one side (`git checkout --ours flake.lock`, or `--theirs`), then run `nix flake lock`
    ");
}

#[test]
fn a_lock_of_another_version() {
    let mut said = String::new();
    for version in [4, 8] {
        let lock = fixture("flake.lock").replace("\"version\": 7", &format!("\"version\": {version}"));
        writeln!(said, "{}", refused_with("flake.lock", lock)).unwrap();
    }
    assert_snapshot!(said, @"
    error: flake.lock:353:3: unsupported version 4

    hint: written by a Nix from before 2020, and refused by those since: delete it and run `nix flake lock`

    error: flake.lock:353:3: unsupported version 8

    hint: versions 5, 6 and 7 are known; a newer flakepart may read it
    ");
}

#[test]
fn a_flake_nix_that_nix_refuses() {
    let mut said = String::new();
    for (from, to) in [
        ("inputs = {", "inputs = import ./inputs.nix // {"),
        ("  outputs =", "  outcome ="),
        ("inputs.nixpkgs.follows = \"nixpkgs\";", "inputs.nixpkgs.follows = \"nix\" + \"pkgs\";"),
        ("  inputs = {", "  inputs = {{"),
        ("flake = false;", "flake = \"no\";"),
    ] {
        let text = fixture("flake.nix");
        assert!(text.contains(from), "{from}");
        writeln!(said, "## {to}\n{}", refused_with("flake.nix", text.replacen(from, to, 1))).unwrap();
    }
    assert_snapshot!(said, @r#"
    ## inputs = import ./inputs.nix // {
    error: flake.nix:4: `inputs` must be an attribute set, written out: Nix evaluates nothing here

    hint: Nix refuses it, too: `nix flake metadata` shows how

    ##   outcome =
    error: flake.nix:32: the flake has an unsupported attribute `outcome`

    hint: Nix refuses it, too: `nix flake metadata` shows how

    ## inputs.nixpkgs.follows = "nix" + "pkgs";
    error: flake.nix:17: `inputs.treefmt-nix.inputs.nixpkgs.follows` is computed; Nix evaluates nothing here and wants a literal

    hint: Nix refuses it, too: `nix flake metadata` shows how

    ##   inputs = {{
    error: flake.nix:4:13: syntax error: unexpected `{`, expected a name

    hint: `nix-instantiate --parse FILE` shows what Nix makes of it

    ## flake = "no";
    error: flake.nix:26: `pi-mono.flake` must be `true` or `false`

    hint: Nix refuses it, too: `nix flake metadata` shows how
    "#);
}

#[test]
fn an_input_that_does_not_exist() {
    assert_snapshot!(refused(&Repo::agent_boxes(), &["--input", "hermes-agnet"]), @"
    error: flake.nix: no input `hermes-agnet` is declared here

    hint: did you mean `hermes-agent`?
    ");
}

#[test]
fn an_input_that_has_to_stay_at_the_root() {
    let mut said = String::new();
    for input in ["nixpkgs", "systems", "flake-parts"] {
        writeln!(said, "## {input}\n{}", refused(&Repo::agent_boxes(), &["--input", input])).unwrap();
    }
    assert_snapshot!(said, @"
    ## nixpkgs
    error: flake.nix:5: nixpkgs cannot move: flake-parts makes `pkgs` from it
           nix/pkgs.nix:6: nixpkgs cannot move: any output may need it: `pkgs` holds it, which imported flakeModules read, too
           flake.nix:5: nixpkgs cannot move: flake-parts, treefmt-nix follow it

    hint: `flakepart why nixpkgs` shows every place that needs it

    ## systems
    error: flake.nix:37: systems cannot move: any output may need it: `systems` depends on it
           flake.nix:37: systems cannot move: flake.nix takes it from the arguments of `outputs`, which stay the root's inputs
           flake.nix:12: systems cannot move: hermes-agent follows it

    hint: `flakepart why systems` shows every place that needs it

    ## flake-parts
    error: flake.nix:34: flake-parts cannot move: any output may need it: it makes the flake's outputs as a whole
           flake.nix:34: flake-parts cannot move: flake.nix takes it from the arguments of `outputs`, which stay the root's inputs

    hint: `flakepart why flake-parts` shows every place that needs it
    ");
}

#[test]
fn what_flake_nix_takes_itself_stays_whichever_output_it_feeds() {
    let repo =
        Repo::agent_boxes_with("flake.nix", "inputs.systems;", "inputs.systems ++ inputs.pi-mono.more;");
    let run = repo.flakepart(&["split", "--dry-run", "--input", "pi-mono"]);
    assert_snapshot!(run, @"
    exit code 2
    --- stderr ---
    error: flake.nix:37: pi-mono cannot move: flake.nix takes it from the arguments of `outputs`, which stay the root's inputs

    hint: let the module take them: `mkFlake { inherit inputs; } ({ inputs, ... }: { … })`
    ");
}

#[test]
fn an_input_that_two_partitions_need() {
    let repo = Repo::agent_boxes();
    for input in ["pi-mono", "treefmt-nix"] {
        let run = repo.flakepart(&["split", "--yes", "--no-verify", "--input", input]);
        assert_eq!(run.code, Some(0), "{run}");
        repo.commit();
    }
    repo.write(
        "nix/check-hermes.nix",
        "{ inputs, ... }:
{
  perSystem = { system, ... }: { checks.hermes = inputs.hermes-agent.packages.${system}.default; };
}
",
    );
    repo.commit();
    assert_snapshot!(refused(&repo, &["--input", "hermes-agent"]), @"
    error: `apps` comes from partition `pi-mono`, and `checks` from partition `dev`

    hint: an input cannot be in two partitions; at the root both have it
    ");
}

#[test]
fn a_folder_that_computed_imports_read() {
    let repo = repository(&CASES[1]);
    repo.replace("flake.nix", "imports = [", "imports = inputs.lib.filesBelow ./nix ++ [");
    repo.commit();
    assert_snapshot!(refused(&repo, &["--input", "pi-mono"]), @"
    error: flake.nix:38: `imports` is computed from ./nix, and may take nix/pi-mono/flake.nix for a module

    hint: choose another folder: `--folder DIR`
    ");
    let run = repo.flakepart(&["split", "--dry-run", "--input", "pi-mono", "--folder", "boxes"]);
    assert_eq!(run.code, Some(1), "{run}");
}

#[test]
fn a_partition_that_is_not_to_be_joined() {
    let repo = Repo::agent_boxes();
    let run =
        repo.flakepart(&["split", "--yes", "--no-verify", "--input", "pi-mono", "--partition", "sources"]);
    assert_eq!(run.code, Some(0), "{run}");
    repo.replace("nix/sources/partition.nix", "./_inputs", "toString ./_inputs");
    repo.commit();
    assert_snapshot!(refused(&repo, &["--input", "hermes-agent"]), @"
    error: nix/sources/partition.nix:10: partition `sources` has no nested flake and lock that flakepart can read

    hint: `extraInputsFlake` has to be the path of a folder with a flake.nix and a flake.lock
    ");
}

#[test]
fn a_partition_name_that_is_none() {
    let repo = Repo::agent_boxes();
    let mut said = String::new();
    for name in ["../x", "a b", "_x", "2x", ""] {
        let refused = refused(&repo, &["--input", "hermes-agent", "--partition", name]);
        writeln!(said, "\n## {name:?}\n{refused}").unwrap();
    }
    assert_snapshot!(said, @r#"

    ## "../x"
    error: `../x` is no name for a partition

    hint: begin with a letter, and use letters, digits, `-` and `_`


    ## "a b"
    error: `a b` is no name for a partition

    hint: begin with a letter, and use letters, digits, `-` and `_`


    ## "_x"
    error: `_x` is no name for a partition

    hint: begin with a letter, and use letters, digits, `-` and `_`


    ## "2x"
    error: `2x` is no name for a partition

    hint: begin with a letter, and use letters, digits, `-` and `_`


    ## ""
    error: `` is no name for a partition

    hint: begin with a letter, and use letters, digits, `-` and `_`
    "#);
}

#[test]
fn a_folder_outside_of_the_flake_or_in_sight_of_import_tree() {
    let repo = Repo::agent_boxes();
    let mut said = String::new();
    for folder in ["../x", "/tmp/x", "nix/inputs", ".", "flake.nix/x", "nix/_a b"] {
        writeln!(said, "## {folder}\n{}", refused(&repo, &["--folder", folder])).unwrap();
    }
    assert_snapshot!(said, @"
    ## ../x
    error: the folder ../x is not inside of the flake

    hint: name one below the flake's own: `--folder dev/_inputs`

    ## /tmp/x
    error: the folder /tmp/x is not inside of the flake

    hint: name one below the flake's own: `--folder dev/_inputs`

    ## nix/inputs
    error: import-tree would import nix/inputs/flake.nix as a module

    hint: import-tree passes over names with a leading `_`: `--folder nix/_inputs`

    ## .
    error: the folder . is not inside of the flake

    hint: name one below the flake's own: `--folder dev/_inputs`

    ## flake.nix/x
    error: flake.nix exists already

    hint: choose another folder: `--folder DIR`

    ## nix/_a b
    error: `nix/_a b` cannot be the folder of a nested flake

    hint: use letters, digits, `.`, `_`, `-` and `+`
    ");
}

#[test]
fn files_with_uncommitted_changes() {
    let repo = Repo::agent_boxes();
    repo.replace("flake.nix", "description", "# mine\n  description");
    assert_snapshot!(refused(&repo, &[]), @"
    error: uncommitted changes in flake.nix

    hint: commit or stash them first, or pass --allow-dirty
    ");
}

#[test]
fn a_file_that_git_does_not_track_where_a_new_one_goes() {
    let repo = Repo::agent_boxes();
    repo.write("nix/agents/partition.nix", "{ }\n");
    assert_snapshot!(refused(&repo, &["--allow-dirty"]), @"
    error: nix/agents/partition.nix is in the way: it exists, and git does not track it

    hint: move it away, or choose another folder: `--folder DIR`
    ");
}

#[test]
fn a_flake_without_flake_parts() {
    let repo = Repo::new(&[
        (
            "flake.nix",
            "{\n  inputs.heavy.url = \"github:a/heavy\";\n  outputs = { self, heavy }: { packages = heavy.packages; };\n}\n",
        ),
        (
            "flake.lock",
            r#"{"nodes":{"heavy":{"locked":{"narHash":"sha256-x","owner":"a","repo":"heavy","rev":"0123456789012345678901234567890123456789","type":"github"},"original":{"owner":"a","repo":"heavy","type":"github"}},"root":{"inputs":{"heavy":"heavy"}}},"root":"root","version":7}"#,
        ),
    ]);
    assert_snapshot!(refused(&repo, &["--input", "heavy"]), @"
    error: flake.nix: this flake does not use flake-parts, and partitions are a feature of flake-parts

    hint: it would take `outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } …`
    ");
}

#[test]
fn a_generated_flake_nix_that_hands_its_outputs_on() {
    let lock = fixture("flake.lock");
    let mut said = String::new();
    for head in ["", "# DO-NOT-EDIT. This file was auto-generated using github:vic/flake-file.\n"] {
        for file in ["./.", "./outputs.nix"] {
            let flake = fixture("flake.nix");
            let (inputs, _) = flake.split_once("  outputs =").unwrap();
            let flake = format!("{head}{inputs}  outputs = inputs: import {file} inputs;\n}}\n");
            let repo = Repo::new(&[("flake.nix", &flake), ("flake.lock", &lock)]);
            said += &refused(&repo, &[]);
        }
    }
    assert_snapshot!(said, @"
    error: flake.nix: flake.nix hands its outputs on to ./default.nix, and flakepart reads `mkFlake` in flake.nix only

    hint: if it calls `mkFlake`, call that in flake.nix instead: `outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } …`
    error: flake.nix: flake.nix hands its outputs on to ./outputs.nix, and flakepart reads `mkFlake` in flake.nix only

    hint: if it calls `mkFlake`, call that in flake.nix instead: `outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } …`
    error: flake.nix: flake.nix hands its outputs on to ./default.nix, and flakepart reads `mkFlake` in flake.nix only

    hint: flake.nix is generated besides, so that an edit would not last: change what it is generated from (with flake-file, the `flake-file.outputs` and `flake-file.inputs` options)
    error: flake.nix: flake.nix hands its outputs on to ./outputs.nix, and flakepart reads `mkFlake` in flake.nix only

    hint: flake.nix is generated besides, so that an edit would not last: change what it is generated from (with flake-file, the `flake-file.outputs` and `flake-file.inputs` options)
    ");
}

#[test]
fn flake_parts_without_import_tree() {
    let repo = Repo::agent_boxes_with(
        "flake.nix",
        "inputs.import-tree ./nix",
        "{ imports = [ ./nix/hermesbox.nix ]; }",
    );
    assert_snapshot!(refused(&repo, &["--input", "pi-mono", "--attr", "packages"]), @"
    error: nix/pi-agent.nix:11: pi-mono cannot move: any output may need it: flakepart does not see who imports nix/pi-agent.nix

    hint: `flakepart why pi-mono` shows every place that needs it
    ");
}

#[test]
fn flags_that_do_not_exist() {
    assert_snapshot!(refused(&Repo::agent_boxes(), &["--inputs", "pi-mono"]), @"
    error: unexpected argument '--inputs' found

      tip: a similar argument exists: '--input'

    Usage: flakepart split --yes --no-verify --input <NAME> [FLAKE]

    For more information, try '--help'.
    ");
}

#[test]
fn on_a_terminal_what_is_long_is_wrapped() {
    let repo = Repo::agent_boxes();
    let arguments = "split --input treefmt-nix --input nixpkgs";
    let Some(shown) = repo.flakepart_on_a_terminal(60, arguments) else { return };
    assert_snapshot!(shown, @"
    error: flake.nix:5: nixpkgs cannot move: flake-parts makes
           `pkgs` from it
           flake.nix:5: nixpkgs cannot move: flake-parts follows
           it

    hint: `flakepart why nixpkgs` shows every place that needs
          it
    ");
}

#[test]
fn a_module_that_is_a_link_is_refused_before_a_plan_is_shown() {
    let repo = Repo::agent_boxes();
    repo.git(&["mv", "nix/treefmt.nix", "src/treefmt.nix"]);
    std::os::unix::fs::symlink("../src/treefmt.nix", repo.path().join("nix/treefmt.nix")).unwrap();
    repo.commit();
    let planned = repo.flakepart(&["split", "--input", "treefmt-nix", "--dry-run"]);
    assert_snapshot!(planned, @"
    exit code 2
    --- stderr ---
    error: nix/treefmt.nix is a symbolic link, and flakepart takes only plain files here

    hint: replace the link by the file it leads to
    ");
}
