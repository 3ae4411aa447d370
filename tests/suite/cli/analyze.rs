//! `flakepart analyze`

use insta::assert_snapshot;

use crate::support::Repo;

#[test]
fn a_person_sees_what_is_heavy_and_what_to_do() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["analyze"]));
}

#[test]
fn a_program_gets_the_contract_s_json() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["analyze", "--format", "json"]));
}

#[test]
fn two_runs_print_the_same_bytes() {
    let repo = Repo::agent_boxes();
    for format in ["human", "json"] {
        let run = || repo.flakepart(&["analyze", "--format", format]).stdout;
        assert_eq!(run(), run());
    }
}

#[test]
fn lines_fit_into_80_columns() {
    let run = Repo::agent_boxes().flakepart(&["analyze"]);
    let longest = run.stdout.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(80), "{longest:?}\n{}", run.stdout);
}

#[test]
fn a_narrow_terminal_is_made_do_with() {
    let repo = Repo::agent_boxes();
    // A path that is wider than the room beside the bars.
    let module = repo.read("nix/hermesbox.nix");
    repo.write("nix/agents/of/hermes/packages/box.nix", module);
    repo.git(&["rm", "-q", "nix/hermesbox.nix"]);
    repo.commit();
    let Some(shown) = repo.flakepart_on_a_terminal(60, "analyze") else { return };
    assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
    let table = shown.split("Proposed").next().unwrap();
    assert_snapshot!(table, @"
    flake.lock: 17 nodes, 7 inputs, 9.8 KiB, 4 lossless
    duplicates

      input         owns        used by
      hermes-agent    11  ████  apps, packages, indirectly
          overlays (nix/agents/of/hermes/packages/box.nix:8)
      flake-parts      1  █     maybe any output (flake.nix:34)
      import-tree      1  █     maybe any output (flake.nix:35)
      pi-mono          1  █     apps, packages, indirectly
                                overlays (nix/pi-agent.nix:11)
      treefmt-nix      1  █     checks, devShells, formatter;
                                imported by all
                                (nix/treefmt.nix:4)
      nixpkgs          0        maybe any output
                                (nix/pkgs.nix:6)
      systems          0        indirectly apps, overlays,
                                packages, maybe any output
                                (flake.nix:37)
      owns: nodes that leave the lock with this input
      indirectly: by way of `self`, or of an input that follows
      it
      lossless duplicates: locked again with the same content
      and the same inputs

    NixOS/nixpkgs is locked at 2 revisions; `flakepart why
    NixOS/nixpkgs` shows which inputs bring them
    ");
}

#[test]
fn code_that_may_take_any_input_is_placed_once_for_all() {
    let repo = Repo::agent_boxes();
    repo.write("nix/pi-agent.nix", "{ inputs, ... }: { flake.names = builtins.attrNames inputs; }\n");
    repo.write("nix/hermesbox.nix", "{ inputs, ... }: { flake.all = builtins.attrValues inputs; }\n");
    repo.commit();
    let run = repo.flakepart(&["analyze"]).stdout;
    assert_snapshot!(run.split("\n\n").nth(1).unwrap(), @"
    input         owns              used by
    hermes-agent    11  ██████████  maybe all, names (unnamed)
    flake-parts      1  █           maybe any output (flake.nix:34 +2)
    import-tree      1  █           maybe any output (flake.nix:35 +2)
    pi-mono          1  █           maybe all, names (unnamed)
    treefmt-nix      1  █           checks, devShells, formatter, maybe all,
                                    names; imported by all (nix/treefmt.nix:4 +2)
    nixpkgs          0              maybe any output (nix/pkgs.nix:6 +2)
    systems          0              maybe any output (flake.nix:37 +2)
    owns: nodes that leave the lock with this input
    unnamed: no code names it, but that at nix/hermesbox.nix:1 +1 may take any
    input
    lossless duplicates: locked again with the same content and the same inputs
    ");
}

#[test]
fn what_is_split_is_shown_as_a_partition() {
    let repo = Repo::agent_boxes();
    repo.flakepart(&["split", "--yes", "--no-verify"]);
    assert_snapshot!(repo.flakepart(&["analyze"]));
}

#[test]
fn a_lock_on_its_own_is_analyzed_without_its_code() {
    let repo = Repo::agent_boxes();
    let lock = repo.read("flake.lock");
    repo.write("other.lock", &lock);
    let from_file = repo.flakepart(&["analyze", "other.lock"]);
    assert_snapshot!(from_file);
    let from_input = repo.flakepart_with_input(&["analyze", "-"], &lock);
    assert_eq!(from_input.stdout, from_file.stdout.replace("other.lock", "standard input"));
    let unread = repo.flakepart(&["analyze", "--no-usage"]);
    assert_eq!(unread.stdout, from_file.stdout.replace("other.lock", "flake.lock"));
}

#[test]
fn the_flake_is_found_upwards() {
    let repo = Repo::agent_boxes();
    let here = repo.flakepart(&["analyze"]).stdout;
    let mut below = crate::support::isolated(env!("CARGO_BIN_EXE_flakepart"), &repo.path().join("nix"));
    let output = below.arg("analyze").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), here);
}

