//! flakepart.toml: what it says, what is wrong in it, and what becomes of findings.

use flakepart::check::{Pattern, Settings};
use flakepart::lock::{Attrs, Lock};
use insta::assert_snapshot;
use serde_json::Value;

use super::findings::split;
use crate::support::Repo;

/// The fixture, with settings.
fn with(settings: &str) -> Repo {
    Repo::agent_boxes_edited(&[("flakepart.toml", "", settings)])
}

#[test]
fn a_lock_is_held_to_its_budget() {
    let repo = split();
    repo.write(
        "flakepart.toml",
        "[budget.root]\nnodes = 4\nbytes = 1000\ndepth = 0\nnixpkgs = 1\n[budget.partitions.agents]\nnodes = 12\nnixpkgs = 0\n",
    );
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    error[over-budget]: 1 input deep; the budget is 0
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    error[over-budget]: 2759 bytes; the budget is 1000
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    error[over-budget]: 5 nodes; the budget is 4
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    error[over-budget]: 1 revision of nixpkgs; the budget is 0
      --> nix/agents/_inputs/flake.lock
      help: `flakepart analyze nix/agents/_inputs/flake.lock` shows which input
            brings what
    error[over-budget]: 13 nodes; the budget is 12
      --> nix/agents/_inputs/flake.lock
      help: `flakepart analyze nix/agents/_inputs/flake.lock` shows which input
            brings what
    ");
}

#[test]
fn a_budget_for_a_partition_that_is_not_there_holds_nothing() {
    let repo = split();
    repo.write("flakepart.toml", "[budget.partitions.agent]\nnodes = 12\n");
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    error[partition-undefined]: a budget is for partition `agent`, which this flake
    does not have
      --> flakepart.toml
      help: did you mean `agents`?
    ");
}

