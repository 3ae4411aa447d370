//! `verify`: what it can be asked besides whether outputs are the same.

use std::time::Duration;

use serde_json::json;

use super::on_each_nix;
use super::verify::no_sandbox;
use super::world::Nix;
use crate::support::{Repo, skipped};

on_each_nix!(
    says_what_fetches_the_inputs_of_partitions,
    says_what_is_required_and_not_there,
    says_what_consumers_get_and_lose,
    builds_in_the_sandbox_and_runs_all_boxes,
    catches_a_broken_box,
    names_no_program_to_run,
    runs_scripts_that_nothing_builds,
    names_the_output_that_was_meant,
    proves_nothing_for_a_system_that_is_none,
    takes_the_longest_time_there_is,
    shows_the_proof_that_no_file_takes,
    ends_what_runs_when_it_is_ended,
);

/// This machine's system.
fn here() -> String {
    format!("{}-linux", std::env::consts::ARCH)
}

fn says_what_fetches_the_inputs_of_partitions(nix: &Nix) {
    let repo = nix.split_fixture();
    let system = here();
    let (ran, proof) = nix.verify(&repo, &["--system", &system, "--lazy", "packages", "--lazy", "devShells"]);
    assert_eq!((ran.code, &proof["verdict"]), (Some(1), &json!("refuted")), "{ran}");
    let attr = |name: &str| format!("packages.{system}.{name}");
    assert_eq!(
        proof["lazy"],
        json!([
            { "attr": format!("devShells.{system}.default"), "ok": true, "message": null },
            { "attr": attr("claudebox"), "ok": true, "message": null },
            { "attr": attr("default"), "ok": true, "message": null },
            {
                "attr": attr("hermesbox"),
                "ok": false,
                "message": "fetches hermes-agent of nix/agents/_inputs/flake.lock",
            },
            { "attr": attr("pibox"), "ok": false, "message": "fetches pi-mono of nix/agents/_inputs/flake.lock" },
        ])
    );
    let (ran, proof) = nix.verify(&repo, &["--system", &system, "--lazy", "packages.claudebox"]);
    assert_eq!((ran.code, &proof["verdict"]), (Some(0), &json!("proved")), "{ran}");
}

fn shows_the_proof_that_no_file_takes(nix: &Nix) {
    let repo = Repo::agent_boxes();
    let wanted = ["verify", "--base", "HEAD", "--output", "formatter", "--proof", "nowhere/proof.json"];
    let ran = nix.flakepart(&repo, &wanted);
    assert!(ran.stdout.starts_with("proved: 2 of 2 outputs the same"), "{ran}");
    assert!(ran.stderr.starts_with("error: cannot write nowhere/proof.json"), "{ran}");
    assert_eq!(ran.code, Some(3), "{ran}");
}

fn says_what_is_required_and_not_there(nix: &Nix) {
    let repo = Repo::agent_boxes();
    let wanted = ["--output", "formatter", "--require", "devShells.default", "--require", "devShells.agents"];
    let (ran, proof) = nix.verify(&repo, &wanted);
    assert_eq!((ran.code, &proof["verdict"]), (Some(1), &json!("refuted")));
    let attr = |name: &str| format!("devShells.{}.{name}", here());
    assert_eq!(
        proof["required"],
        json!([
            { "attr": attr("default"), "ok": true, "message": null },
            { "attr": attr("agents"), "ok": false, "message": "attribute 'agents' missing" },
        ])
    );
}

fn says_what_consumers_get_and_lose(nix: &Nix) {
    let repo = nix.split_fixture();
    let (ran, proof) = nix.verify(&repo, &["--consumer"]);
    assert_eq!((ran.code, &proof["verdict"]), (Some(0), &json!("proved")), "{ran}");
    assert_eq!(
        proof["consumers"],
        json!({
            "nodesBefore": 18,
            "nodesAfter": 6,
            "lostInputs": ["hermes-agent", "pi-mono"],
            "outputs": proof["outputs"].as_array().unwrap().len(),
            "differs": [],
        })
    );
    let line = "  consumers  18 -> 6 nodes in their locks; the same 27 outputs they get from it;\n             \
                they can no longer follow or override hermes-agent, pi-mono\n";
    assert!(ran.stdout.contains(line), "{ran}");
}

