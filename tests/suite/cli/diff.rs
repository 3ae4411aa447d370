//! `flakepart diff`

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::Repo;

/// A node locked to a revision whose letters are all `rev`, made on a day since 1970.
fn node(url: &str, rev: &str, day: u64, inputs: &Value) -> Value {
    let (owner, repo) = url.split_once('/').unwrap();
    let original = json!({ "owner": owner, "repo": repo, "type": "github" });
    let mut locked = original.clone();
    locked["rev"] = json!(rev.repeat(40));
    locked["narHash"] = json!(format!("sha256-{rev}"));
    locked["lastModified"] = json!(day * 86_400);
    json!({ "inputs": inputs, "locked": locked, "original": original })
}

fn lock(nodes: &Value) -> String {
    json!({ "nodes": nodes, "root": "root", "version": 7 }).to_string()
}

fn old() -> String {
    lock(&json!({
        "root": { "inputs": { "nixpkgs": "nixpkgs", "tool": "tool", "gone": "gone", "same": "same", "fork": "fork" } },
        "nixpkgs": node("NixOS/nixpkgs", "a", 20_000, &json!({})),
        "tool": node("a/tool", "b", 20_001, &json!({ "nixpkgs": "nixpkgs_2", "dep": "dep", "lib": "lib" })),
        "nixpkgs_2": node("NixOS/nixpkgs", "c", 19_000, &json!({})),
        "dep": node("a/dep", "d", 19_000, &json!({})),
        "lib": node("a/lib", "e", 19_000, &json!({})),
        "gone": node("a/gone", "f", 19_000, &json!({ "deep": "deep" })),
        "deep": node("a/deep", "1", 19_000, &json!({})),
        "same": node("a/same", "2", 19_000, &json!({ "nixpkgs": ["nixpkgs"], "lib": "lib_2" })),
        "lib_2": node("a/lib", "e", 19_000, &json!({})),
        "fork": node("a/fork", "5", 19_000, &json!({})),
    }))
}

fn new() -> String {
    lock(&json!({
        "root": { "inputs": {
            "pkgs": "x", "tool": "tool", "came": "came", "same": "same", "fork": "fork", "alias": ["tool", "dep"],
        } },
        "x": node("NixOS/nixpkgs", "a", 20_000, &json!({})),
        "tool": node("a/tool", "3", 20_100, &json!({ "nixpkgs": ["pkgs"], "dep": "dep", "more": "more" })),
        "dep": node("a/dep", "4", 20_050, &json!({})),
        "more": node("a/more", "7", 20_050, &json!({})),
        "came": node("a/came", "6", 20_050, &json!({ "nixpkgs": ["pkgs"] })),
        "same": node("a/same", "2", 19_000, &json!({ "nixpkgs": ["pkgs"], "lib": "lib" })),
        "lib": node("a/lib", "8", 20_060, &json!({})),
        "fork": node("b/fork", "9", 20_070, &json!({})),
    }))
}

