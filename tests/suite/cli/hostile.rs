//! What comes from a lock or a file is hostile until read.

use insta::assert_snapshot;

use crate::support::{Repo, isolated};

const NO_INPUTS: &str = r#"{"nodes":{"root":{}},"root":"root","version":7}"#;

/// A lock whose one input has this name and this URL.
fn lock(name: &str, url: &str) -> String {
    let locked =
        serde_json::json!({ "narHash": "sha256-x", "rev": "0".repeat(40), "type": "git", "url": url });
    let original = serde_json::json!({ "type": "git", "url": url });
    let nodes = serde_json::json!({
        "root": { "inputs": { name: name } }, name: { "locked": locked, "original": original },
    });
    serde_json::json!({ "nodes": nodes, "root": "root", "version": 7 }).to_string()
}

#[test]
fn names_with_control_characters_come_out_escaped() {
    let name = "a\u{1b}[31m\n::error::pwned\u{202e}\u{7}";
    let repo = Repo::new(&[("evil.lock", &lock(name, "https://example.org/a"))]);
    let run = repo.flakepart(&["analyze", "evil.lock"]);
    assert_snapshot!(run);
    let run = repo.flakepart(&["lock", "prune", "--input", "none\u{1b}[31m", "evil.lock"]);
    assert!(!run.stderr.contains('\u{1b}'), "{run}");
}

#[test]
fn credentials_in_a_url_are_never_printed() {
    let url = "https://user:hunter2@example.org/a?access_token=hunter3&ref=main";
    let flake = format!(
        "{{\n  inputs.a.url = \"git+{url}\";\n  outputs = inputs: {{ packages = inputs.a.packages; }};\n}}\n"
    );
    let repo = Repo::new(&[("flake.nix", &flake), ("flake.lock", &lock("a", url)), ("none.lock", NO_INPUTS)]);
    for arguments in [
        &["analyze"][..],
        &["analyze", "--format", "json"],
        &["analyze", "--no-usage", "--format", "json"],
        &["analyze", "flake.lock"],
        &["check"],
        &["gate", "--max-nodes", "0", "--format", "json"],
        &["split", "--input", "a", "--dry-run"],
        &["diff", "flake.lock", "none.lock"],
        &["diff", "flake.lock", "none.lock", "--format", "json"],
        &["diff", "flake.lock", "none.lock", "--format", "markdown"],
    ] {
        let run = repo.flakepart(arguments);
        assert!(!run.to_string().contains("hunter"), "{arguments:?}\n{run}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let repo = Repo::agent_boxes();
    let shell =
        format!("{} split --dry-run | head -n 1; echo ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_flakepart"));
    let output = isolated("bash", repo.path()).args(["-c", &shell]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "diff --git a/flake.lock b/flake.lock\n1\n");
}

#[test]
fn a_full_disk_behind_stdout_is_told() {
    let repo = Repo::agent_boxes();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = isolated(env!("CARGO_BIN_EXE_flakepart"), repo.path());
    let output = command.arg("analyze").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("error: cannot write to stdout: No space left"), "{stderr}");
}

#[test]
fn code_that_nests_a_million_levels_deep_is_told() {
    let many = 1 << 18;
    let repo = Repo::agent_boxes();
    for text in [
        "[".repeat(many),
        "(".repeat(many),
        "a: ".repeat(many) + "a",
        "1+".repeat(many) + "1",
        "{a=".repeat(many),
        "\"${".repeat(many),
        format!("x{}", ".a".repeat(many)),
        format!("x{}", " a".repeat(many)),
        format!("x{}", " ? a".repeat(many)),
    ] {
        repo.write("nix/deep.nix", &text);
        repo.git(&["add", "."]);
        let run = repo.flakepart(&["check"]);
        assert_eq!(run.code, Some(1), "{:.20}", text);
        assert!(run.stdout.contains("the code nests too deeply"), "{:.20}\n{run}", text);
    }
}

#[test]
fn long_lists_are_not_deep() {
    let repo = Repo::agent_boxes();
    repo.write("nix/long.nix", format!("{{ x = [ {} ]; }}", "./a b.c \"d\" (e f) ".repeat(1 << 14)));
    repo.git(&["add", "."]);
    assert_eq!(repo.flakepart(&["check"]).code, Some(0));
}

#[test]
fn a_lock_that_nests_deep_is_told() {
    let repo = Repo::new(&[("deep.lock", &"[".repeat(1 << 20))]);
    let run = repo.flakepart(&["analyze", "deep.lock"]);
    assert_eq!(run.code, Some(2), "{run}");
}