/// The fixture, whose boxes build only where this repository cannot be seen: in no sandbox but Nix's own.
fn boxes_for_the_sandbox() -> Repo {
    let repo = Repo::agent_boxes();
    let build = format!("if test -e {}; then exit 1; fi\n            mkdir -p", repo.path().display());
    repo.replace("nix/bubblebox.nix", "mkdir -p", &build);
    repo.commit();
    repo
}

fn builds_in_the_sandbox_and_runs_all_boxes(nix: &Nix) {
    if let Some(why) = no_sandbox() {
        return skipped(&why);
    }
    let repo = boxes_for_the_sandbox();
    let (ran, _) = nix.verify(&repo, &["--output", "formatter", "--build", "packages.claudebox"]);
    assert_eq!(ran.code, Some(1), "without the sandbox it does not build: {ran}");

    let Some(nix) = nix.in_its_sandbox() else { return };
    let (ran, proof) = nix.verify(&repo, &["--output", "packages", "--run-all", "packages"]);
    assert_eq!((ran.code, &proof["verdict"]), (Some(0), &json!("proved")), "{ran}");
    let builds = proof["builds"].as_array().unwrap().iter();
    let builds: Vec<_> = builds.map(|build| (&build["attr"], &build["exitCode"], &build["stdout"])).collect();
    let ran =
        |name: &str, usage: &str| (json!(format!("packages.{}.{name}", here())), json!(0), json!(usage));
    let expected = [
        ran("claudebox", "usage: claude [ARGUMENT...]\n"),
        ran("default", "usage: claude [ARGUMENT...]\n"),
        ran("hermesbox", "usage: hermes [--help | --version | MESSAGE...]\n"),
        ran("pibox", "usage: pi [--help | PROMPT...]\n"),
    ];
    assert_eq!(builds, expected.each_ref().map(|(attr, code, usage)| (attr, code, usage)));
}

/// It is built as before, and does not run.
fn catches_a_broken_box(nix: &Nix) {
    if let Some(why) = no_sandbox() {
        return skipped(&why);
    }
    let repo = boxes_for_the_sandbox();
    repo.replace("nix/pibox.nix", "toolBinary = \"pi\";", "toolBinary = \"po\";");
    repo.commit();
    let Some(nix) = nix.in_its_sandbox() else { return };
    let (ran, proof) = nix.verify(&repo, &["--output", "packages", "--run", "packages.pibox"]);
    assert_eq!((ran.code, &proof["verdict"]), (Some(1), &json!("refuted")));
    let build = &proof["builds"][0];
    assert_eq!((&build["ok"], &build["exitCode"]), (&json!(false), &json!(1)));
    assert!(build["stderr"].as_str().unwrap().contains("/bin/po: No such file or directory"), "{build}");
    assert!(build["path"].as_str().unwrap().ends_with("-pibox"), "{build}");
}

fn names_no_program_to_run(nix: &Nix) {
    let repo = Repo::agent_boxes();
    let (ran, proof) = nix.verify(&repo, &["--output", "formatter", "--run", "devShells.default"]);
    assert_eq!(ran.code, Some(1));
    let message = proof["builds"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("there is nothing to run in it: no /"), "{message}");
}