#[test]
fn inputs_come_from_where_they_may_and_are_neither_too_young_nor_too_old() {
    let repo = with(
        "[inputs]\nallow = [\"git+https://git.example/n*\"]\ndeny = [\"git+https://git.example/numtide/*\"]\nmin-age-days = 30\nnixpkgs-max-age-days = 1\nnixpkgs-branches = [\"nixos-unstable\"]\n",
    );
    // 2026-04-21: fifteen days after the fixture's nixpkgs.
    let run = repo.flakepart_at(1_776_729_600, &["check"]);
    assert_snapshot!(run, @"
    exit code 1
    --- stdout ---
    error[nixpkgs-too-old]: `nixpkgs` is 14 days old; flakepart.toml allows 1
      --> flake.nix:5
      help: `nix flake update nixpkgs`
    error[revision-too-new]: `nixpkgs` is 14 days old; flakepart.toml wants 30 days
      --> flake.nix:5
      help: lock an older revision, or wait
    error[nixpkgs-branch]: `nixpkgs` names no branch; flakepart.toml allows
    nixos-unstable
      --> flake.nix:5
      help: declare it with such a branch
    error[input-denied]: `flake-parts` comes from
    git+https://git.example/hercules-ci/flake-parts, which `allow` does not have
      --> flake.nix:7
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[input-denied]: `import-tree` comes from
    git+https://git.example/vic/import-tree, which `allow` does not have
      --> flake.nix:11
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[input-denied]: `treefmt-nix` comes from
    git+https://git.example/numtide/treefmt-nix, which `deny` has as
    `git+https://git.example/numtide/*`
      --> flake.nix:15
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[revision-too-new]: `treefmt-nix` is 12 days old; flakepart.toml wants 30
    days
      --> flake.nix:15
      help: lock an older revision, or wait
    error[input-denied]: `hermes-agent/flake-parts` comes from
    git+https://git.example/hercules-ci/flake-parts, which `allow` does not have
      --> flake.nix:22
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[input-denied]: `hermes-agent/npm-lockfile-fix` comes from
    git+https://git.example/jeslie0/npm-lockfile-fix, which `allow` does not have
      --> flake.nix:22
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[input-denied]: `hermes-agent/pyproject-build-systems/pyproject-nix` comes
    from git+https://git.example/pyproject-nix/pyproject.nix, which `allow` does not
    have
      --> flake.nix:22
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[input-denied]: `hermes-agent/pyproject-build-systems/uv2nix` comes from
    git+https://git.example/pyproject-nix/uv2nix, which `allow` does not have
      --> flake.nix:22
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[input-denied]: `hermes-agent/pyproject-build-systems` comes from
    git+https://git.example/pyproject-nix/build-system-pkgs, which `allow` does not
    have
      --> flake.nix:22
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[input-denied]: `hermes-agent/pyproject-nix` comes from
    git+https://git.example/pyproject-nix/pyproject.nix, which `allow` does not have
      --> flake.nix:22
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[input-denied]: `hermes-agent/uv2nix/pyproject-nix` comes from
    git+https://git.example/pyproject-nix/pyproject.nix, which `allow` does not have
      --> flake.nix:22
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[input-denied]: `hermes-agent/uv2nix` comes from
    git+https://git.example/pyproject-nix/uv2nix, which `allow` does not have
      --> flake.nix:22
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[input-denied]: `pi-mono` comes from
    git+https://git.example/badlogic/pi-mono, which `allow` does not have
      --> flake.nix:26
      help: another source, or a `follows` to one; else allow it in flakepart.toml
    error[revision-too-new]: `pi-mono` is 19 days old; flakepart.toml wants 30 days
      --> flake.nix:26
      help: lock an older revision, or wait
    ");
}

#[test]
fn a_finding_has_the_level_that_the_settings_give_it() {
    let wrong = ("flake.lock", "\"version\": 7", "\"version\":  7");
    let of = |level: &str| {
        let levels = format!("[levels]\nlock-not-canonical = \"{level}\"\n");
        let repo = Repo::agent_boxes_edited(&[wrong, ("flakepart.toml", "", &levels)]);
        let run = repo.flakepart(&["check"]);
        (run.code, run.stdout.lines().next().unwrap_or_default().to_owned())
    };
    let told = |level: &str| format!("{level}[lock-not-canonical]: Nix would write this lock in other bytes");
    assert_eq!(of("error"), (Some(1), told("error")));
    assert_eq!(of("warning"), (Some(1), told("warning")));
    assert_eq!(of("note"), (Some(0), String::new()));
    assert_eq!(of("off"), (Some(0), String::new()));
}

#[test]
fn an_exception_allows_a_finding_until_its_day() {
    let settings = "[[exceptions]]\ncode = \"override-stale\"\ninput = \"hermes-agent\"\nfile = \"flake.nix\"\nreason = \"until they release\"\nuntil = 2026-11-21\n";
    let repo = Repo::agent_boxes_edited(&[
        ("flake.nix", "hermes-agent.inputs.systems.follows", "hermes-agent.inputs.sistems.follows"),
        ("flake.nix", "inputs.nixpkgs.follows = \"nixpkgs\";", "inputs.nixpgks.follows = \"nixpkgs\";"),
        ("flakepart.toml", "", settings),
    ]);
    let day = 86_400;
    let last = 1_795_219_200 + day - 1;
    // Another input's finding is none of it.
    assert_snapshot!(repo.flakepart_at(last, &["check", "flake.nix"]), @"
    exit code 1
    --- stdout ---
    warning[override-stale]: flake.nix overrides `treefmt-nix/nixpgks`, but there is
    no such input
      --> flake.nix:15
      help: remove the override: Nix passes over it with a warning
    ");
    assert_snapshot!(repo.flakepart_at(last + 1, &["check", "flake.nix"]), @"
    exit code 1
    --- stdout ---
    error[exception-expired]: the exception for override-stale of `hermes-agent`
    ended on 2026-11-21: until they release
      --> flakepart.toml
      help: mend what it was for and remove it, or give it another day
    warning[override-stale]: flake.nix overrides `treefmt-nix/nixpgks`, but there is
    no such input
      --> flake.nix:15
      help: remove the override: Nix passes over it with a warning
    warning[override-stale]: flake.nix overrides `hermes-agent/sistems`, but there
    is no such input
      --> flake.nix:22
      help: remove the override: Nix passes over it with a warning
    ");
}

#[test]
fn pins_of_several_tools_have_to_be_at_one_revision() {
    let repo = with(
        r#"agree = [
  ["flake.lock#nixpkgs", "devenv.lock#nixpkgs", "npins/sources.json#nixpkgs", "nix/sources.json#nixpkgs", ".flox/env/manifest.lock", ".flox/env/manifest.lock#hello"],
  ["flake.lock#systems", "gone.json", "flake.lock", "flake.lock#sistems", "README.md"],
]
"#,
    );
    let lock: Value = serde_json::from_str(&repo.read("flake.lock")).unwrap();
    let key = lock["nodes"]["root"]["inputs"]["nixpkgs"].as_str().unwrap();
    let rev = lock["nodes"][key]["locked"]["rev"].as_str().unwrap();
    let pins = |rev: &str| {
        repo.write("devenv.lock", repo.read("flake.lock"));
        repo.write(
            "npins/sources.json",
            format!(r#"{{"pins":{{"nixpkgs":{{"type":"Git","revision":"{rev}"}}}},"version":5}}"#),
        );
        repo.write("nix/sources.json", format!(r#"{{"nixpkgs":{{"branch":"main","rev":"{rev}"}}}}"#));
        repo.write(
            ".flox/env/manifest.lock",
            format!(
                r#"{{"lockfile-version":1,"packages":[{{"install_id":"hello","rev":"{rev}"}},{{"install_id":"jq","rev":"{rev}"}}]}}"#
            ),
        );
    };
    repo.write("README.md", "no JSON");
    pins(rev);
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 1
    --- stdout ---
    error[pins-disagree]: README.md: this is no JSON: expected ident at line 1
    column 2
      --> README.md
      help: flakepart.toml names it under `agree`
    error[pins-disagree]: flake.lock#sistems: it has no input `sistems`
      --> flake.lock
      help: flakepart.toml names it under `agree`
    error[pins-disagree]: flake.lock: say which of its pins, after a `#`
      --> flake.lock
      help: flakepart.toml names it under `agree`
    error[pins-disagree]: gone.json: there is no such file
      --> gone.json
      help: flakepart.toml names it under `agree`
    ");
    pins("0123456789abcdef0123456789abcdef01234567");
    repo.replace(".flox/env/manifest.lock", "\"jq\",\"rev\":\"0", "\"jq\",\"rev\":\"1");
    assert_snapshot!(repo.flakepart(&["check", "npins/sources.json"]), @"
    exit code 1
    --- stdout ---
    error[pins-disagree]: .flox/env/manifest.lock#hello is 0123456789, but
    flake.lock#nixpkgs is f87efc8b5a
      --> .flox/env/manifest.lock
      help: bring both to one revision
    error[pins-disagree]: .flox/env/manifest.lock: its packages are of several
    revisions: 0123456789, 1123456789
      --> .flox/env/manifest.lock
      help: flakepart.toml names it under `agree`
    error[pins-disagree]: nix/sources.json#nixpkgs is 0123456789, but
    flake.lock#nixpkgs is f87efc8b5a
      --> nix/sources.json
      help: bring both to one revision
    error[pins-disagree]: npins/sources.json#nixpkgs is 0123456789, but
    flake.lock#nixpkgs is f87efc8b5a
      --> npins/sources.json
      help: bring both to one revision
    ");
}

#[test]
fn what_is_wrong_in_it_is_told_with_its_line() {
    let repo = Repo::agent_boxes();
    let mut told = String::new();
    for settings in [
        "[budget.root]\nnodez = 20\n",
        "[levels]\npins-drift = \"off\"\n",
        "[levels]\npin-drift = \"of\"\n",
        "[inputs]\n\ndeny = [\"githb\"]\n",
        "[inputs]\nallow = [\"github:NixOS\"]\n",
        "[budget.root]\nnodes = -1\n",
        "[[exceptions]]\ncode = \"growth\"\nreason = \"…\"\n",
        "[[exceptions]]\ncode = \"growth\"\nreason = \"…\"\nuntil = 2026-01-31T00:00:00Z\n",
        "[budget.root\n",
        "agree = [[\"./flake.lock#a\", \"../x.json#a\"]]\n",
        "nodes = \"\u{1b}[31m\"\n",
    ] {
        repo.write("flakepart.toml", settings);
        let run = repo.flakepart(&["check"]);
        assert_eq!(run.code, Some(2), "{run}");
        told.push_str(&run.stderr.replace("\n\nhint", "\nhint"));
    }
    assert_snapshot!(told, @r"
    error: flakepart.toml:2: unknown key `nodez`
    hint: did you mean `nodes`?
    error: flakepart.toml:2: unknown value `pins-drift`
    hint: did you mean `pin-drift`?
    error: flakepart.toml:2: unknown value `of`
    hint: did you mean `off`?
    error: flakepart.toml:3: `githb` is neither a type of input (file, git, github, gitlab, hg, indirect, path, sourcehut, tarball), nor `host:HOST`, nor a reference such as `github:NixOS/*`
    error: flakepart.toml:2: `github:NixOS` names no repository; `github:NixOS/*` is all that `NixOS` has there
    error: flakepart.toml:2: invalid value: integer `-1`, expected a whole number
    error: flakepart.toml:1: missing field `until`
    error: flakepart.toml:4: expected a day, such as 2026-11-21
    error: flakepart.toml:1: unclosed table, expected `]`
    error: flakepart.toml:1: `../x.json#a` names no file of the flake
    error: flakepart.toml:1: invalid basic string, expected non-double-quote visible characters, `\`
    ");
}

#[test]
fn another_file_can_be_named() {
    let repo = Repo::agent_boxes();
    repo.write("strict.toml", "[budget.root]\nnodes = 16\n");
    assert_snapshot!(repo.flakepart(&["check", "--config", "strict.toml"]), @"
    exit code 1
    --- stdout ---
    error[over-budget]: 17 nodes; the budget is 16
      --> flake.lock
      help: `flakepart analyze` shows which input brings what
    ");
    assert_snapshot!(repo.flakepart(&["check", "--config", "gone.toml"]), @"
    exit code 2
    --- stderr ---
    error: cannot read gone.toml: No such file or directory (os error 2)

    hint: `--config` names a file with settings, as flakepart.toml has them
    ");
}

/// The attributes of an input.
fn attrs(json: &str) -> Attrs {
    let lock = format!(
        r#"{{"nodes":{{"a":{{"locked":{{"narHash":"sha256-x","path":"/x","type":"path"}},"original":{json}}},"root":{{"inputs":{{"a":"a"}}}}}},"root":"root","version":7}}"#
    );
    Lock::parse(lock.as_bytes()).unwrap().nodes.get("a").unwrap().original.clone().unwrap()
}

/// Those inputs that a pattern does not deny, or does not allow.
fn left_by<'a>(judges: fn(&Pattern, &Attrs) -> bool, pattern: &str, inputs: &[&'a str]) -> Vec<&'a str> {
    let pattern = Pattern::try_from(pattern.to_owned()).unwrap();
    inputs.iter().copied().filter(|input| !judges(&pattern, &attrs(input))).collect()
}

#[test]
fn patterns_name_a_type_a_host_or_a_reference() {
    let inputs = [
        r#"{"type":"github","owner":"NixOS","repo":"nixpkgs","rev":"0"}"#,
        r#"{"type":"gitlab","owner":"a%2Fb","repo":"c","host":"git.corp.example","rev":"0"}"#,
        r#"{"type":"git","url":"https://user:secret@codeberg.org:443/a/b?x=1","rev":"0"}"#,
        r#"{"type":"git","url":"ssh://git@codeberg.org/a/b","rev":"0"}"#,
        r#"{"type":"tarball","url":"https://example.org/a[1].tar.gz"}"#,
        r#"{"type":"indirect","id":"nixpkgs"}"#,
        r#"{"type":"path","path":"/home/me/x"}"#,
    ];
    let patterns = [
        "github",
        "github:nixos/*",
        "github:NixOS/nix",
        "host:GitHub.com",
        "gitlab:a/b/*",
        "host:*.example",
        "host:codeberg.org",
        "git+https://codeberg.org*",
        "git+ssh://*",
        "https://example.org/a[1].tar.gz",
        "flake:nixpkgs",
        "indirect",
        "path:/home/*",
    ];
    let mut table = String::new();
    for pattern in patterns {
        let settings = Settings::parse(format!("[inputs]\ndeny = ['{pattern}']\n").as_bytes()).unwrap();
        let pattern: &Pattern = settings.inputs.deny.first().unwrap();
        let marks = inputs.iter().map(|input| if pattern.denies(&attrs(input)) { " x" } else { " -" });
        table.push_str(&format!("{:32}{}\n", pattern.text(), marks.collect::<String>()));
    }
    assert_snapshot!(table, @"
    github                           x - - - - - -
    github:nixos/*                   x - - - - - -
    github:NixOS/nix                 - - - - - - -
    host:GitHub.com                  x - - - - - -
    gitlab:a/b/*                     - x - - - - -
    host:*.example                   - x - - - - -
    host:codeberg.org                - - x x - - -
    git+https://codeberg.org*        - - x - - - -
    git+ssh://*                      - - - x - - -
    https://example.org/a[1].tar.gz  - - - - x - -
    flake:nixpkgs                    - - - - - x -
    indirect                         - - - - - x -
    path:/home/*                     - - - - - - x
    ");
}

/// Every key of a table, as the parser tells them where it meets one that it does not know.
fn known_keys(table: &str) -> Vec<String> {
    let error = Settings::parse(format!("{table}\nzzzzzzzz = 1\n").as_bytes()).unwrap_err();
    let known = error.hint.as_deref().unwrap().strip_prefix("it has: ").unwrap().split(", ");
    let mut known: Vec<String> = known.map(str::to_owned).collect();
    known.sort();
    known
}

#[test]
fn nobody_gets_around_what_is_denied_by_writing_it_in_another_way() {
    let none: [&str; 0] = [];
    let hosts = [
        r#"{"type":"git","url":"https://evil.example./a"}"#,
        r#"{"type":"git","url":"ssh://u@EVIL.example:22/a"}"#,
        r#"{"type":"git","url":"git@evil.example:a/b"}"#,
        r#"{"type":"git","url":"ssh://u?@evil.example/a"}"#,
        r#"{"type":"tarball","url":"https://evil%2eexample/a"}"#,
        r#"{"type":"tarball","url":"https:/evil.example/a"}"#,
        r#"{"type":"tarball","url":"https:///evil.example/a"}"#,
        r#"{"type":"tarball","url":"https://evil。example/a"}"#,
        r#"{"type":"gitlab","owner":"a","repo":"b","host":"evil.example:443"}"#,
        r#"{"type":"gitlab","owner":"a","repo":"b","host":""}"#,
    ];
    assert_eq!(left_by(Pattern::denies, "host:evil.example", &hosts), none);
    let urls = [
        r#"{"type":"git","url":"https://x.example:443/evil/a"}"#,
        r#"{"type":"git","url":"https://x.example/%65vil/a"}"#,
        r#"{"type":"git","url":"https://x.example/a/../evil/a"}"#,
        r#"{"type":"git","url":"https://x.example/%2e/evil/a"}"#,
    ];
    assert_eq!(left_by(Pattern::denies, "git+https://x.example/evil/*", &urls), none);
    let owners = [
        r#"{"type":"github","owner":"%65vil","repo":"a"}"#,
        r#"{"type":"github","owner":"a/../evil","repo":"a"}"#,
        r#"{"type":"github","owner":"evil","repo":"a","host":"x.example"}"#,
    ];
    assert_eq!(left_by(Pattern::denies, "github:evil/*", &owners), none);
    // Of others nothing is known to be denied.
    let others = [
        r#"{"type":"git","url":"https://x.example/a%2Bb"}"#,
        r#"{"type":"git","url":"./x"}"#,
        r#"{"type":"tarball","url":"file:///x/../y"}"#,
        r#"{"type":"path","path":"../x"}"#,
    ];
    assert_eq!(left_by(Pattern::denies, "host:evil.example", &others), others);
}

#[test]
fn what_is_allowed_has_to_come_from_there_for_certain() {
    let allowed = [
        r#"{"type":"github","owner":"nixos","repo":"nixpkgs"}"#,
        r#"{"type":"github","owner":"NixOS","repo":"nixpkgs","host":"github.com"}"#,
    ];
    let forged = [
        r#"{"type":"github","owner":"NixOS","repo":"nixpkgs","host":"evil.example"}"#,
        r#"{"type":"github","owner":"NixOS","repo":"../evil/a"}"#,
        r#"{"type":"github","owner":"NixOS/%2e%2e","repo":"evil/a"}"#,
    ];
    let all = [&allowed[..], &forged].concat();
    assert_eq!(left_by(Pattern::allows, "github:NixOS/*", &all), forged);
    let (allowed, forged) = (
        [r#"{"type":"git","url":"https://x.example/good/a"}"#],
        [r#"{"type":"git","url":"https://x.example/good/../evil/a"}"#],
    );
    let all = [allowed, forged].concat();
    assert_eq!(left_by(Pattern::allows, "git+https://x.example/good/*", &all), forged);
    let forged = [r#"{"type":"git","url":"https://evil.example\\@x.example/a"}"#];
    assert_eq!(left_by(Pattern::allows, "host:x.example", &[allowed, forged].concat()), forged);
}

#[test]
fn the_schema_for_editors_and_the_documentation_know_the_same_keys() {
    let schema: Value = serde_json::from_str(include_str!("../../../docs/flakepart.schema.json")).unwrap();
    let document = include_str!("../../../docs/settings.md");
    for (table, place) in [
        ("", "/properties"),
        ("[budget]", "/properties/budget/properties"),
        ("[budget.root]", "/definitions/budget/properties"),
        ("[inputs]", "/properties/inputs/properties"),
        ("[[exceptions]]", "/properties/exceptions/items/properties"),
    ] {
        let keys: Vec<String> = schema.pointer(place).unwrap().as_object().unwrap().keys().cloned().collect();
        assert_eq!(known_keys(table), keys, "{table}");
        assert_eq!(keys.iter().find(|key| !document.contains(key.as_str())), None);
    }
    let codes = schema.pointer("/definitions/code/enum").unwrap().as_array().unwrap();
    let names: Vec<&str> = codes.iter().filter_map(Value::as_str).collect();
    assert_eq!(names, flakepart::finding::Code::NAMES);
}

#[test]
fn the_examples_of_the_documentation_are_read() {
    let document = include_str!("../../../docs/settings.md");
    let blocks: Vec<&str> = document
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(it, _)| it)
        .collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        Settings::parse(block.as_bytes()).unwrap();
    }
}
