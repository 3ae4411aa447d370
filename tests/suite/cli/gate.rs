//! `flakepart gate`

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Repo;

#[test]
fn a_lock_within_its_limits_passes() {
    let repo = Repo::agent_boxes();
    assert_snapshot!(repo.flakepart(&["gate", "--max-nodes", "17", "--max-bytes", "10118"]), @"
    exit code 0
    --- stdout ---
    flake.lock: 17 nodes, 9.8 KiB
    ");
}

#[test]
fn a_lock_beyond_its_limits_fails() {
    let repo = Repo::agent_boxes();
    assert_snapshot!(repo.flakepart(&["gate", "--max-nodes", "16", "--max-bytes", "9999"]), @"
    exit code 1
    --- stdout ---
    flake.lock: 17 nodes, 9.8 KiB
    error[over-budget]: 10118 bytes; the budget is 9999
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    error[over-budget]: 17 nodes; the budget is 16
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    ");
    assert_snapshot!(repo.flakepart(&["gate", "--max-nodes", "16", "--format", "json"]), @r#"
    exit code 1
    --- stdout ---
    {
      "schema": 1,
      "lock": {
        "nodes": 17,
        "bytes": 10118
      },
      "base": null,
      "limits": {
        "maxNodes": 16,
        "maxBytes": null,
        "maxNixpkgs": null,
        "maxDepth": null,
        "maxGrowth": null
      },
      "locks": [
        {
          "file": "flake.lock",
          "partition": null,
          "lock": {
            "nodes": 17,
            "bytes": 10118
          },
          "base": null,
          "limits": {
            "maxNodes": 16,
            "maxBytes": null,
            "maxNixpkgs": null,
            "maxDepth": null,
            "maxGrowth": null
          },
          "growth": []
        }
      ],
      "total": {
        "lock": {
          "nodes": 17,
          "bytes": 10118
        },
        "base": null
      },
      "findings": [
        {
          "code": "over-budget",
          "level": "error",
          "message": "17 nodes; the budget is 16",
          "file": "flake.lock",
          "line": null,
          "help": "`flakepart analyze` shows which input brings what"
        }
      ]
    }
    "#);
}

/// A lock with these root inputs, each with so many nodes: one below the other.
fn lock(inputs: &[(&str, usize)]) -> String {
    let mut nodes = serde_json::Map::new();
    let mut root = serde_json::Map::new();
    for (name, count) in inputs {
        root.insert((*name).to_owned(), json!(name));
        for number in 1..=*count {
            let key =
                |number: usize| if number == 1 { (*name).to_owned() } else { format!("{name}-{number}") };
            let below = if number < *count { json!({ "below": key(number + 1) }) } else { json!({}) };
            let locked = json!({ "narHash": format!("sha256-{name}{number}"), "path": "/a", "type": "path" });
            let original = json!({ "path": "/a", "type": "path" });
            nodes.insert(key(number), json!({ "inputs": below, "locked": locked, "original": original }));
        }
    }
    nodes.insert("root".to_owned(), json!({ "inputs": root }));
    json!({ "nodes": nodes, "root": "root", "version": 7 }).to_string()
}

/// A flake that declares these inputs.
fn flake(inputs: &[(&str, usize)]) -> String {
    let inputs: String =
        inputs.iter().map(|(name, _)| format!("  inputs.{name}.url = \"path:/a\";\n")).collect();
    format!("{{\n{inputs}  outputs = _: {{ }};\n}}\n")
}

/// A repository whose first commit, tagged `base`, has these inputs.
fn repo(inputs: &[(&str, usize)]) -> Repo {
    let repo = Repo::new(&[("flake.nix", &flake(inputs)), ("flake.lock", &lock(inputs))]);
    repo.git(&["tag", "base"]);
    repo
}

/// Writes these inputs, and commits that.
fn commit(repo: &Repo, subject: &str, inputs: &[(&str, usize)]) {
    repo.write("flake.nix", flake(inputs));
    repo.write("flake.lock", lock(inputs));
    repo.git(&["commit", "-q", "-a", "--allow-empty", "-m", subject]);
}

/// What a gate says, with the subjects of commits for their ids.
fn said(repo: &Repo, arguments: &[&str]) -> String {
    let mut said = repo.flakepart(&[&["gate"], arguments].concat()).to_string();
    for line in repo.git(&["log", "--all", "--abbrev=10", "--format=%h %s"]).lines() {
        let (id, subject) = line.split_once(' ').unwrap();
        said = said.replace(id, &format!("<{subject}>"));
    }
    said
}

#[test]
fn only_a_flake_with_flake_parts_is_told_to_split() {
    let repo = repo(&[("a", 2), ("flake-parts", 1)]);
    commit(&repo, "One more", &[("a", 3), ("flake-parts", 1)]);
    assert_snapshot!(said(&repo, &["--base", "base", "--max-growth", "0"]), @"
    exit code 1
    --- stdout ---
    flake.lock: 4 nodes, 607 B (base: 3 nodes, 476 B)
       +1  a  <One more> One more
    error[growth]: 1 more node than before (3 to 4), `a` alone 1; the budget is 0
      --> flake.nix:2
      help: look at <One more> (One more); `flakepart split --input a` may move it
            into a partition
    ");
}

#[test]
fn a_base_whose_lock_is_broken_lets_what_mends_it_through() {
    let repo = Repo::new(&[("flake.nix", &flake(&[("a", 2)])), ("flake.lock", "<<<<<<< HEAD\n")]);
    repo.git(&["tag", "base"]);
    commit(&repo, "Mend the lock", &[("a", 2)]);
    assert_snapshot!(said(&repo, &["--base", "base", "--max-growth", "0", "--max-nodes", "2"]), @"
    exit code 0
    --- stdout ---
    flake.lock: 2 nodes, 312 B
    --- stderr ---
    flakepart: nothing is compared with flake.lock of base (<state>): conflict markers of an unfinished merge
    ");
    assert_snapshot!(said(&repo, &["--base", "base", "--max-nodes", "1"]), @"
    exit code 1
    --- stdout ---
    flake.lock: 2 nodes, 312 B
    error[over-budget]: 2 nodes; the budget is 1
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    --- stderr ---
    flakepart: nothing is compared with flake.lock of base (<state>): conflict markers of an unfinished merge
    ");
}

#[test]
fn a_lock_that_is_a_link_is_refused() {
    let repo = repo(&[("a", 2)]);
    std::fs::rename(repo.path().join("flake.lock"), repo.path().join("other.lock")).unwrap();
    std::os::unix::fs::symlink("other.lock", repo.path().join("flake.lock")).unwrap();
    repo.git(&["add", "."]);
    repo.git(&["commit", "-q", "-m", "Link the lock"]);
    assert_snapshot!(said(&repo, &["--max-nodes", "2"]), @"
    exit code 2
    --- stderr ---
    error: flake.lock is a symbolic link, and flakepart takes only plain files here

    hint: replace the link by the file it leads to
    ");
}

#[test]
fn growth_is_counted_from_where_head_left_the_base() {
    let repo = repo(&[("a", 2)]);
    repo.git(&["checkout", "-q", "-b", "topic"]);
    commit(&repo, "One more", &[("a", 3)]);
    repo.git(&["checkout", "-q", "main"]);
    commit(&repo, "Five more", &[("a", 7)]);
    repo.git(&["checkout", "-q", "topic"]);
    assert_snapshot!(said(&repo, &["--base", "main", "--max-growth", "1"]), @"
    exit code 0
    --- stdout ---
    flake.lock: 3 nodes, 443 B (base: 2 nodes, 312 B)
       +1  a  <One more> One more
    ");
    assert_snapshot!(said(&repo, &["--base", "main", "--max-growth", "0"]), @"
    exit code 1
    --- stdout ---
    flake.lock: 3 nodes, 443 B (base: 2 nodes, 312 B)
       +1  a  <One more> One more
    error[growth]: 1 more node than before (2 to 3), `a` alone 1; the budget is 0
      --> flake.nix:2
      help: look at <One more> (One more); `flakepart analyze` shows which input
            brings what
    ");
}

#[test]
fn growth_is_blamed_on_the_input_and_the_commits_that_brought_it() {
    let repo = repo(&[("a", 2), ("gone", 3)]);
    commit(&repo, "Add b", &[("a", 2), ("b", 4), ("gone", 3)]);
    commit(&repo, "Add c and take gone out", &[("a", 2), ("b", 4), ("c", 1)]);
    commit(&repo, "Something else", &[("a", 2), ("b", 4), ("c", 1)]);
    commit(&repo, "Update b", &[("a", 2), ("b", 6), ("c", 1)]);
    repo.write("flake.lock", lock(&[("a", 3), ("b", 6), ("c", 1)]));
    assert_snapshot!(said(&repo, &["--base", "base", "--max-growth", "4"]), @"
    exit code 1
    --- stdout ---
    flake.lock: 10 nodes, 1.3 KiB (base: 5 nodes, 728 B)
       +6  b
           +4  <Add b> Add b
           +2  <Update b> Update b
       +1  a     not committed yet
       +1  c     <Add c and take gone out> Add c and take gone out
       -3  gone  <Add c and take gone out> Add c and take gone out
    error[growth]: 5 more nodes than before (5 to 10), `b` alone 6; the budget is 4
      --> flake.nix:3
      help: look at <Add b> (Add b), <Update b> (Update b); `flakepart analyze`
            shows which input brings what
    ");
    assert_snapshot!(said(&repo, &["--base", "base", "--max-growth", "4", "--format", "github"]), @"
    exit code 1
    --- stdout ---
    ::error file=flake.nix,line=3,title=growth::5 more nodes than before (5 to 10), `b` alone 6; the budget is 4%0Ahelp: look at <Add b> (Add b), <Update b> (Update b); `flakepart analyze` shows which input brings what
    ::notice file=flake.nix,line=2,title=growth::`a` brings 1 more node than before (2 to 3)%0Ahelp: `flakepart analyze` shows which input brings what
    ::notice file=flake.nix,line=4,title=growth::`c` brings 1 more node than before (0 to 1)%0Ahelp: look at <Add c and take gone out> (Add c and take gone out); `flakepart analyze` shows which input brings what
    ");
    assert_snapshot!(said(&repo, &["--base", "base", "--max-growth", "4", "--format", "markdown"]), @"
    exit code 1
    --- stdout ---
    ### Locks: ❌ 1 limit broken

    | lock | nodes | change | size |
    | --- | --- | --- | --- |
    | `flake.lock` | 10 | 📈 +5 | 1.3 KiB |

    |  | code | finding | place |
    | --- | --- | --- | --- |
    | ❌ error | `growth` | <code>5 more nodes than before (5 to 10), &#96;b&#96; alone 6; the budget is 4</code><br><code>look at <Add b> (Add b), <Update b> (Update b); &#96;flakepart analyze&#96; shows which input brings what</code> | `flake.nix:3` |

    <details><summary>Which inputs, in which commits</summary>

    | lock | input | nodes | change | commits |
    | --- | --- | --- | --- | --- |
    | `flake.lock` | `b` | 0 → 6 | +6 | +4 `<Add b>` `Add b`<br>+2 `<Update b>` `Update b` |
    | `flake.lock` | `a` | 2 → 3 | +1 | +1 not committed yet |
    | `flake.lock` | `c` | 0 → 1 | +1 | +1 `<Add c and take gone out>` `Add c and take gone out` |
    | `flake.lock` | `gone` | 3 → 0 | -3 | -3 `<Add c and take gone out>` `Add c and take gone out` |

    </details>
    ");
    assert_snapshot!(said(&repo, &["--base", "base", "--max-growth", "4", "--format", "json"]), @r#"
    exit code 1
    --- stdout ---
    {
      "schema": 1,
      "lock": {
        "nodes": 10,
        "bytes": 1346
      },
      "base": {
        "nodes": 5,
        "bytes": 728
      },
      "limits": {
        "maxNodes": null,
        "maxBytes": null,
        "maxNixpkgs": null,
        "maxDepth": null,
        "maxGrowth": 4
      },
      "locks": [
        {
          "file": "flake.lock",
          "partition": null,
          "lock": {
            "nodes": 10,
            "bytes": 1346
          },
          "base": {
            "nodes": 5,
            "bytes": 728
          },
          "limits": {
            "maxNodes": null,
            "maxBytes": null,
            "maxNixpkgs": null,
            "maxDepth": null,
            "maxGrowth": 4
          },
          "growth": [
            {
              "input": "b",
              "before": 0,
              "after": 6,
              "commits": [
                {
                  "commit": "<Add b>",
                  "subject": "Add b",
                  "added": 4,
                  "removed": 0
                },
                {
                  "commit": "<Update b>",
                  "subject": "Update b",
                  "added": 2,
                  "removed": 0
                }
              ]
            },
            {
              "input": "a",
              "before": 2,
              "after": 3,
              "commits": [
                {
                  "commit": null,
                  "subject": null,
                  "added": 1,
                  "removed": 0
                }
              ]
            },
            {
              "input": "c",
              "before": 0,
              "after": 1,
              "commits": [
                {
                  "commit": "<Add c and take gone out>",
                  "subject": "Add c and take gone out",
                  "added": 1,
                  "removed": 0
                }
              ]
            },
            {
              "input": "gone",
              "before": 3,
              "after": 0,
              "commits": [
                {
                  "commit": "<Add c and take gone out>",
                  "subject": "Add c and take gone out",
                  "added": 0,
                  "removed": 3
                }
              ]
            }
          ]
        }
      ],
      "total": {
        "lock": {
          "nodes": 10,
          "bytes": 1346
        },
        "base": {
          "nodes": 5,
          "bytes": 728
        }
      },
      "findings": [
        {
          "code": "growth",
          "level": "error",
          "message": "5 more nodes than before (5 to 10), `b` alone 6; the budget is 4",
          "file": "flake.nix",
          "line": 3,
          "help": "look at <Add b> (Add b), <Update b> (Update b); `flakepart analyze` shows which input brings what",
          "input": "b"
        }
      ]
    }
    "#);
}

#[test]
fn what_a_merge_brings_is_blamed_on_the_commit_that_was_merged() {
    let repo = repo(&[("a", 1)]);
    repo.git(&["checkout", "-q", "-b", "topic"]);
    commit(&repo, "Add b", &[("a", 1), ("b", 2)]);
    repo.git(&["checkout", "-q", "main"]);
    repo.write("README.md", "");
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-q", "-m", "Read me"]);
    // What GitHub checks out for a pull request.
    repo.git(&["merge", "-q", "--no-ff", "-m", "Merge", "topic"]);
    assert_snapshot!(said(&repo, &["--base", "main~1"]), @"
    exit code 0
    --- stdout ---
    flake.lock: 3 nodes, 436 B (base: 1 node, 181 B)
       +2  b  <Add b> Add b
    --- stderr ---
    flakepart: no limit is given, so this only reports; for example `--max-growth 0`
    ");
}

#[test]
fn the_locks_of_partitions_count_for_themselves() {
    let repo = Repo::agent_boxes();
    repo.flakepart(&["split", "--yes", "--no-verify"]);
    // A template has a lock and partitions of its own.
    repo.write("template/flake.nix", "{ outputs = _: { partitions.x.extraInputsFlake = ./x; }; }\n");
    repo.write("template/x/flake.lock", lock(&[("a", 2)]));
    repo.git(&["add", "-A"]);
    assert_snapshot!(said(&repo, &["--base", "HEAD", "--max-growth", "0"]), @"
    exit code 0
    --- stdout ---
    flake.lock: 5 nodes, 2.6 KiB (base: 17 nodes, 9.8 KiB)
      -11  hermes-agent  not committed yet
       -1  pi-mono       not committed yet
    nix/agents/_inputs/flake.lock: 13 nodes, 7.7 KiB (base: none)
      +11  hermes-agent  not committed yet
       +1  pi-mono       not committed yet
       +1  root-systems  not committed yet
    together: 18 nodes, 10.4 KiB (base: 17 nodes, 9.8 KiB)
    ");
    repo.git(&["commit", "-q", "-m", "Split"]);
    repo.git(&["rm", "-q", "-r", "nix/agents"]);
    assert_snapshot!(said(&repo, &["--base", "HEAD"]), @"
    exit code 0
    --- stdout ---
    flake.lock: 5 nodes, 2.6 KiB (base: 5 nodes, 2.6 KiB)
    nix/agents/_inputs/flake.lock: none (base: 13 nodes, 7.7 KiB)
      -11  hermes-agent  not committed yet
       -1  pi-mono       not committed yet
       -1  root-systems  not committed yet
    together: 5 nodes, 2.6 KiB (base: 18 nodes, 10.4 KiB)
    --- stderr ---
    flakepart: no limit is given, so this only reports; for example `--max-growth 0`
    ");
}

#[test]
fn a_partition_is_found_wherever_it_is_wired() {
    let repo = Repo::new(&[("flake.nix", &flake(&[])), ("flake.lock", &lock(&[]))]);
    let gate = || repo.flakepart(&["gate", "--base", "HEAD", "-q"]).stdout;
    repo.write("parts/wiring.nix", "{ partitions.dev.extraInputsFlake = ../deps/dev; }\n");
    repo.write("deps/dev/flake.nix", flake(&[("a", 2)]));
    repo.write("deps/dev/flake.lock", lock(&[("a", 2)]));
    repo.git(&["add", "-A"]);
    let found = gate();
    assert_snapshot!(found, @"
    flake.lock: 0 nodes, 58 B (base: 0 nodes, 58 B)
    deps/dev/flake.lock: 2 nodes, 312 B (base: none)
       +2  a  not committed yet
    together: 2 nodes, 370 B (base: 0 nodes, 58 B)
    ");
    // A nested flake with outputs may be a flake of its own, unless code above it says otherwise.
    repo.replace("deps/dev/flake.nix", "_: { }", "_: { packages = { }; }");
    assert_snapshot!(gate(), @"flake.lock: 0 nodes, 58 B (base: 0 nodes, 58 B)");
    repo.git(&["mv", "parts/wiring.nix", "deps/wiring.nix"]);
    repo.replace("deps/wiring.nix", "../deps/dev", "./dev");
    assert_eq!(gate(), found);
}

#[test]
fn each_lock_has_the_budget_that_flakepart_toml_gives_it() {
    let repo = Repo::agent_boxes();
    repo.flakepart(&["split", "--yes", "--no-verify"]);
    let settings = "budget.root = { growth = 0, nodes = 4 }\n\
                    budget.partitions.agents = { growth = 12, nixpkgs = 0 }\n\
                    levels.over-budget = \"note\"\n";
    repo.write("flakepart.toml", settings);
    assert_snapshot!(said(&repo, &["--base", "HEAD", "--max-nodes", "3"]), @"
    exit code 1
    --- stdout ---
    flake.lock: 5 nodes, 2.6 KiB (base: 17 nodes, 9.8 KiB)
      -11  hermes-agent  not committed yet
       -1  pi-mono       not committed yet
    nix/agents/_inputs/flake.lock: 13 nodes, 7.7 KiB (base: none)
      +11  hermes-agent  not committed yet
       +1  pi-mono       not committed yet
       +1  root-systems  not committed yet
    together: 18 nodes, 10.4 KiB (base: 17 nodes, 9.8 KiB)
    error[growth]: 13 more nodes than before (0 to 13), `hermes-agent` alone 11; the
    budget is 12
      --> nix/agents/_inputs/flake.nix:7
      help: `flakepart analyze nix/agents/_inputs/flake.lock` shows which input
            brings what
    note[over-budget]: 5 nodes; the budget is 3
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    note[over-budget]: 1 revision of nixpkgs; the budget is 0
      --> nix/agents/_inputs/flake.lock
      help: `flakepart analyze nix/agents/_inputs/flake.lock` shows which input
            brings what
    ");
    repo.write("flakepart.toml", settings.replace("12", "13"));
    assert_eq!(repo.flakepart(&["gate", "--base", "HEAD"]).code, Some(0));
    // Growth takes a base.
    repo.write("flakepart.toml", "budget.root.growth = 0\n");
    assert_snapshot!(said(&repo, &[]), @"
    exit code 2
    --- stderr ---
    error: no limit is given, so there is nothing to hold the locks against

    hint: for example `--max-nodes 20`, or `--base origin/main --max-growth 0`
    ");
}

#[test]
fn a_shallow_clone_is_told_from_a_base_that_is_not_there() {
    let origin = repo(&[("a", 1)]);
    commit(&origin, "Add b", &[("a", 1), ("b", 2)]);
    let clone = Repo::new(&[]);
    let url = format!("file://{}", origin.path().display());
    clone.git(&["fetch", "-q", "--depth=1", &url, "main"]);
    clone.git(&["checkout", "-q", "--detach", "FETCH_HEAD"]);
    assert_snapshot!(said(&clone, &["--base", "origin/main"]), @"
    exit code 2
    --- stderr ---
    error: git has no revision `origin/main` here

    hint: this clone is shallow; fetch the whole history: `fetch-depth: 0` for GitHub's checkout, `GIT_DEPTH: 0` in GitLab, `git fetch --unshallow` by hand
    ");
    clone.git(&["fetch", "-q", "--depth=1", &url, "base:base"]);
    assert_snapshot!(said(&clone, &["--base", "base"]), @"
    exit code 2
    --- stderr ---
    error: HEAD and `base` have no commit in common, as far as this shallow clone goes back

    hint: this clone is shallow; fetch the whole history: `fetch-depth: 0` for GitHub's checkout, `GIT_DEPTH: 0` in GitLab, `git fetch --unshallow` by hand
    ");
}

#[test]
fn without_a_limit_there_is_nothing_to_do() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["gate"]), @"
    exit code 2
    --- stderr ---
    error: no limit is given, so there is nothing to hold the locks against

    hint: for example `--max-nodes 20`, or `--base origin/main --max-growth 0`
    ");
}

#[test]
fn an_unknown_revision_is_named() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["gate", "--base", "nowhere", "--max-growth", "0"]), @"
    exit code 2
    --- stderr ---
    error: git has no revision `nowhere` here

    hint: in a shallow clone, fetch the revision first: `git fetch origin REV`
    ");
}

#[test]
fn one_node_is_told_as_one() {
    let repo = Repo::new(&[("flake.nix", "{ outputs = _: { }; }\n"), ("README.md", "")]);
    let one = r#"{"nodes":{"a":{"locked":{"narHash":"sha256-x","type":"path"},"original":{"type":"path"}},"root":{"inputs":{"a":"a"}}},"root":"root","version":7}"#;
    repo.write("flake.lock", one);
    let limits = ["--max-nodes", "0", "--base", "HEAD", "--max-growth", "0"];
    assert_snapshot!(repo.flakepart(&[&["gate"], &limits[..]].concat()), @"
    exit code 1
    --- stdout ---
    flake.lock: 1 node, 144 B (base: none)
       +1  a  not committed yet
    error[growth]: 1 more node than before (0 to 1), `a` alone 1; the budget is 0
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    error[over-budget]: 1 node; the budget is 0
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    ");
}

#[test]
fn verbose_says_on_stderr_what_is_read() {
    let repo = Repo::agent_boxes();
    let gate =
        |more: &[&str]| repo.flakepart(&[&["gate", "--base", "HEAD", "--max-growth", "0"], more].concat());
    let (verbose, plain) = (gate(&["--verbose"]), gate(&[]));
    assert_eq!((verbose.stdout, plain.stderr.as_str()), (plain.stdout, ""));
    let commit = repo.git(&["rev-parse", "HEAD"]);
    let said = verbose.stderr.replace(commit.get(..10).unwrap(), "COMMIT");
    let folder = repo.path().canonicalize().unwrap();
    assert_snapshot!(said.replace(folder.to_str().unwrap(), "REPOSITORY"), @r#"
    DEBUG open folder="REPOSITORY" git=true
    DEBUG read lock="flake.lock" bytes=10118
    DEBUG read lock="flake.lock of HEAD (COMMIT)" bytes=10118
    "#);
}