#[test]
fn a_file_that_cannot_be_read_keeps_all_inputs_at_the_root() {
    let repo = Repo::agent_boxes();
    repo.write("nix/broken.nix", "{ inputs, ... }: { x = inputs.hermes-agent +; }\n");
    repo.commit();
    assert_snapshot!(repo.flakepart(&["analyze"]));
}

#[test]
fn an_input_that_nothing_uses_is_told() {
    let repo = Repo::agent_boxes();
    repo.write("nix/pi-agent.nix", "{ }\n");
    repo.commit();
    let run = repo.flakepart(&["analyze", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let input = json["inputs"].as_array().unwrap().iter().find(|input| input["name"] == "pi-mono").unwrap();
    assert_eq!(input["usage"], "unused");
    let findings = json["findings"].as_array().unwrap();
    let unused = findings.iter().find(|finding| finding["code"] == "input-unused").unwrap();
    assert_eq!((&unused["file"], &unused["line"]), (&"flake.nix".into(), &26.into()));
}

/// A lock of one input, which is at this revision.
fn small_lock(revision: &str) -> String {
    let source = serde_json::json!({ "owner": "o", "repo": "r", "rev": revision, "type": "github" });
    let original = serde_json::json!({ "owner": "o", "repo": "r", "type": "github" });
    let nodes = serde_json::json!({
        "root": { "inputs": { "r": "r" } }, "r": { "locked": source, "original": original },
    });
    serde_json::json!({ "nodes": nodes, "root": "root", "version": 7 }).to_string()
}

#[test]
fn several_are_analyzed_at_once() {
    let repo = Repo::new(&[
        ("a.lock", &small_lock("1")),
        ("b.lock", &small_lock("2")),
        ("flake.nix", "{\n  inputs.r.url = \"github:o/r\";\n  outputs = _: { };\n}\n"),
        ("flake.lock", &small_lock("3")),
    ]);
    assert_snapshot!(repo.flakepart(&["analyze", "a.lock", ".", "b.lock"]), @"
    exit code 0
    --- stdout ---
    a.lock: 1 node, 1 input, 183 B

      input  owns              used by
      r         1  █           not known
      owns: nodes that leave the lock with this input

    warning[lock-not-canonical]: Nix would write this lock in other bytes
      --> a.lock
      help: `flakepart lock normalize --write a.lock`

    flake.lock: 1 node, 1 input, 183 B

      input  owns              used by
      r         1  █           nothing
      owns: nodes that leave the lock with this input

    No split yet: this flake does not use flake-parts, and partitions are a feature
    of flake-parts
      hint: it would take `outputs = inputs: inputs.flake-parts.lib.mkFlake {
            inherit inputs; } …`

    Without partitions
      r
          no code names it: remove it if nothing needs it

    warning[lock-not-canonical]: Nix would write this lock in other bytes
      --> flake.lock
      help: `flakepart lock normalize --write`

    b.lock: 1 node, 1 input, 183 B

      input  owns              used by
      r         1  █           not known
      owns: nodes that leave the lock with this input

    warning[lock-not-canonical]: Nix would write this lock in other bytes
      --> b.lock
      help: `flakepart lock normalize --write b.lock`
    ");
    let both = repo.flakepart(&["analyze", "a.lock", "b.lock", "--format", "json"]);
    let documents: Vec<serde_json::Value> =
        both.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let alone = ["a.lock", "b.lock"].map(|lock| -> serde_json::Value {
        serde_json::from_str(&repo.flakepart(&["analyze", lock, "--format", "json"]).stdout).unwrap()
    });
    assert_eq!(documents, alone);
}

#[test]
fn one_broken_lock_of_several_does_not_hide_the_others() {
    let repo = Repo::new(&[("a.lock", ""), ("b.lock", &small_lock("2")), ("c.lock", "{}")]);
    assert_snapshot!(repo.flakepart(&["analyze", "a.lock", "b.lock", "c.lock", "gone.lock"]), @"
    exit code 2
    --- stdout ---
    b.lock: 1 node, 1 input, 183 B

      input  owns              used by
      r         1  █           not known
      owns: nodes that leave the lock with this input

    warning[lock-not-canonical]: Nix would write this lock in other bytes
      --> b.lock
      help: `flakepart lock normalize --write b.lock`
    --- stderr ---
    error: a.lock:1:1: not valid JSON: it is empty

    hint: a.lock is taken for a lock, and is none that Nix wrote: name a flake.lock, or the folder of a flake
    error: c.lock: no `version`

    hint: c.lock is taken for a lock, and is none that Nix wrote: name a flake.lock, or the folder of a flake
    error: cannot read gone.lock: No such file or directory (os error 2)

    hint: name a folder with a flake.nix, or a lock file where one serves, too
    ");
}

#[test]
fn devenv_lock_is_a_lock_like_any_other() {
    let repo = Repo::new(&[
        ("sub/devenv.yaml", "inputs:\n  r:\n    url: github:o/r\n"),
        ("sub/devenv.lock", &small_lock("1")),
    ]);
    assert_snapshot!(repo.flakepart(&["analyze", "sub/devenv.lock"]), @"
    exit code 0
    --- stdout ---
    sub/devenv.lock: 1 node, 1 input, 183 B

      input  owns              used by
      r         1  █           not known
      owns: nodes that leave the lock with this input

    warning[lock-not-canonical]: Nix would write this lock in other bytes
      --> sub/devenv.lock
      help: `flakepart lock normalize --write sub/devenv.lock`
    ");
    assert_snapshot!(repo.flakepart(&["lock", "normalize", "sub/devenv.lock"]), @r#"
    exit code 0
    --- stdout ---
    {
      "nodes": {
        "r": {
          "locked": {
            "owner": "o",
            "repo": "r",
            "rev": "1",
            "type": "github"
          },
          "original": {
            "owner": "o",
            "repo": "r",
            "type": "github"
          }
        },
        "root": {
          "inputs": {
            "r": "r"
          }
        }
      },
      "root": "root",
      "version": 7
    }
    "#);
    // Its folder is no flake.
    assert_snapshot!(repo.flakepart(&["analyze", "sub"]), @"
    exit code 2
    --- stderr ---
    error: sub has no flake.nix

    hint: to read the lock on its own: `flakepart analyze sub/devenv.lock`
    ");
    for arguments in [&["analyze"][..], &["analyze", "."]] {
        let mut there = crate::support::isolated(env!("CARGO_BIN_EXE_flakepart"), &repo.path().join("sub"));
        let stderr = String::from_utf8(there.args(arguments).output().unwrap().stderr).unwrap();
        let hint = "\nhint: to read the lock on its own: `flakepart analyze devenv.lock`\n";
        assert!(stderr.ends_with(hint), "{stderr}");
    }
}

#[test]
fn a_flake_without_flake_parts_is_told_what_else_would_help() {
    let node = |repo: &str, rev: u32, inputs: &str| {
        format!(
            r#"{{ "inputs": {{{inputs}}}, "locked": {{ "lastModified": 1, "narHash": "sha256-{rev:043}=", "owner": "o", "repo": "{repo}", "rev": "{rev:040}", "type": "github" }}, "original": {{ "owner": "o", "repo": "{repo}", "type": "github" }} }}"#
        )
    };
    let lock = format!(
        r#"{{ "nodes": {{ "box": {}, "fmt": {}, "left": {}, "nixpkgs": {}, "nixpkgs_2": {}, "root": {{ "inputs": {{ "box": "box", "fmt": "fmt", "left": "left", "nixpkgs": "nixpkgs_2" }} }} }}, "root": "root", "version": 7 }}"#,
        node("box", 1, r#""nixpkgs": "nixpkgs""#),
        node("fmt", 2, r#""nixpkgs": ["nixpkgs"]"#),
        node("left", 3, ""),
        node("nixpkgs", 4, ""),
        node("nixpkgs", 5, ""),
    );
    let flake = r#"{
  inputs = {
    box.url = "github:o/box";
    fmt = { url = "github:o/fmt"; inputs.nixpkgs.follows = "nixpkgs"; };
    left.url = "github:o/left";
    nixpkgs.url = "github:o/nixpkgs";
  };
  outputs = { nixpkgs, box, fmt, ... }: {
    packages.x86_64-linux = nixpkgs.lib.recurseIntoAttrs box.packages.x86_64-linux;
    formatter.x86_64-linux = fmt.lib.mkWrapper nixpkgs.legacyPackages.x86_64-linux { };
  };
}
"#;
    let repo = Repo::new(&[("flake.nix", flake), ("flake.lock", &lock)]);
    assert_eq!(repo.flakepart(&["lock", "normalize", "--write"]).code, Some(0));
    assert_snapshot!(repo.flakepart(&["analyze"]), @r#"
    exit code 0
    --- stdout ---
    flake.lock: 5 nodes, 4 inputs, 2.1 KiB

      input    owns              used by
      box         2  ██          packages (flake.nix:9)
      fmt         1  █           formatter (flake.nix:10)
      left        1  █           nothing
      nixpkgs     0              formatter, packages (flake.nix:9 +1)
      owns: nodes that leave the lock with this input

    o/nixpkgs is locked at 2 revisions; `flakepart why o/nixpkgs` shows which inputs
    bring them

    No split yet: this flake does not use flake-parts, and partitions are a feature
    of flake-parts
      hint: it would take `outputs = inputs: inputs.flake-parts.lib.mkFlake {
            inherit inputs; } …`

    Without partitions
      box
          it brings its own nixpkgs: `inputs.nixpkgs.follows = "nixpkgs"` would
          share this flake's
      fmt
          only formatter needs it: in a flake of its own, such as ./dev, consumers
          would not lock it
      left
          no code names it: remove it if nothing needs it
    "#);
}

#[test]
fn a_flake_without_inputs_needs_no_lock() {
    let repo = Repo::new(&[("flake.nix", "{\n  outputs = _: { lib.x = 1; };\n}\n")]);
    assert_snapshot!(repo.flakepart(&["analyze"]), @"
    exit code 0
    --- stdout ---
    flake.lock: none is needed, since flake.nix declares no inputs
    ");
    let json = repo.flakepart(&["analyze", "--format", "json", "--no-usage"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["lock"]["nodes"], &json["lock"]["bytes"]), (&0.into(), &0.into()));
    for arguments in [
        &["graph"][..],
        &["diff", ".", "."],
        &["lock", "normalize"],
        &["check"],
        &["gate", "--max-nodes", "0", "--max-bytes", "0"],
    ] {
        let run = repo.flakepart(arguments);
        assert_eq!(run.code, Some(0), "{arguments:?} {run}");
    }
}

#[test]
fn a_lock_that_is_missing_is_told_alike_by_all() {
    let repo =
        Repo::new(&[("sub/flake.nix", "{\n  inputs.r.url = \"github:o/r\";\n  outputs = _: { };\n}\n")]);
    let mut said = std::collections::BTreeSet::new();
    for arguments in [
        &["analyze", "sub"][..],
        &["analyze", "sub", "--no-usage"],
        &["why", "r", "sub"],
        &["graph", "sub"],
        &["lock", "normalize", "sub"],
        &["lock", "prune", "sub", "--input", "r"],
        &["diff", "sub", "HEAD"],
        &["check", "sub"],
        &["gate", "sub", "--max-nodes", "1"],
        &["split", "sub", "--dry-run"],
    ] {
        said.insert(repo.flakepart(arguments).to_string());
    }
    assert_snapshot!(said.into_iter().collect::<Vec<_>>().join("\n"), @"
    exit code 2
    --- stderr ---
    error: sub/flake.lock: no such file

    hint: `nix flake lock` makes it
    ");
}

#[test]
fn a_broken_lock_of_a_flake_is_placed_from_here() {
    let repo = Repo::new(&[("sub/flake.nix", "{ outputs = _: { }; }\n"), ("sub/flake.lock", "{}")]);
    for arguments in [
        &["analyze", "sub"][..],
        &["analyze", "sub", "--no-usage"],
        &["graph", "sub"],
        &["gate", "sub", "--max-nodes", "1"],
    ] {
        let run = repo.flakepart(arguments);
        assert!(run.stderr.starts_with("error: sub/flake.lock: no `version`\n"), "{run}");
    }
}

#[test]
fn a_flake_below_that_the_code_names_is_said_not_to_be_read() {
    let repo = Repo::agent_boxes();
    repo.write(
        "nix/templates.nix",
        "{\n  # not ../templates/gone\n  flake.templates.rust.path = ../templates/rust; # ../templates/c\n}\n",
    );
    for folder in ["rust", "gone", "c", "unnamed"] {
        let flake = "{ inputs.x.url = \"github:o/x\"; outputs = { pi-mono, ... }: pi-mono; }\n";
        repo.write(&format!("templates/{folder}/flake.nix"), flake);
    }
    repo.commit();
    let run = repo.flakepart(&["analyze"]).stdout;
    let told = run.split("\n\n").find(|part| part.contains("templates")).unwrap();
    assert_snapshot!(told, @"
    Not read: flakes of their own
      templates/rust (nix/templates.nix:3)
    ");
}