#[test]
fn what_differs_is_told_by_root_input() {
    let repo = Repo::new(&[("old.lock", &old()), ("new.lock", &new())]);
    assert_snapshot!(repo.flakepart(&["diff", "old.lock", "new.lock"]), @"
    exit code 0
    --- stdout ---
    flake.lock: 10 -> 8 nodes, 2.4 KiB -> 1.9 KiB

    Added
      alias  follows tool/dep
      came  github:a/came  6666666666 of 2024-11-23

    Removed
      gone  github:a/gone  ffffffffff of 2022-01-08
          1 gone: deep

    Renamed
      pkgs  before nixpkgs  aaaaaaaaaa of 2024-10-04

    Updated
      fork  github:b/fork
          5555555555 of 2022-01-08 -> 9999999999 of 2024-12-13
          instead of github:a/fork
      tool  github:a/tool
          bbbbbbbbbb of 2024-10-05 -> 3333333333 of 2025-01-12
          https://github.com/a/tool/compare/bbbbbbbbbbbb...333333333333
          1 updated: dep
          1 new: more
          2 gone: lib, nixpkgs
          nixpkgs now follows pkgs

    Below inputs that are the same themselves
      same
          1 updated: lib
    ");
}

#[test]
fn a_pull_request_gets_a_table() {
    let repo = Repo::new(&[("old.lock", &old()), ("new.lock", &new())]);
    assert_snapshot!(repo.flakepart(&["diff", "old.lock", "new.lock", "--format", "markdown"]), @"
    exit code 0
    --- stdout ---
    **`flake.lock`**: 10 → 8 nodes, 2.4 KiB → 1.9 KiB

    | input | change | before | after |
    | --- | --- | --- | --- |
    | `alias` | added |  | follows `tool/dep` |
    | `came` | added |  | `github:a/came` `6666666666` 2024-11-23 |
    | `gone` | removed<br>1 gone: `deep` | `github:a/gone` `ffffffffff` 2022-01-08 |  |
    | `pkgs` | renamed | `nixpkgs` | `pkgs` |
    | `fork` | updated | `github:a/fork` `5555555555` 2022-01-08 | `github:b/fork` `9999999999` 2024-12-13 |
    | `tool` | updated<br>1 updated: `dep`<br>1 new: `more`<br>2 gone: `lib`, `nixpkgs`<br>`nixpkgs` now follows `pkgs` | `bbbbbbbbbb` 2024-10-05 | `3333333333` 2025-01-12 ([compare](https://github.com/a/tool/compare/bbbbbbbbbbbb...333333333333)) |
    | `same` | 1 updated: `lib` | | |
    ");
}

#[test]
fn programs_get_every_input_with_its_path() {
    let before = lock(&json!({
        "root": { "inputs": { "tool": "tool" } },
        "tool": node("a/tool", "b", 20_001, &json!({ "dep": "dep", "lib": ["tool", "dep"] })),
        "dep": node("a/dep", "d", 19_000, &json!({})),
    }));
    let after = lock(&json!({
        "root": { "inputs": { "tool": "tool", "alias": ["tool"] } },
        "tool": node("a/tool", "c", 20_002, &json!({ "dep": [], "lib": "lib" })),
        "lib": node("a/lib", "e", 19_000, &json!({})),
    }));
    let repo = Repo::new(&[("old.lock", &before), ("new.lock", &after)]);
    assert_snapshot!(repo.flakepart(&["diff", "old.lock", "new.lock", "--format", "json"]), @r#"
    exit code 0
    --- stdout ---
    {
      "schema": 1,
      "before": {
        "nodes": 2,
        "bytes": 550
      },
      "after": {
        "nodes": 2,
        "bytes": 555
      },
      "added": [
        {
          "path": [
            "alias"
          ],
          "because": null,
          "locked": null,
          "follows": [
            "tool"
          ]
        },
        {
          "path": [
            "tool",
            "lib"
          ],
          "because": "tool",
          "locked": {
            "reference": "github:a/lib",
            "rev": "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
            "narHash": "sha256-e",
            "lastModified": 1641600000
          },
          "follows": null
        }
      ],
      "removed": [
        {
          "path": [
            "tool",
            "dep"
          ],
          "because": "tool",
          "locked": {
            "reference": "github:a/dep",
            "rev": "dddddddddddddddddddddddddddddddddddddddd",
            "narHash": "sha256-d",
            "lastModified": 1641600000
          },
          "follows": null
        }
      ],
      "renamed": [],
      "updated": [
        {
          "path": [
            "tool"
          ],
          "because": null,
          "before": {
            "reference": "github:a/tool",
            "rev": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            "narHash": "sha256-b",
            "lastModified": 1728086400
          },
          "after": {
            "reference": "github:a/tool",
            "rev": "cccccccccccccccccccccccccccccccccccccccc",
            "narHash": "sha256-c",
            "lastModified": 1728172800
          },
          "link": "https://github.com/a/tool/compare/bbbbbbbbbbbb...cccccccccccc"
        }
      ],
      "follows": [
        {
          "path": [
            "tool",
            "dep"
          ],
          "because": "tool",
          "before": null,
          "after": []
        },
        {
          "path": [
            "tool",
            "lib"
          ],
          "because": "tool",
          "before": [
            "tool",
            "dep"
          ],
          "after": null
        }
      ],
      "more": 0
    }
    "#);
}

#[test]
fn a_lock_is_a_file_a_folder_a_revision_or_standard_input() {
    let repo = Repo::new(&[("flake.lock", &old()), ("sub/flake.lock", &old()), ("HEAD~9", &new())]);
    repo.write("flake.lock", new());
    let expected = repo.flakepart(&["diff", "sub/flake.lock", "flake.lock"]).stdout;
    assert!(expected.contains("Added\n"), "{expected}");
    for names in
        [["HEAD", "."], ["sub", "flake.lock"], ["HEAD:sub/flake.lock", "-"], ["main:./flake.lock", "HEAD~9"]]
    {
        let run = repo.flakepart_with_input(&[&["diff"], &names[..]].concat(), &new());
        assert_eq!((run.code, &run.stdout), (Some(0), &expected), "{names:?}\n{run}");
    }
}

#[test]
fn no_input_differs_where_only_keys_and_order_do() {
    let repo = Repo::new(&[("old.lock", &old())]);
    repo.write(
        "new.lock",
        old()
            .replace("nixpkgs_2", "z")
            .replace("\"dep\":\"dep\"", "\"dep\":\"0\"")
            .replace("\"dep\":{", "\"0\":{"),
    );
    assert_snapshot!(repo.flakepart(&["diff", "old.lock", "new.lock"]), @"
    exit code 0
    --- stdout ---
    flake.lock: 10 -> 10 nodes, 2.4 KiB -> 2.4 KiB
    No input differs.
    ");
}

#[test]
fn what_is_no_lock_is_said_with_the_way_out() {
    let repo = Repo::new(&[("bad.lock", "{"), ("empty/x", "")]);
    let runs = [
        ["nope", "HEAD"],
        ["HEAD:nope", "-"],
        ["HEAD", "bad.lock"],
        ["empty", "-"],
        ["bad.lock", "-"],
        ["-", "-"],
    ]
    .map(|names| repo.flakepart(&[&["diff"], &names[..]].concat()).to_string());
    assert_snapshot!(runs.join("\n"), @"
    exit code 2
    --- stderr ---
    error: `nope` is no file and no folder, and git has no revision `nope` here

    hint: name a lock file, a folder with a flake.lock, `-`, or REV or REV:PATH of git; in a shallow clone, fetch the revision first: `git fetch origin REV`

    exit code 2
    --- stderr ---
    error: HEAD:nope: revision `HEAD` has no file nope

    hint: paths count from the top of the repository: `REV:folder/flake.lock`

    exit code 2
    --- stderr ---
    error: HEAD: revision `HEAD` has no file flake.lock

    hint: paths count from the top of the repository: `REV:folder/flake.lock`

    exit code 2
    --- stderr ---
    error: empty/flake.lock: no such file

    hint: `nix flake lock` makes it

    exit code 2
    --- stderr ---
    error: bad.lock:1:1: not valid JSON: it ends too early

    hint: bad.lock is taken for a lock, and is none that Nix wrote: name a flake.lock, or the folder of a flake

    exit code 2
    --- stderr ---
    error: standard input cannot be both locks

    hint: name a file or a revision for one of them: `flakepart diff HEAD -`
    ");
}

#[test]
fn names_from_a_lock_break_no_table_and_no_link() {
    let evil = |rev: &str| {
        lock(&json!({
            "root": { "inputs": { "a|`b\u{1b}\n": "a" } },
            "a": node("o) ![x](https://evil/r", rev, 20_000, &json!({})),
        }))
    };
    let repo = Repo::new(&[("old.lock", &evil("a")), ("new.lock", &evil("b"))]);
    assert_snapshot!(repo.flakepart(&["diff", "old.lock", "new.lock", "--format", "markdown"]), @"
    exit code 0
    --- stdout ---
    **`flake.lock`**: 1 → 1 node, 330 B → 330 B

    | input | change | before | after |
    | --- | --- | --- | --- |
    | <code>a&#124;&#96;b&#92;u&#123;1b&#125;&#92;n</code> | updated | `aaaaaaaaaa` 2024-10-04 | `bbbbbbbbbb` 2024-10-04 |
    ");
}
