//! `verify`: the boxes work after a split, and a split that is not right is refuted.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use super::on_each_nix;
use super::world::{Nix, lock, worse};
use crate::support::{Repo, Run, skipped};

on_each_nix!(
    builds_and_runs_the_heavy_box,
    refutes_a_build_that_fails,
    refutes_when_apps_are_routed_no_more,
    refutes_when_packages_are_routed_no_more,
    refutes_a_partition_without_its_inputs,
    refutes_another_revision_in_the_nested_lock,
    refutes_an_input_that_lost_its_follows,
    refutes_a_nested_flake_without_a_lock,
    refutes_a_lock_with_conflict_markers,
    refutes_a_partition_that_git_does_not_know,
    refutes_a_file_that_git_does_not_know,
    refutes_a_flake_that_cannot_be_loaded,
    refutes_a_changed_script,
    refutes_an_output_that_is_gone,
    refutes_an_output_that_came_new_and_fails,
    proves_nothing_where_inputs_cannot_be_fetched,
    proves_nothing_with_a_nix_that_is_killed,
    says_where_nix_crashed,
    stops_a_nix_that_does_not_say_which_it_is,
    hides_nothing_beside_a_name_that_is_too_long,
);

const PARTITION: &str = "nix/agents/partition.nix";
const NESTED_LOCK: &str = "nix/agents/_inputs/flake.lock";

/// Why boxes cannot run on this machine.
pub(super) fn no_sandbox() -> Option<String> {
    match Command::new("bwrap").args(["--ro-bind", "/", "/", "--unshare-net", "true"]).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(format!("no bwrap: {error}")),
    }
}

fn builds_and_runs_the_heavy_box(nix: &Nix) {
    if let Some(why) = no_sandbox() {
        return skipped(&why);
    }
    let repo = nix.split_fixture();
    let wanted = ["--build", "packages.hermesbox", "--run", "apps.hermesbox", "--", "--help"];
    let (ran, proof) = nix.verify(&repo, &wanted);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(proof["verdict"], "proved");

    let mut builds = proof["builds"].clone();
    let path = builds[0]["path"].as_str().unwrap().to_owned();
    for build in builds.as_array_mut().unwrap() {
        assert_eq!(build["path"].take(), path.as_str());
    }
    assert!(path.ends_with("-hermesbox") && std::path::Path::new(&path).is_dir(), "{path}");
    let attr = |kind| format!("{kind}.{}-linux.hermesbox", std::env::consts::ARCH);
    assert_eq!(
        builds,
        json!([
            {
                "attr": attr("packages"),
                "path": null,
                "exitCode": null,
                "stdout": null,
                "stderr": null,
                "ok": true,
                "message": null,
            },
            {
                "attr": attr("apps"),
                "path": null,
                "exitCode": 0,
                "stdout": "usage: hermes [--help | --version | MESSAGE...]\n",
                "stderr": "",
                "ok": true,
                "message": null,
            },
        ])
    );
    assert!(ran.stdout.contains("| usage: hermes [--help | --version | MESSAGE...]\n"), "{ran}");
}

/// The outputs are the same, but the box cannot be built.
fn refutes_a_build_that_fails(nix: &Nix) {
    const BROKEN: &str = r#"
{
  perSystem = { pkgs, ... }: { checks.broken = pkgs.runCommand "broken" { } "echo no luck >&2; exit 7"; };
}
"#;
    let repo = Repo::agent_boxes();
    repo.write("nix/broken.nix", BROKEN);
    repo.commit();
    let (ran, proof) = nix.verify(&repo, &["--build", "checks.broken"]);
    assert_eq!((ran.code, &proof["verdict"]), (Some(1), &json!("refuted")));
    assert_eq!(worse(&proof), [""; 0]);
    let build = &proof["builds"][0];
    assert_eq!((&build["ok"], &build["path"]), (&json!(false), &Value::Null));
    assert!(build["stderr"].as_str().unwrap().contains("no luck"), "{build}");
}

/// The outputs that a split damaged in this way makes worse, as `verify` finds them.
fn refuted(nix: &Nix, damage: impl FnOnce(&Repo)) -> (Run, Vec<String>) {
    let repo = nix.split_fixture();
    damage(&repo);
    let state = repo.state();
    let (ran, proof) = nix.verify(&repo, &[]);
    assert_eq!((ran.code, &proof["verdict"]), (Some(1), &json!("refuted")), "{ran}");
    assert_eq!(repo.state(), state, "verify only looks");
    (ran, worse(&proof))
}

