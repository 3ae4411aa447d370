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

/// Names that would be commands for a CI runner, sequences for a terminal, markup or links.
const NAMES: [&str; 9] = [
    "::error::pwned",
    "a\u{1b}[31m\n::stop-commands::pwned\r\n##[error]pwned",
    "`|<img src=pwned>|`",
    "\\|<script>pwned</script>",
    "[pwned](https://pwned.example/){0}",
    "@pwned #1 www.pwned.example",
    "</code></details>pwned",
    "p\u{202e}w\u{200b}n\u{2028}ed%0A::error::",
    "",
];

/// What Markdown shows as it is: everything but code.
fn prose(markdown: &str) -> String {
    let outside = |text: &str, from: &str, to: &str| {
        let mut parts = text.split(from);
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |prose, part| prose + part.split_once(to).unwrap_or_else(|| panic!("{text}")).1)
    };
    markdown.lines().map(|line| outside(&outside(line, "<code>", "</code>"), " `", "`") + "\n").collect()
}

#[test]
fn no_format_lets_a_name_be_more_than_a_name() {
    let flake = "{ inputs.flake-parts.url = \"github:hercules-ci/flake-parts\"; outputs = _: { }; }\n";
    let repo = Repo::new(&[("flake.nix", flake), ("flake.lock", NO_INPUTS)]);
    let mut nodes = serde_json::Map::new();
    for (number, name) in NAMES.iter().enumerate() {
        let attrs = |rev: usize| {
            let rev = format!("{rev:040}");
            serde_json::json!({ "narHash": "sha256-x", "owner": name, "repo": name, "rev": rev, "type": "github" })
        };
        let below = serde_json::json!({ "locked": attrs(number + 10), "original": attrs(number + 10) });
        let inputs = serde_json::json!({ *name: format!("{number}-") });
        let node =
            serde_json::json!({ "inputs": inputs, "locked": attrs(number), "original": attrs(number) });
        nodes.insert(number.to_string(), node);
        nodes.insert(format!("{number}-"), below);
    }
    let numbers =
        NAMES.iter().enumerate().map(|(number, name)| ((*name).to_owned(), number.to_string().into()));
    let numbers: serde_json::Map<_, _> = numbers.collect();
    nodes.insert("root".to_owned(), serde_json::json!({ "inputs": numbers }));
    let evil = serde_json::json!({ "nodes": nodes, "root": "root", "version": 7 }).to_string();
    repo.write("flake.lock", &evil);
    repo.git(&[
        "commit",
        "-q",
        "-a",
        "-m",
        &format!("::error::pwned\u{1b}[31m `|<b>@pwned</b> {}", NAMES[4]),
    ]);

    let gate = ["gate", "--base", "HEAD~1", "--max-growth", "0"];
    let commands: [(&[&str], &[&str]); 4] = [
        (&gate, &["human", "json", "github", "gitlab", "sarif", "markdown"]),
        (&["check"], &["human", "json", "github", "gitlab", "sarif"]),
        (&["analyze", "flake.lock"], &["human", "json", "sarif", "markdown"]),
        (&["diff", "HEAD~1", "HEAD"], &["human", "json", "markdown"]),
    ];
    let mut all = String::new();
    for (command, format) in
        commands.into_iter().flat_map(|(command, of)| of.iter().map(move |it| (command, *it)))
    {
        let run = repo.flakepart(&[command, &["--format", format]].concat());
        let name = format!("{command:?} {format}");
        assert!(!run.stdout.is_empty() && run.code < Some(2), "{name}: {run}");
        let seen = ['\u{1b}', '\r', '\u{202e}', '\u{200b}', '\u{2028}'];
        assert!(!run.stdout.contains(seen), "{name}: {run}");
        for line in run.stdout.lines() {
            let command = line.trim_start().starts_with("::");
            let ours = ["error", "warning", "notice"]
                .iter()
                .any(|level| line.starts_with(&format!("::{level} file=flake.")));
            assert!(
                if format == "github" { ours } else { !command && !line.contains("##[error") },
                "{name}: {line}"
            );
        }
        match format {
            "markdown" => assert!(!prose(&run.stdout).contains("pwned"), "{name}: {}", prose(&run.stdout)),
            "sarif" => assert!(!run.stdout.contains("](") && !run.stdout.contains("{0}"), "{name}: {run}"),
            _ => {}
        }
        if command == gate && format != "json" {
            // What SARIF says besides comes from us.
            let results = run.stdout.find("\"results\"").filter(|_| format == "sarif").unwrap_or(0);
            all.push_str(&format!("=== {format}\n{}", &run.stdout[results..]));
        }
    }
    let commit = repo.git(&["rev-parse", "HEAD"]);
    assert_snapshot!(all.replace(&commit[..10], "COMMIT"));
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
        // What speaks of no input would only be noted.
        repo.write("nix/deep.nix", format!("# inputs\n{text}"));
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