/// An app may be a file of the flake, by itself or in its source. No other output is built for it.
fn runs_scripts_that_nothing_builds(nix: &Nix) {
    let repo = Repo::new(&[(
        "flake.nix",
        r#"{
          outputs = { self }: {
            packages.SYSTEM.default = derivation { name = "another"; system = "SYSTEM"; builder = "/bin/false"; };
            apps.SYSTEM = {
              file = { type = "app"; program = "${./run.sh}"; };
              source = { type = "app"; program = "${self}/run.sh"; };
              text = { type = "app"; program = toString ./run.sh; };
            };
          };
        }"#,
    )]);
    repo.replace("flake.nix", "SYSTEM", &here());
    repo.write("run.sh", "#!/bin/sh\necho It runs with $1\n");
    let script = repo.path().join("run.sh");
    std::fs::set_permissions(script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    repo.commit();
    let (_, proof) = nix.verify(&repo, &["--run-all", "apps", "--", "care"]);
    let builds = proof["builds"].as_array().unwrap().iter();
    let builds: Vec<_> = builds.map(|build| (build["ok"].as_bool(), build["stdout"].as_str())).collect();
    assert_eq!(builds, [(Some(true), Some("It runs with care\n")); 3], "{proof}");
}

fn names_the_output_that_was_meant(nix: &Nix) {
    let repo = Repo::agent_boxes();
    let last = |arguments: &[&str]| {
        let ran = nix.flakepart(&repo, &[&["verify"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran}");
        ran.stderr.lines().last().unwrap().to_owned()
    };
    assert_eq!(last(&["--output", "packages.claudbox"]), "hint: did you mean `packages.claudebox`?");
    assert_eq!(last(&["--lazy", "package"]), "hint: did you mean `packages`?");
    assert_eq!(
        last(&["--output", "nothing"]),
        "hint: it has: apps, checks, devShells, formatter, legacyPackages, overlays, packages"
    );
}

fn proves_nothing_for_a_system_that_is_none(nix: &Nix) {
    let ran = nix.flakepart(&Repo::agent_boxes(), &["verify", "--before", ".", "--system", "x86_64-linx"]);
    insta::allow_duplicates! { insta::assert_snapshot!(ran, @"
    exit code 2
    --- stderr ---
    error: neither . nor the work tree has an output for `x86_64-linx`

    hint: write it as in `x86_64-linux`
    ") }
}

fn takes_the_longest_time_there_is(nix: &Nix) {
    let longest = u64::MAX.to_string();
    let ran =
        nix.flakepart(&Repo::agent_boxes(), &["verify", "--output", "formatter", "--timeout", &longest]);
    assert_eq!(ran.code, Some(0), "{ran}");
}

/// A signal to flakepart alone, as a CI job gets it, ends the programs that it runs, too.
fn ends_what_runs_when_it_is_ended(nix: &Nix) {
    const LASTING: &str = r#"
{
  perSystem = { pkgs, ... }: {
    packages.lasting = pkgs.writeShellScriptBin "lasting" "echo $$ > $1.new; mv $1.new $1; sleep 1000; true";
  };
}
"#;
    let repo = Repo::agent_boxes();
    repo.write("nix/lasting.nix", LASTING);
    repo.commit();
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let wanted =
        ["verify", "--output", "formatter", "--run", "packages.lasting", "--", mark.to_str().unwrap()];
    let mut flakepart =
        nix.command(env!("CARGO_BIN_EXE_flakepart"), repo.path()).args(wanted).spawn().unwrap();
    while !mark.exists() {
        assert_eq!(flakepart.try_wait().unwrap(), None, "it waits for the program");
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = std::fs::read_to_string(&mark).unwrap().trim().to_owned();
    let kill = |arguments: &[&str]| {
        std::process::Command::new("kill")
            .args(arguments)
            .stderr(std::process::Stdio::null())
            .status()
            .unwrap()
    };
    assert!(kill(&["-0", &pid]).success());
    assert!(kill(&["-TERM", &flakepart.id().to_string()]).success());
    assert_eq!(flakepart.wait().unwrap().code(), Some(3));
    assert!(!kill(&["-0", &pid]).success(), "it ended");
}