/// The heavy boxes among `kinds`, in the words of Nix where their inputs are missing.
fn inputs_missing(kinds: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in kinds {
        for (at, system) in places(kind) {
            lines.push(format!("{at}.hermesbox error: hermes-agent has no package for {system}"));
            lines.push(format!("{at}.pibox error: attribute 'pi-mono' missing (at nix/pi-agent.nix:11:15)"));
        }
    }
    lines
}

/// Where boxes are among the outputs of a kind, and for which systems: overlays are applied for this
/// machine's.
fn places(kind: &str) -> Vec<(String, String)> {
    let here = format!("{}-linux", std::env::consts::ARCH);
    match kind {
        "overlays" => vec![("overlays.default".to_owned(), here)],
        _ => ["aarch64-linux", "x86_64-linux"]
            .map(|system| (format!("{kind}.{system}"), system.to_owned()))
            .into(),
    }
}

/// Every package, every app and every package of the overlay, with the same verdict.
fn all_boxes(verdict: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in ["apps", "overlays", "packages"] {
        for (at, _) in places(kind) {
            for name in ["claudebox", "default", "hermesbox", "pibox"] {
                if kind != "overlays" || name != "default" {
                    lines.push(format!("{at}.{name} {verdict}"));
                }
            }
        }
    }
    lines
}

fn refutes_when_apps_are_routed_no_more(nix: &Nix) {
    let (ran, worse) = refuted(nix, |repo| repo.replace(PARTITION, "    apps = \"agents\";\n", ""));
    assert_eq!(worse, inputs_missing(&["apps"]));
    // People are told the same.
    let (outputs, verdict) = ran.stdout.split_once("refuted: ").unwrap();
    assert_eq!(
        outputs,
        "  apps.aarch64-linux.hermesbox: fails
      hermes-agent has no package for aarch64-linux
  apps.aarch64-linux.pibox, apps.x86_64-linux.pibox: fails
      attribute 'pi-mono' missing (at nix/pi-agent.nix:11:15)
  apps.x86_64-linux.hermesbox: fails
      hermes-agent has no package for x86_64-linux
  checks.aarch64-linux.treefmt: embeds the flake's source
  checks.x86_64-linux.treefmt: embeds the flake's source
  not compared  overlays.default (for other systems than x86_64-linux)
"
    );
    assert!(verdict.starts_with("21 of 27 outputs the same in HEAD ("), "{verdict}");
}

fn refutes_when_packages_are_routed_no_more(nix: &Nix) {
    let (_, worse) = refuted(nix, |repo| repo.replace(PARTITION, "    packages = \"agents\";\n", ""));
    assert_eq!(worse, inputs_missing(&["overlays", "packages"]));
}

fn refutes_a_partition_without_its_inputs(nix: &Nix) {
    const LINE: &str = "  partitions.agents.extraInputsFlake = ./_inputs;\n";
    let (_, worse) = refuted(nix, |repo| repo.replace(PARTITION, LINE, "  partitions.agents = { };\n"));
    assert_eq!(worse, inputs_missing(&["apps", "overlays", "packages"]));
    let (_, worse) = refuted(nix, |repo| repo.replace(PARTITION, LINE, ""));
    assert_eq!(
        worse,
        all_boxes("error: attribute 'agents' missing (at extras/partitions.nix:81:33 of an input)")
    );
}

fn refutes_another_revision_in_the_nested_lock(nix: &Nix) {
    let (_, worse) = refuted(nix, |repo| {
        // hermes-agent's nixpkgs becomes the root's, which is newer.
        let mut nested = lock(repo, NESTED_LOCK);
        let newer = lock(repo, "flake.lock")["nodes"]["nixpkgs"]["locked"].take();
        let older = std::mem::replace(&mut nested["nodes"]["nixpkgs"]["locked"], newer.clone());
        assert_ne!(older["rev"], newer["rev"]);
        repo.write(NESTED_LOCK, serde_json::to_string_pretty(&nested).unwrap());
    });
    const WHERE: &str = "`nativeBuildInputs` of hermes-agent-0.8.0, which hermesbox needs, \
                         was `python3-3.12.12` and is `python3-3.13.12`";
    assert_eq!(
        worse,
        [
            format!("apps.aarch64-linux.hermesbox different: {WHERE}"),
            format!("apps.x86_64-linux.hermesbox different: {WHERE}"),
            format!("overlays.default.hermesbox different: {WHERE}"),
            format!("packages.aarch64-linux.hermesbox different: {WHERE}"),
            format!("packages.x86_64-linux.hermesbox different: {WHERE}"),
        ]
    );
}

