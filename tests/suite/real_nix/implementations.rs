//! `verify` by Nix and those that go by its name. They are the real Nix, which says that it is another.

use super::on_each_nix;
use super::world::{Nix, worse};
use crate::support::Repo;

on_each_nix!(names_the_implementation, names_what_an_implementation_lacks, has_determinate_nix_copy_sources);

const LIX: &str = "nix (Lix, like Nix) 2.91.1";
const DETERMINATE: &str = "nix (Determinate Nix 3.6.2) 2.29.0";

fn names_the_implementation(nix: &Nix) {
    let repo = Repo::new(&[("flake.nix", "{ outputs = _: { x = 1; }; }\n")]);
    repo.commit();
    let mut said = Vec::new();
    for line in ["nix (Nix) 2.31.2", "nix (Nix) 2.34pre20260601_dirty", LIX, DETERMINATE] {
        let (ran, proof) = nix.calling_itself(line).verify(&repo, &[]);
        assert_eq!(proof["nix"], line);
        let said_by = ran.stdout.replace('\n', " ");
        let (_, judge) = said_by.trim_end().rsplit_once("says ").unwrap();
        said.push(format!("{}: {judge}", proof["implementation"].as_str().unwrap()));
    }
    assert_eq!(
        said,
        [
            "nix: Nix 2.31.2",
            "nix: Nix 2.34pre20260601_dirty",
            "lix: Lix 2.91.1",
            "determinate: Determinate Nix 3.6.2 (Nix 2.29.0)",
        ]
    );
}

fn names_what_an_implementation_lacks(nix: &Nix) {
    let says = |repo: &Repo, version: &str| {
        let ran = nix.calling_itself(version).flakepart(repo, &["verify"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran}");
        ran.stderr.lines().next().unwrap().rsplit_once("; ").map(|(_, lacks)| lacks.to_owned())
    };
    let submodules = Repo::new(&[("flake.nix", "{ inputs.self.submodules = true; outputs = _: { }; }\n")]);
    submodules.commit();
    let lacks = |version| says(&submodules, version);
    assert_eq!(lacks("nix (Nix) 2.26.3").unwrap(), "inputs.self.submodules takes Nix 2.27");
    assert_eq!(lacks("nix (Determinate Nix 3.0.0) 2.26.3").unwrap(), "inputs.self.submodules takes Nix 2.27");
    assert_eq!(lacks(LIX).unwrap(), "inputs.self.submodules takes Lix 2.94");
    // One that has it means something else.
    assert_eq!(lacks("nix (Nix) 2.27.0"), None);

    // These two are there in 2.26.
    if nix.name() != "nix-2.8" {
        return;
    }
    let folder = Repo::new(&[
        ("flake.nix", "{ inputs.sub.url = \"path:./sub\"; outputs = { sub, ... }: sub; }\n"),
        ("sub/flake.nix", "{ outputs = _: { }; }\n"),
        (
            "flake.lock",
            r#"{ "nodes": { "root": { "inputs": { "sub": "sub" } }, "sub": {
                "locked": { "path": "./sub", "type": "path" },
                "original": { "path": "./sub", "type": "path" },
                "parent": [] } }, "root": "root", "version": 7 }"#,
        ),
    ]);
    folder.commit();
    let lacks = |version| says(&folder, version).unwrap();
    assert_eq!(lacks("nix (Nix) 2.8.0"), "inputs in folders of the flake itself takes Nix 2.26");
    assert_eq!(lacks(LIX), "Lix has no inputs in folders of the flake itself");

    let builtin = Repo::new(&[("flake.nix", "{ outputs = _: { x = builtins.convertHash { }; }; }\n")]);
    builtin.commit();
    builtin.write("flake.nix", "{ outputs = _: { x = builtins.convertHash { }; y = 1; }; }\n");
    let (_, proof) = nix.calling_itself(LIX).verify(&builtin, &[]);
    assert_eq!(
        worse(&proof),
        [
            "x error: attribute 'convertHash' missing (at flake.nix:1:22); Lix has no builtins.convertHash",
            "y only-after",
        ]
    );
}

/// Where trees are lazy, the path of a flake's source is another one each time.
fn has_determinate_nix_copy_sources(nix: &Nix) {
    let repo = Repo::new(&[("flake.nix", "{ outputs = _: { x = ./flake.nix; }; }\n")]);
    repo.commit();
    let lazy = nix.behind(
        "lazy",
        &format!(
            "case \"$*\" in
               --version) echo '{DETERMINATE}'; exit;;
               *'lazy-trees false'*) ;;
               *) echo 'error: a path that is another one each time' >&2; exit 1;;
             esac"
        ),
    );
    let (ran, proof) = lazy.verify(&repo, &[]);
    assert_eq!((ran.code, proof["verdict"].as_str()), (Some(0), Some("proved")), "{ran}");
}
