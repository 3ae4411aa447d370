//! `verify` with stores that are not the machine's own.

use super::on_each_nix;
use super::world::{Nix, outputs};
use crate::support::Repo;

on_each_nix!(
    says_the_same_of_derivations_in_other_stores,
    builds_what_was_evaluated_into_another_store,
    names_a_store_that_cannot_be_read,
);

/// One package is changed in what it needs, and one has the whole source in it.
fn changed() -> Repo {
    const FLAKE: &str = r#"{
  outputs = { self }:
    let
      make = name: more: derivation ({
        inherit name;
        system = builtins.head [ "SYSTEM" ];
        builder = "/bin/sh";
        args = [ "-c" "echo built > $out" ];
      } // more);
    in
    {
      packages.SYSTEM = {
        deep = make "deep" { needs = make "needed" { flag = "a"; }; };
        plain = make "plain" { };
        whole = make "whole" { src = "${self}"; file = make "file" { src = ./flake.nix; }; };
      };
    };
}
"#;
    let system = format!("{}-linux", std::env::consts::ARCH);
    let repo = Repo::new(&[("flake.nix", &FLAKE.replace("SYSTEM", &system))]);
    repo.commit();
    repo.replace("flake.nix", "flag = \"a\"", "flag = \"b\"");
    repo
}

fn says_the_same_of_derivations_in_other_stores(nix: &Nix) {
    let repo = changed();
    let (ran, proof) = nix.verify(&repo, &[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let package = |name: &str| format!("packages.{}-linux.{name}", std::env::consts::ARCH);
    let expected = [
        package("deep different: `flag` of needed, which deep needs, was `a` and is `b`"),
        package("plain same"),
        package("whole source-dependent"),
    ];
    assert_eq!(outputs(&proof), expected);

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let folder = folder.to_str().unwrap();
    // The last one says nowhere that flakepart could look where its files are.
    let elsewhere = format!("local?real={folder}/files&state={folder}/state&log={folder}/log");
    for store in [format!("{folder}/one"), format!("local?root={folder}/two"), elsewhere] {
        for flag in ["--eval-store", "--store"] {
            let (ran, proof) = nix.verify(&repo, &[flag, &store]);
            assert_eq!(outputs(&proof), expected, "{flag} {store}: {ran}");
        }
    }
}

fn builds_what_was_evaluated_into_another_store(nix: &Nix) {
    let repo = changed();
    let store = tempfile::tempdir().unwrap();
    let store = store.path().canonicalize().unwrap();
    let (ran, proof) =
        nix.verify(&repo, &["--eval-store", store.to_str().unwrap(), "--build", "packages.plain"]);
    let path = proof["builds"][0]["path"].as_str().unwrap_or_else(|| panic!("{ran}"));
    assert_eq!(std::fs::read_to_string(path).unwrap(), "built\n");
}

fn names_a_store_that_cannot_be_read(nix: &Nix) {
    let repo = changed();
    let ran = nix.flakepart(&repo, &["verify", "--eval-store", "nonsense://user:secret@nowhere"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran}");
    assert!(!ran.stderr.contains("secret"), "{ran}");
}