fn refutes_an_input_that_lost_its_follows(nix: &Nix) {
    let (_, worse) = refuted(nix, |repo| {
        let mut nested = lock(repo, NESTED_LOCK);
        let follows = nested["nodes"]["hermes-agent"]["inputs"].as_object_mut().unwrap().remove("systems");
        assert_eq!(follows, Some(json!(["root-systems"])));
        repo.write(NESTED_LOCK, serde_json::to_string_pretty(&nested).unwrap());
    });
    assert_eq!(
        worse,
        [
            "apps.aarch64-linux.hermesbox error: attribute 'systems' missing (at flake.nix:32:24 of an input)",
            "apps.x86_64-linux.hermesbox error: attribute 'systems' missing (at flake.nix:32:24 of an input)",
            "overlays.default.hermesbox error: attribute 'systems' missing (at flake.nix:32:24 of an input)",
            "packages.aarch64-linux.hermesbox error: attribute 'systems' missing (at flake.nix:32:24 of an input)",
            "packages.x86_64-linux.hermesbox error: attribute 'systems' missing (at flake.nix:32:24 of an input)",
        ]
    );
}

fn refutes_a_nested_flake_without_a_lock(nix: &Nix) {
    let (_, worse) = refuted(nix, |repo| {
        repo.git(&["rm", "--quiet", "--force", NESTED_LOCK]);
    });
    assert_eq!(worse, all_boxes("error: attribute 'inputs' missing (at flake-inputs.nix:39:3 of an input)"));
}

/// import-tree then sees no partition at all, and says nothing.
fn refutes_a_lock_with_conflict_markers(nix: &Nix) {
    let (ran, _) = refuted(nix, |repo| repo.replace(NESTED_LOCK, "  \"nodes\"", "<<<<<<< HEAD\n  \"nodes\""));
    // Nix tells no file; who has it all the same is a command away.
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("; if that is a lock, `flakepart check` names it"), "{ran}");
}

fn refutes_a_partition_that_git_does_not_know(nix: &Nix) {
    let (_, worse) = refuted(nix, |repo| {
        repo.git(&["rm", "--quiet", "--cached", "-r", "nix/agents"]);
    });
    assert_eq!(worse, inputs_missing(&["apps", "overlays", "packages"]));
}

/// Missing in the flake is not missing on the network, in whatever words Nix says so.
fn refutes_a_file_that_git_does_not_know(nix: &Nix) {
    let (_, worse) = refuted(nix, |repo| {
        repo.git(&["rm", "--quiet", "--cached", "src/launch.sh"]);
    });
    let (outputs, messages): (Vec<&str>, BTreeSet<&str>) =
        worse.iter().map(|line| line.split_once(" error: ").unwrap()).unzip();
    let mut expected =
        ["aarch64-linux", "x86_64-linux"].map(|system| format!("checks.{system}.launcher")).to_vec();
    expected.extend(all_boxes("").iter().map(|line| line.trim().to_owned()));
    expected.sort();
    assert_eq!(outputs, expected);
    let words = match nix.name() {
        "nix-2.8" => "getting status of 'src': No such file or directory",
        _ => "path 'src/launch.sh' does not exist",
    };
    assert_eq!(messages, BTreeSet::from([words]));
}

fn refutes_a_flake_that_cannot_be_loaded(nix: &Nix) {
    let (_, worse) = refuted(nix, |repo| repo.write(PARTITION, "_: nowhere"));
    let messages: BTreeSet<&str> = worse.iter().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(
        (worse.len(), messages),
        (27, BTreeSet::from(["error: undefined variable 'nowhere' (at nix/agents/partition.nix:1:4)"]))
    );
}

fn refutes_a_changed_script(nix: &Nix) {
    let (_, worse) = refuted(nix, |repo| repo.replace("nix/bubblebox.nix", "exec ${", "exec  ${"));
    let expected = all_boxes("different").into_iter().map(|line| {
        let name = line.rsplit_once('.').unwrap().1.replace(" different", "").replace("default", "claudebox");
        format!("{line}: `script` of {name} was `exec launch.sh \"$@\"` and is `exec  launch.sh \"$@\"`")
    });
    assert_eq!(worse, expected.collect::<Vec<_>>());
}

