//! Findings as forges take them.

use std::process::Command;

use flakepart::finding::{Code, Finding, Level};
use flakepart::report;
use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Repo, skipped};

/// A flake in a folder of its repository, whose lock has an input that flake.nix does not declare, and
/// nodes that no input leads to.
fn below() -> Repo {
    let lock = r#"{"nodes":{"a":{"locked":{"narHash":"sha256-x","type":"path"},"original":{"type":"path"}},"lost":{"locked":{"narHash":"sha256-y","type":"path"},"original":{"type":"path"}},"root":{"inputs":{"a":"a"}}},"root":"root","version":7}"#;
    let flake = "{\n  inputs.b.url = \"path:/b\";\n  outputs = _: { };\n}\n";
    Repo::new(&[("a b/é/flake.nix", flake), ("a b/é/flake.lock", lock)])
}

fn checked(repo: &Repo, format: &str) -> Value {
    let run = repo.flakepart(&["check", "a b/é", "--format", format]);
    assert_eq!(run.code, Some(1), "{run}");
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn annotations_name_files_from_the_top_of_the_repository() {
    assert_snapshot!(below().flakepart(&["check", "a b/é", "--format", "github"]), @"
    exit code 1
    --- stdout ---
    ::error file=a b/é/flake.lock,title=input-not-declared::`a` is in flake.lock, but flake.nix does not declare it%0Ahelp: `nix flake lock`
    ::error file=a b/é/flake.nix,line=2,title=input-not-locked::`b` is declared, but flake.lock does not have it%0Ahelp: `nix flake lock`
    ::warning file=a b/é/flake.lock,title=lock-unreachable::1 node that no input leads to: lost%0Ahelp: Nix never removes them by itself: `flakepart lock normalize --write`
    ");
}

#[test]
fn gitlab_gets_a_file_a_line_and_a_fingerprint_for_each_finding() {
    assert_snapshot!(below().flakepart(&["check", "a b/é", "--format", "gitlab"]), @r#"
    exit code 1
    --- stdout ---
    [
      {
        "description": "`a` is in flake.lock, but flake.nix does not declare it",
        "check_name": "input-not-declared",
        "fingerprint": "1529315e8ae19eee1dc052b4df50a9f0",
        "severity": "major",
        "location": {
          "path": "a b/é/flake.lock",
          "lines": {
            "begin": 1
          }
        }
      },
      {
        "description": "`b` is declared, but flake.lock does not have it",
        "check_name": "input-not-locked",
        "fingerprint": "5404c8db20f4ab974ed5f74446f33318",
        "severity": "major",
        "location": {
          "path": "a b/é/flake.nix",
          "lines": {
            "begin": 2
          }
        }
      },
      {
        "description": "1 node that no input leads to: lost",
        "check_name": "lock-unreachable",
        "fingerprint": "63017875aafa5db4988bec524e6ee00a",
        "severity": "minor",
        "location": {
          "path": "a b/é/flake.lock",
          "lines": {
            "begin": 1
          }
        }
      }
    ]
    "#);
}

#[test]
fn sarif_names_files_by_uris_and_rules_by_number() {
    let log = checked(&below(), "sarif");
    let run = &log["runs"][0];
    let rules: Vec<&str> = run["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    let results = run["results"].as_array().unwrap().iter().map(|result| {
        let place = &result["locations"][0]["physicalLocation"];
        let (file, line) = (&place["artifactLocation"]["uri"], &place["region"]["startLine"]);
        let rule = rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(result["ruleId"], rule);
        format!("{} {rule} {file}:{line} {}\n", result["level"], result["message"]["text"])
    });
    assert_snapshot!(results.collect::<String>(), @r#"
    "error" input-not-declared "a%20b/%C3%A9/flake.lock":1 "`a` is in flake.lock, but flake.nix does not declare it. Help: `nix flake lock`"
    "error" input-not-locked "a%20b/%C3%A9/flake.nix":2 "`b` is declared, but flake.lock does not have it. Help: `nix flake lock`"
    "warning" lock-unreachable "a%20b/%C3%A9/flake.lock":1 "1 node that no input leads to: lost. Help: Nix never removes them by itself: `flakepart lock normalize --write`"
    "#);
    assert_snapshot!(run["tool"]["driver"]["rules"][0], @r#"{"defaultConfiguration":{"level":"warning"},"fullDescription":{"text":"The lock holds nodes that no input leads to. Nix ignores them and never removes them."},"help":{"text":"`flakepart check --fix`, or `flakepart lock normalize --write`."},"helpUri":"https://github.com/flakepart/flakepart/blob/main/docs/findings.md#lock-unreachable","id":"lock-unreachable","shortDescription":{"text":"The lock holds nodes that no input leads to."}}"#);
}

#[test]
fn a_finding_is_known_again_when_its_line_or_a_number_has_changed() {
    let repo = below();
    let fingerprints = |repo: &Repo| {
        let of = |format: &str, list: &dyn Fn(&Value) -> Vec<Value>| list(&checked(repo, format));
        let sarif = of("sarif", &|log| log["runs"][0]["results"].as_array().unwrap().clone());
        let gitlab = of("gitlab", &|issues| issues.as_array().unwrap().clone());
        let sarif = sarif.iter().map(|result| result["partialFingerprints"]["flakepart/v1"].to_string());
        let gitlab = gitlab.iter().map(|issue| issue["fingerprint"].to_string());
        sarif.chain(gitlab).collect::<Vec<String>>()
    };
    let before = fingerprints(&repo);
    let lines = checked(&repo, "gitlab");
    repo.replace("a b/é/flake.nix", "{\n  inputs", "{\n  # more\n  # lines\n  inputs");
    assert_ne!(lines, checked(&repo, "gitlab"));
    assert_eq!(before, fingerprints(&repo));

    let grown = |count: usize| [Finding::new(Code::OverBudget, format!("{count} nodes; the limit is 5"))];
    assert_eq!(
        report::gitlab(&grown(6)).unwrap().replace('6', "7"),
        report::gitlab(&grown(7)).unwrap().replace('6', "7")
    );
    let twice = report::gitlab(&[grown(6), grown(6)].concat()).unwrap();
    let issues: Vec<Value> = serde_json::from_str(&twice).unwrap();
    assert_ne!(issues[0]["fingerprint"], issues[1]["fingerprint"]);
}

#[test]
fn what_github_does_not_take_is_left_out_and_said() {
    let many: Vec<Finding> = (0..25_001)
        .map(|number| Finding::new(Code::InputUnused, "x".repeat(if number == 0 { 2_000 } else { 1 })))
        .chain([Finding::new(Code::LockDangling, "the gravest")])
        .collect();
    let log: Value = serde_json::from_str(&report::sarif(&many).unwrap()).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!((results.len(), &results[0]["message"]["text"]), (25_000, &"the gravest".into()));
    let longest =
        results.iter().map(|result| result["message"]["text"].as_str().unwrap().chars().count()).max();
    assert_eq!(longest, Some(1_000));
    assert_snapshot!(run["invocations"][0]["toolExecutionNotifications"], @r#"[{"level":"warning","message":{"text":"2 more findings are left out: GitHub takes 25000"}}]"#);
}

#[test]
fn markdown_fits_into_a_comment() {
    let inputs: Vec<String> = (0..3_000).map(|number| format!("input-{number}")).collect();
    let node = |name: &String| {
        format!(
            r#""{name}":{{"locked":{{"narHash":"sha256-{name}","type":"path"}},"original":{{"type":"path"}}}},"#
        )
    };
    let nodes: String = inputs.iter().map(node).collect();
    let root: Vec<String> = inputs.iter().map(|name| format!(r#""{name}":"{name}""#)).collect();
    let lock = format!(
        r#"{{"nodes":{{{nodes}"root":{{"inputs":{{{}}}}}}},"root":"root","version":7}}"#,
        root.join(",")
    );
    let repo = Repo::new(&[("flake.nix", "{ outputs = _: { }; }\n")]);
    repo.write("flake.lock", lock);
    for arguments in [
        &["gate", "--base", "HEAD", "--max-nodes", "1"][..],
        &["analyze", "flake.lock"],
        &["diff", "flake.nix.lock", "flake.lock"],
    ] {
        repo.write("flake.nix.lock", r#"{"nodes":{"root":{}},"root":"root","version":7}"#);
        let run = repo.flakepart(&[arguments, &["--format", "markdown"]].concat());
        assert!(run.stdout.len() <= 65_536, "{arguments:?}: {}", run.stdout.len());
        let left = run.stdout.lines().find(|line| line.starts_with("… and ")).unwrap_or_default();
        assert!(left.ends_with(" more rows, for which there is no room here"), "{arguments:?}: {left}");
        let opened = run.stdout.matches("<details>").count();
        assert_eq!(opened, run.stdout.matches("</details>").count(), "{arguments:?}");
    }
}

/// `FLAKEPART_SCHEMAS` names a folder with `sarif-schema-2.1.0.json`, which OASIS publishes, and GitLab's
/// `codeclimate.json` (`app/validators/json_schemas`). Python's `jsonschema` validates.
#[test]
fn sarif_and_gitlab_s_report_are_valid_by_their_schemas() {
    const VALIDATE: &str = "import json, jsonschema, sys
schema = json.load(open(sys.argv[1]))
validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
document = json.load(sys.stdin)
for part in document if isinstance(document, list) else [document]:
    for error in validator.iter_errors(part): print(error.json_path, error.message)
";
    let Some(folder) = std::env::var_os("FLAKEPART_SCHEMAS") else {
        return skipped("FLAKEPART_SCHEMAS names no folder with schemas");
    };
    let levels = [Level::Error, Level::Warning, Level::Note];
    let all = Code::ALL.iter().zip(levels.into_iter().cycle()).map(|(code, level)| {
        let finding = Finding::new(*code, "a \u{1b} message").at("a b/é.nix", Some(3));
        Finding { level, ..finding.help("help") }
    });
    let all: Vec<Finding> = all.chain([Finding::new(Code::Growth, "without a place")]).collect();
    for (schema, documents) in [
        ("sarif-schema-2.1.0.json", [report::sarif(&all), report::sarif(&[])]),
        ("codeclimate.json", [report::gitlab(&all), report::gitlab(&[])]),
    ] {
        let schema = std::path::Path::new(&folder).join(schema);
        for document in documents {
            let mut file = tempfile::tempfile().unwrap();
            std::io::Write::write_all(&mut file, document.unwrap().as_bytes()).unwrap();
            std::io::Seek::rewind(&mut file).unwrap();
            let python =
                Command::new("python3").arg("-c").arg(VALIDATE).arg(&schema).stdin(file).output().unwrap();
            let said = String::from_utf8_lossy(&python.stdout).into_owned()
                + &String::from_utf8_lossy(&python.stderr);
            assert!(python.status.success() && said.is_empty(), "{}: {said}", schema.display());
        }
    }
}
