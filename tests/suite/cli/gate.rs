//! `flakepart gate`

use insta::assert_snapshot;

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
    error[over-budget]: 17 nodes; the limit is 16
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    error[over-budget]: 10118 bytes; the limit is 9999
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
        "maxGrowth": null
      },
      "findings": [
        {
          "code": "over-budget",
          "level": "error",
          "message": "17 nodes; the limit is 16",
          "file": "flake.lock",
          "line": null,
          "help": "`flakepart analyze` shows which input brings what"
        }
      ]
    }
    "#);
}

#[test]
fn growth_is_counted_from_a_git_revision() {
    let repo = Repo::agent_boxes();
    repo.flakepart(&["split", "--yes", "--no-verify"]);
    repo.commit();
    assert_snapshot!(repo.flakepart(&["gate", "--base", "HEAD~1", "--max-growth", "0"]), @"
    exit code 0
    --- stdout ---
    flake.lock: 5 nodes, 2.6 KiB (base: 17 nodes, 9.8 KiB)
    ");
    repo.git(&["checkout", "-q", "HEAD~1"]);
    assert_snapshot!(repo.flakepart(&["gate", "--base", "main", "--max-growth", "11"]), @"
    exit code 1
    --- stdout ---
    flake.lock: 17 nodes, 9.8 KiB (base: 5 nodes, 2.6 KiB)
    error[growth]: 12 more nodes than before (5 to 17); the limit is 11
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    ");
}

#[test]
fn without_a_limit_there_is_nothing_to_do() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["gate"]), @"
    exit code 2
    --- stderr ---
    error: no limit is given, so there is nothing to hold the lock against

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
    flake.lock: 1 node, 144 B (base: 0 nodes, 0 B)
    error[over-budget]: 1 node; the limit is 0
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    error[growth]: 1 more node than before (0 to 1); the limit is 0
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
    DEBUG open flake folder="REPOSITORY" git=true
    DEBUG read lock="flake.lock of the work tree" bytes=10118
    DEBUG read lock="flake.lock of HEAD (COMMIT)" bytes=10118
    "#);
}