fn refutes_an_output_that_is_gone(nix: &Nix) {
    let (_, worse) = refuted(nix, |repo| {
        repo.git(&["rm", "--quiet", "nix/check.nix"]);
    });
    assert_eq!(
        worse,
        ["checks.aarch64-linux.launcher only-before", "checks.x86_64-linux.launcher only-before",]
    );
}

fn refutes_an_output_that_came_new_and_fails(nix: &Nix) {
    let (_, worse) = refuted(nix, |repo| {
        repo.write("nix/new.nix", "{ perSystem = _: { checks.new = throw \"not yet\"; }; }");
        repo.git(&["add", "nix/new.nix"]);
    });
    assert_eq!(
        worse,
        ["checks.aarch64-linux.new only-after: not yet", "checks.x86_64-linux.new only-after: not yet"]
    );
}

fn proves_nothing_where_inputs_cannot_be_fetched(nix: &Nix) {
    let repo = nix.split_fixture();
    let (ran, proof) = nix.in_the_light_world().verify(&repo, &[]);
    assert_eq!((ran.code, &proof["verdict"]), (Some(3), &json!("incomplete")), "{ran}");
    // It says what is missing.
    let heavy = proof["outputs"].as_array().unwrap().iter();
    let heavy = heavy.filter(|output| output["attr"] == "packages.x86_64-linux.hermesbox");
    let messages: Vec<&str> = heavy.map(|output| output["message"].as_str().unwrap()).collect();
    assert!(
        matches!(messages[..], [message] if message.contains("NousResearch/hermes-agent")),
        "{messages:?}"
    );
    // What needs nothing heavy was compared all the same.
    let (_, proof) = nix.in_the_light_world().verify(&repo, &["--output", "packages.claudebox"]);
    assert_eq!(proof["verdict"], "proved");
}

/// A Nix that a signal ends behind its evaluation of the state after.
fn ended_by(nix: &Nix, signal: &str) -> Nix {
    let script = format!(r#"case "$*" in *'/after?'*) "$NIX" "$@" > /dev/null; kill -{signal} $$ ;; esac"#);
    nix.behind(&format!("ended-by-{signal}"), &script)
}

fn proves_nothing_with_a_nix_that_is_killed(nix: &Nix) {
    let ran = ended_by(nix, "KILL").flakepart(&Repo::agent_boxes(), &["verify", "--output", "formatter"]);
    insta::allow_duplicates! { insta::assert_snapshot!(ran, @"
    exit code 3
    --- stderr ---
    error: `nix eval` was killed

    hint: systems do so when memory runs out; `verify --output` takes less of it
    ") }
}

fn says_where_nix_crashed(nix: &Nix) {
    let system = format!("{}-linux", std::env::consts::ARCH);
    let wanted = ["--output", "formatter", "--system", &system];
    let (ran, proof) = ended_by(nix, "SEGV").verify(&Repo::agent_boxes(), &wanted);
    assert_eq!((ran.code, &proof["verdict"]), (Some(1), &json!("refuted")), "{ran}");
    assert_eq!(worse(&proof), [format!("formatter.{system} error: nix ended with signal 11")]);
}

fn stops_a_nix_that_does_not_say_which_it_is(nix: &Nix) {
    let nix = nix.behind("silent", r#"[ "$*" != --version ] || exec sleep 1000"#);
    let ran = nix.flakepart(&Repo::agent_boxes(), &["verify", "--timeout", "1"]);
    insta::allow_duplicates! { insta::assert_snapshot!(ran, @"
    exit code 3
    --- stderr ---
    error: `nix --version` was stopped after 1 seconds

    hint: `--timeout SECONDS` gives it more time
    ") }
}

fn hides_nothing_beside_a_name_that_is_too_long(nix: &Nix) {
    let flake = "{ outputs = _: { lib = { ${toString (builtins.genList (_: \"a\") 40000)} = abort \"no\"; z = 1; }; }; }\n";
    let repo = Repo::new(&[("flake.nix", flake)]);
    repo.replace("flake.nix", "z = 1", "z = 2");
    let ran = nix.flakepart(&repo, &["verify", "--base", "HEAD"]);
    assert_eq!(ran.stdout, "", "{ran}");
    assert!(ran.stderr.contains("evaluation aborted with the following error message: 'no'"), "{ran}");
    assert_eq!(ran.code, Some(2), "{ran}");
}
