//! `verify` where inputs cannot be fetched, as private ones without their key.

use serde_json::{Value, json};

use super::on_each_nix;
use super::world::{Nix, outputs, worse};
use crate::support::{Repo, Run};

on_each_nix!(
    asks_once_for_each_output_that_cannot_be_fetched,
    compares_what_lies_between_those_that_cannot_be_fetched,
    stops_asking_where_nothing_can_be_fetched,
    proves_nothing_of_what_could_not_be_fetched_before,
    names_what_fails_whatever_it_is_called_and_says,
);

/// A flake with so many packages, every third of which can be fetched; the others need one of five inputs
/// that nobody has.
fn flake(packages: usize) -> Repo {
    let mut inputs = String::new();
    let mut nodes = json!({ "root": { "inputs": {} } });
    for number in 0..5 {
        let name = format!("heavy{number}");
        let url = format!("file:///nowhere/{name}");
        inputs += &format!("  inputs.{name} = {{ url = \"git+{url}\"; flake = false; }};\n");
        nodes["root"]["inputs"][&name] = json!(name);
        nodes[&name] = json!({
            "flake": false,
            "locked": {
                "lastModified": 1,
                "narHash": format!("sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA{number}="),
                "ref": "main",
                "rev": format!("{:040}", number + 1),
                "revCount": 1,
                "type": "git",
                "url": url,
            },
            "original": { "type": "git", "url": url },
        });
    }
    let code = format!(
        r#"{{
{inputs}
  outputs = inputs:
    let
      rest = n: by: n - n / by * by;
      package = n: derivation {{
        name = "p${{toString n}}";
        system = "x86_64-linux";
        builder = "/bin/sh";
        heavy = if rest n 3 == 2 then "" else "${{inputs."heavy${{toString (rest n 5)}}"}}";
      }};
      packages = builtins.genList (n: {{ name = "p${{toString n}}"; value = package n; }}) {packages};
    in
    {{ packages.x86_64-linux = builtins.listToAttrs packages; }};
}}
"#
    );
    let lock = json!({ "nodes": nodes, "root": "root", "version": 7 });
    let repo = Repo::new(&[("flake.nix", &code), ("flake.lock", &lock.to_string())]);
    repo.commit();
    repo
}

/// How often Nix was run, which `--verbose` tells.
fn runs(ran: &Run) -> usize {
    ran.stderr.lines().filter(|line| line.contains("run nix")).count()
}

fn count(proof: &Value, verdict: &str) -> usize {
    let outputs = proof["outputs"].as_array().unwrap().iter();
    outputs.filter(|output| output["verdict"] == verdict).count()
}

fn asks_once_for_each_output_that_cannot_be_fetched(nix: &Nix) {
    let repo = flake(30);
    let (ran, proof) = nix.verify(&repo, &["--verbose"]);
    assert_eq!((ran.code, &proof["verdict"]), (Some(3), &json!("incomplete")), "{ran}");
    assert_eq!((count(&proof, "same"), count(&proof, "error")), (10, 20));
    for output in proof["outputs"].as_array().unwrap().iter().filter(|it| it["verdict"] == "error") {
        // Each with what it needs itself.
        let number: usize = output["attr"].as_str().unwrap().rsplit_once('p').unwrap().1.parse().unwrap();
        let message = output["message"].as_str().unwrap();
        assert!(message.contains(&format!("/nowhere/heavy{}'", number % 5)), "{output}");
    }
    // On both sides: each that fails, all behind the last one, all before it, and where the flake lies.
    assert_eq!(runs(&ran), 2 * (20 + 3));
}

fn compares_what_lies_between_those_that_cannot_be_fetched(nix: &Nix) {
    let repo = flake(30);
    repo.replace("flake.nix", "\"x86_64-linux\";", "if n == 17 then inputs.nobody else \"x86_64-linux\";");
    repo.replace("flake.nix", "\"/bin/sh\"", "if n == 8 || n == 29 then \"/bin/true\" else \"/bin/sh\"");
    repo.replace(
        "flake.nix",
        "listToAttrs packages;",
        "listToAttrs packages; list = [ 1 [ ] inputs.heavy0.rev ];",
    );
    let (ran, proof) = nix.verify(&repo, &[]);
    assert_eq!((ran.code, &proof["verdict"]), (Some(1), &json!("refuted")), "{ran}");
    let expected = [
        "list.\"0\" only-after",
        "list.\"1\" only-after",
        "packages.x86_64-linux.p17 error",
        "packages.x86_64-linux.p29 different",
        "packages.x86_64-linux.p8 different",
    ];
    // Of those that fail as before there are twenty.
    let lines = worse(&proof).into_iter().filter(|line| !line.contains("/nowhere/"));
    let named: Vec<String> = lines.map(|line| line.split(": ").next().unwrap().to_owned()).collect();
    assert_eq!(named, expected);
}

fn stops_asking_where_nothing_can_be_fetched(nix: &Nix) {
    let repo = flake(90);
    repo.replace("flake.nix", "\"/bin/sh\"", "if n == 2 then \"/bin/true\" else \"/bin/sh\"");
    let (ran, proof) = nix.verify(&repo, &["--verbose"]);
    // What lies before was compared.
    assert_eq!((ran.code, &proof["verdict"]), (Some(1), &json!("refuted")), "{ran}");
    let outputs = outputs(&proof);
    assert_eq!(outputs[0], "every other output error: not looked at, as 50 others could not be fetched");
    // On both sides, and what differs in the control.
    assert_eq!((count(&proof, "error"), runs(&ran)), (1 + 50, 2 * (50 + 2) + 1));
}

fn proves_nothing_of_what_could_not_be_fetched_before(nix: &Nix) {
    let repo = flake(1);
    repo.replace("flake.nix", "rest n 3 == 2", "true");
    let (ran, proof) = nix.verify(&repo, &[]);
    assert_eq!((ran.code, &proof["verdict"]), (Some(3), &json!("incomplete")), "{ran}");
    let message = proof["outputs"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("it failed before: "), "{message}");
}

fn names_what_fails_whatever_it_is_called_and_says(nix: &Nix) {
    let repo = flake(0);
    let named = r#"
      named = {
        "a.\"b\n" = (package 0).drvPath;
        "\${c}" = builtins.trace "flakepart: [\"named\",\"d\"]" (package 1).drvPath;
        d = builtins.trace "trace: flakepart: [\"e\"]" (builtins.abort "no");
        "e\rf" = builtins.abort "no";
        list = [ 0 1 (package 3).drvPath 3 4 5 6 7 8 9 10 ];
      };
    in
    { inherit named;"#;
    repo.replace("flake.nix", "\n    in\n    {", named);
    repo.commit();
    let (ran, proof) = nix.verify(&repo, &["--output", "named"]);
    assert_eq!(ran.code, Some(3), "{ran}");
    let lines = outputs(&proof);
    let fails: Vec<&str> =
        lines.iter().filter_map(|line| line.split_once(" error: ")).map(|(attr, _)| attr).collect();
    assert_eq!(
        fails,
        [r#"named."${c}""#, r#"named."a.\"b\n""#, "named.d", r#"named."e\rf""#, r#"named.list."2""#]
    );
    assert_eq!(count(&proof, "same"), 10);
}
