//! The shapes in which real flakes declare their inputs, and what Nix refuses.

use insta::assert_snapshot;

use super::{declared, dedent, table};

/// A flake.nix of these lines and an `outputs` that names nothing.
fn flake(declarations: &str) -> String {
    format!("{{\n{}\n  outputs = _: {{ }};\n}}\n", dedent(declarations).trim_end())
}

#[test]
fn one_block_of_short_and_long_forms() {
    assert_snapshot!(table(&flake(r#"
        inputs = {
          nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
          # Formats the tree.
          # Only for checks.
          treefmt-nix = {
            url = "github:numtide/treefmt-nix";
            inputs.nixpkgs.follows = "nixpkgs";
          };
          disko.url = "github:nix-community/disko";
          disko.inputs.nixpkgs.follows = "nixpkgs";
        };
    "#)), @r#"
    10: "disko", from github:nix-community/disko
       ["url"] = "github:nix-community/disko"
       ["inputs", "nixpkgs", "follows"] = "nixpkgs"
    3: "nixpkgs", from github:NixOS/nixpkgs/nixos-unstable
       ["url"] = "github:NixOS/nixpkgs/nixos-unstable"
    6: "treefmt-nix", from github:numtide/treefmt-nix
       # Formats the tree.
       # Only for checks.
       ["url"] = "github:numtide/treefmt-nix"
       ["inputs", "nixpkgs", "follows"] = "nixpkgs"
    "#);
}

#[test]
fn flat_and_mixed_with_a_block() {
    assert_snapshot!(table(&flake(r#"
        inputs.a.url = "github:o/a";
        inputs = { b.url = "github:o/b"; };
        inputs.b.flake = false;
        inputs.c = { url = "github:o/c"; };
    "#)), @r#"
    2: "a", from github:o/a
       ["url"] = "github:o/a"
    3: "b", from github:o/b, no flake
       ["url"] = "github:o/b"
       ["flake"] = false
    5: "c", from github:o/c
       ["url"] = "github:o/c"
    "#);
}

#[test]
fn inputs_of_inputs_however_deep() {
    assert_snapshot!(table(&flake(r#"
        inputs = {
          a = {
            url = "github:o/a";
            inputs = {
              x.follows = "b";
              y = { follows = "b/y"; inputs.z.follows = ""; };
            };
          };
          a.inputs.v.inputs.w.follows = "b/w";
          b.url = "github:o/b";
        };
    "#)), @r#"
    3: "a", from github:o/a
       ["url"] = "github:o/a"
       ["inputs", "x", "follows"] = "b"
       ["inputs", "y", "follows"] = "b/y"
       ["inputs", "y", "inputs", "z", "follows"] = ""
       ["inputs", "v", "inputs", "w", "follows"] = "b/w"
    11: "b", from github:o/b
       ["url"] = "github:o/b"
    "#);
}

#[test]
fn follows_at_the_root() {
    assert_snapshot!(table(&flake(r#"
        inputs.a.url = "github:o/a";
        inputs.b.follows = "a/b";
        inputs.c = { follows = ""; };
    "#)), @r#"
    2: "a", from github:o/a
       ["url"] = "github:o/a"
    3: "b", follows "a/b"
       ["follows"] = "a/b"
    4: "c", follows ""
       ["follows"] = ""
    "#);
}

#[test]
fn attribute_style_references() {
    assert_snapshot!(table(&flake(r#"
        inputs.a = { type = "github"; owner = "o"; repo = "a"; flake = false; };
        inputs.b = { type = "path"; path = ./b; };
        inputs.c = { type = "git"; url = "https://example.org/c"; submodules = true; revCount = 5; };
    "#)), @r#"
    2: "a", no flake
       ["type"] = "github"
       ["owner"] = "o"
       ["repo"] = "a"
       ["flake"] = false
    3: "b", relative
       ["type"] = "path"
       ["path"] = ./b
    4: "c", from https://example.org/c
       ["type"] = "git"
       ["url"] = "https://example.org/c"
       ["submodules"] = true
       ["revCount"] = 5
    "#);
}

#[test]
fn names_in_quotes_and_names_as_literal_interpolations_are_names() {
    assert_snapshot!(table(&flake(r#"
        inputs."a.b".url = "github:o/a";
        "inputs" = {
          "1st".url = "github:o/first";
          ${"c"}.url = "github:o/c";
        };
    "#)), @r#"
    4: "1st", from github:o/first
       ["url"] = "github:o/first"
    2: "a.b", from github:o/a
       ["url"] = "github:o/a"
    5: "c", from github:o/c
       ["url"] = "github:o/c"
    "#);
}

#[test]
fn strings_of_every_kind_mean_what_nix_reads() {
    assert_snapshot!(table(&flake(r#"
        inputs = rec {
          a.url = github:o/a;
          b.url = ../b;
          c.url = ''github:o/c'';
          d.url = ("path:./d");
          d2.url = "path:d";
          d3.url = "path:/d";
          e.url = "github:o/e?dir=x&ref=\"y\"";
          f.url = /abs/f;
          g = { };
        };
    "#)), @r#"
    3: "a", from github:o/a
       ["url"] = github:o/a
    4: "b", from ../b, relative
       ["url"] = ../b
    5: "c", from github:o/c
       ["url"] = ''github:o/c''
    6: "d", from path:./d, relative
       ["url"] = "path:./d"
    7: "d2", from path:d, relative
       ["url"] = "path:d"
    8: "d3", from path:/d
       ["url"] = "path:/d"
    9: "e", from github:o/e?dir=x&ref="y"
       ["url"] = "github:o/e?dir=x&ref=\"y\""
    10: "f", from /abs/f
       ["url"] = /abs/f
    11: "g"
    "#);
}

#[test]
fn arguments_of_outputs_name_inputs_from_the_registry() {
    assert_snapshot!(table(&dedent(r#"
        {
          inputs.a.url = "github:o/a";
          outputs =
            inputs@{
              self,
              a,
              nixpkgs,
              flake-utils ? null,
              ...
            }:
            { };
        }
    "#)), @r#"
    2: "a", from github:o/a
       ["url"] = "github:o/a"
    8: "flake-utils", implicit
    7: "nixpkgs", implicit
    "#);
}

#[test]
fn self_is_no_input_even_where_it_is_declared() {
    let text = flake("inputs.self.submodules = true;\ninputs.a.url = \"github:o/a\";");
    assert_eq!(declared(&text).unwrap().inputs.keys().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_flake_without_inputs() {
    assert_eq!(table(&flake("description = \"none\";")), "");
    assert_eq!(table("{ inputs = { }; outputs = { self }: { }; }"), "");
}

#[test]
fn only_comments_that_touch_a_binding_are_its_own() {
    assert_snapshot!(table(&flake(r#"
        inputs = {
          # Everything below is pinned by hand.

          # own
          a.url = "github:o/a"; # behind
          b.url = "github:o/b"; /* block */
          c = {
            # inside
            url = "github:o/c";
          };
          # for d
          d.url = "github:o/d";
          # for d's flake
          d.flake = false;
        };
    "#)), @r#"
    6: "a", from github:o/a
       # own
       ["url"] = "github:o/a"
    7: "b", from github:o/b
       ["url"] = "github:o/b"
    8: "c", from github:o/c
       ["url"] = "github:o/c"
    13: "d", from github:o/d, no flake
       # for d
       # for d's flake
       ["url"] = "github:o/d"
       ["flake"] = false
    "#);
}

#[test]
fn inputs_that_are_computed() {
    let refused = |line: &str| table(&flake(&format!("inputs.a.url = \"github:o/a\";\n{line}")));
    assert_snapshot!(refused("inputs = import ./inputs.nix;"), @"flake.nix:3: `inputs` must be an attribute set, written out: Nix evaluates nothing here (Nix refuses)");
    assert_snapshot!(refused("inputs = let x = 1; in { };"), @"flake.nix:3: `inputs` must be an attribute set, written out: Nix evaluates nothing here (Nix refuses)");
    assert_snapshot!(refused("inputs = { } // { b.url = \"github:o/b\"; };"), @"flake.nix:3: `inputs` must be an attribute set, written out: Nix evaluates nothing here (Nix refuses)");
    assert_snapshot!(refused("inputs.b = import ./b.nix;"), @"flake.nix:3: `inputs.b` is computed; Nix evaluates nothing here and wants a literal (Nix refuses)");
    assert_snapshot!(refused("inputs.b.url = \"github:\" + \"o/b\";"), @"flake.nix:3: `inputs.b.url` is computed; Nix evaluates nothing here and wants a literal (Nix refuses)");
    assert_snapshot!(refused("inputs.b.url = \"github:${x}/b\";"), @"flake.nix:3: `inputs.b.url` is computed; Nix evaluates nothing here and wants a plain string (Nix refuses)");
    assert_snapshot!(refused("inputs.${x}.url = \"github:o/b\";"), @"flake.nix:3: dynamic attributes are not allowed in a flake.nix (Nix refuses)");
    assert_snapshot!(refused("inputs.b.url = if true then \"a\" else \"b\";"), @"flake.nix:3: `inputs.b.url` is computed; Nix evaluates nothing here and wants a literal (Nix refuses)");
    assert_snapshot!(refused("inputs.b.inputs.c = f { follows = \"a\"; };"), @"flake.nix:3: `inputs.b.inputs.c` is computed; Nix evaluates nothing here and wants a literal (Nix refuses)");
}

#[test]
fn inputs_of_the_wrong_type() {
    let refused = |line: &str| table(&flake(line));
    assert_snapshot!(refused("inputs = [ ];"), @"flake.nix:2: `inputs` must be an attribute set, written out: Nix evaluates nothing here (Nix refuses)");
    assert_snapshot!(refused("inputs = \"github:o/a\";"), @"flake.nix:2: `inputs` must be an attribute set, written out: Nix evaluates nothing here (Nix refuses)");
    assert_snapshot!(refused("inputs.a = \"github:o/a\";"), @"flake.nix:2: `inputs.a` must be an attribute set, such as `inputs.a.url = …` (Nix refuses)");
    assert_snapshot!(refused("inputs.a.url = 1.5;"), @"flake.nix:2: `inputs.a.url` is a float (Nix refuses)");
    assert_snapshot!(refused("inputs.a.uri = \"github:o/a\";"), @"flake.nix:2: unexpected flake input attribute `a.uri` (Nix refuses)");
    assert_snapshot!(refused("inputs.a = {\n  url = \"github:o/a\";\n  ref.x = \"y\";\n};"), @"flake.nix:2: unexpected flake input attribute `a.ref.x` (Nix refuses)");
}

#[test]
fn what_is_said_twice() {
    let refused = |line: &str| table(&flake(line));
    assert_snapshot!(refused("inputs.a.url = \"x\";\ninputs.a.url = \"x\";"), @"flake.nix:3: attribute `inputs.a.url` is already defined (Nix refuses)");
    assert_snapshot!(refused("inputs.a.url = \"x\";\ninputs = { a = { url = \"y\"; }; };"), @"flake.nix:3: attribute `inputs.a.url` is already defined (Nix refuses)");
    assert_snapshot!(refused("description = \"\";\ndescription = \"\";"), @"flake.nix:3: attribute `description` is already defined (Nix refuses)");
}

#[test]
fn what_flakepart_does_not_look_up() {
    let refused = |line: &str| table(&flake(line));
    assert_snapshot!(refused("inputs = rec {\n  u = { url = \"github:o/a\"; };\n  a.url = u;\n};"), @"flake.nix:4: `inputs.a.url` is a variable, which flakepart does not look up here (flakepart refuses)");
    assert_snapshot!(refused("inputs = {\n  inherit (x) a;\n};"), @"flake.nix:3: `inherit` from something computed: Nix evaluates nothing here (Nix refuses)");
    assert_snapshot!(refused("inputs.a = {\n\n  inherit url;\n};"), @"flake.nix:4: `inherit` among the declarations of a flake.nix (flakepart refuses)");
    assert_snapshot!(refused("inherit (x) inputs;"), @"flake.nix:2: `inherit` from something computed: Nix evaluates nothing here (Nix refuses)");
}

#[test]
fn files_that_are_no_flake() {
    assert_snapshot!(table("{\n  inputs.a.url = \"github:o/a\";\n}"), @"flake.nix:1: the flake does not have an attribute `outputs` (Nix refuses)");
    assert_snapshot!(table("{\n  outputs =\n    import ./outputs.nix;\n}"), @"flake.nix:3: `outputs` must be a function, written out (Nix refuses)");
    assert_snapshot!(table("\nlet x = 1; in { outputs = _: { }; }"), @"flake.nix:2: a flake.nix must be an attribute set, written out (Nix refuses)");
    assert_snapshot!(table("{ outputs = _: { };\n  packages = { };\n}"), @"flake.nix:2: the flake has an unsupported attribute `packages` (Nix refuses)");
    assert_snapshot!(table("_: { outputs = _: { }; }"), @"flake.nix:1: a flake.nix must be an attribute set, written out (Nix refuses)");
    assert_snapshot!(table("# nothing\n"), @"flake.nix:2:1: syntax error: unexpected end of file (cannot be read)");
}

#[test]
fn files_that_cannot_be_read() {
    assert_snapshot!(table("{\n  inputs.a.url = \"github:o/a\"\n  outputs = _: { };\n}\n"), @"flake.nix:3:11: syntax error: unexpected `=`, expected `;` (cannot be read)");
    assert_snapshot!(table("{\n  inputs.a.url = \"ü\" ]; }\n"), @"flake.nix:2:22: syntax error: unexpected `]`, expected `;` (cannot be read)");
    assert_snapshot!(table("{\n  outputs = _: {"), @"flake.nix:2:17: syntax error: unexpected end of file (cannot be read)");
    assert_snapshot!(table("{\n<<<<<<< HEAD\n  a = 1;\n=======\n>>>>>>> other\n}\n"), @"flake.nix:2: the file holds merge conflict markers (cannot be read)");
    let error = flakepart::nix::Source::parse(b"{\n  a = \"\xff\";\n}").unwrap_err();
    assert_eq!((error.to_string().as_str(), error.line()), ("the file is not UTF-8", Some(2)));
}

#[test]
fn a_file_beyond_the_limit_is_refused_unparsed() {
    let error = flakepart::nix::Source::parse(&vec![b'['; (4 << 20) + 1]).unwrap_err();
    assert_eq!(error.line(), None);
    assert_eq!(error.to_string(), "the file has 4194305 bytes, more than the 4194304 that flakepart reads");
}

#[test]
fn a_path_of_very_many_names_is_read_like_any_other() {
    let path = "a.".repeat(2000);
    let text = flake(&format!("nixConfig = {{ {path}b = 1; }};\nnixConfig = {{ {path}c = 1; }};"));
    assert_eq!(table(&text), "");
}
