//! Declarations of one flake moved into another, in their own words.

use flakepart::nix::{Declarations, NixError, add_inputs, repoint};

use super::{dedent, source};

/// What `from` declares, moved into `given`.
fn moved(given: &str, from: &str) -> Result<String, NixError> {
    let (source, from) = (source(given), source(from));
    let inputs = Declarations::read(&from)?.inputs;
    let mut inputs: Vec<_> = inputs.values().collect();
    inputs.sort_by_key(|input| input.line);
    Ok(add_inputs(&source, &Declarations::read(&source)?, &from, &inputs)?.apply(given))
}

#[track_caller]
fn check(given: &str, from: &str, expected: &str) {
    let result = moved(&dedent(given), &dedent(from)).unwrap();
    assert!(result == dedent(expected), "{result}");
}

/// Inputs in a block, as flakepart writes a nested flake.
const NESTED: &str = r#"
    {
      inputs = {
        # Why heavy,
        # in two lines.
        heavy = {
          # inside
          url = "github:o/heavy"; # behind
          inputs.nixpkgs.follows = "nixpkgs";
        }; # all of it
        light.url = github:o/light;
        light.flake = false;
      };

      outputs = _: { };
    }
    "#;

#[test]
fn a_block_gets_them_with_all_their_comments() {
    check(
        r#"
        {
            inputs = {
                nixpkgs.url = "github:NixOS/nixpkgs";
            };
            outputs = { nixpkgs, ... }: { };
        }
        "#,
        NESTED,
        r#"
        {
            inputs = {
                nixpkgs.url = "github:NixOS/nixpkgs";
                # Why heavy,
                # in two lines.
                heavy = {
                  # inside
                  url = "github:o/heavy"; # behind
                  inputs.nixpkgs.follows = "nixpkgs";
                }; # all of it
                light.url = github:o/light;
                light.flake = false;
            };
            outputs = { nixpkgs, ... }: { };
        }
        "#,
    );
}

#[test]
fn flat_declarations_get_flat_ones_and_closed_arguments_their_names() {
    check(
        r#"
        {
          inputs.nixpkgs.url = "github:NixOS/nixpkgs"; # base

          outputs = { self, nixpkgs }: { };
        }
        "#,
        NESTED,
        r#"
        {
          inputs.nixpkgs.url = "github:NixOS/nixpkgs"; # base
          # Why heavy,
          # in two lines.
          inputs.heavy = {
            # inside
            url = "github:o/heavy"; # behind
            inputs.nixpkgs.follows = "nixpkgs";
          }; # all of it
          inputs.light.url = github:o/light;
          inputs.light.flake = false;

          outputs = { self, nixpkgs, heavy, light }: { };
        }
        "#,
    );
}

#[test]
fn a_line_is_broken_where_comments_come_in_and_only_there() {
    check(
        "{ inputs = { a.url = \"a\"; }; outputs = _: { }; }\n",
        NESTED,
        "
        { inputs = { a.url = \"a\";
          # Why heavy,
          # in two lines.
          heavy = {
            # inside
            url = \"github:o/heavy\"; # behind
            inputs.nixpkgs.follows = \"nixpkgs\";
          }; # all of it
          light.url = github:o/light;
          light.flake = false;
         }; outputs = _: { }; }
        ",
    );
    check(
        "{ inputs = { a.url = \"a\"; }; outputs = { a }: { }; }\n",
        "{\n  inputs.b = {\n    url = \"b\";\n\n    flake = false;\n  };\n  outputs = _: { };\n}\n",
        "{ inputs = { a.url = \"a\"; b = { url = \"b\"; flake = false; }; }; outputs = { a, b }: { }; }\n",
    );
}

#[test]
fn inputs_are_as_far_apart_as_those_that_are_there() {
    check(
        r#"
        {
          inputs = {
            a.url = "github:o/a";

            # Two bindings.
            b.url = "github:o/b";
            b.flake = false;
          };
          outputs = _: { };
        }
        "#,
        NESTED,
        r#"
        {
          inputs = {
            a.url = "github:o/a";

            # Two bindings.
            b.url = "github:o/b";
            b.flake = false;

            # Why heavy,
            # in two lines.
            heavy = {
              # inside
              url = "github:o/heavy"; # behind
              inputs.nixpkgs.follows = "nixpkgs";
            }; # all of it

            light.url = github:o/light;
            light.flake = false;
          };
          outputs = _: { };
        }
        "#,
    );
}

#[test]
fn line_ends_and_tabs_are_those_of_the_flake_they_go_to() {
    let from = "{\n  inputs.b = {\n    # b\n    url = \"b\";\n  };\n  outputs = _: { };\n}\n";
    let given = "{\r\n\tinputs.a.url = \"a\";\r\n\toutputs =\r\n\t\t{\r\n\t\t\ta\r\n\t\t}: { };\r\n}";
    let expected = "{\r\n\tinputs.a.url = \"a\";\r\n\tinputs.b = {\r\n\t  # b\r\n\t  url = \"b\";\r\n\t};\r\n\
                    \toutputs =\r\n\t\t{\r\n\t\t\ta,\r\n\t\t\tb\r\n\t\t}: { };\r\n}";
    let result = moved(given, from).unwrap();
    assert!(result == expected, "{result:?}");
}

#[test]
fn an_input_from_the_registry_is_declared_where_its_argument_stands() {
    check(
        "{\n  outputs = { nixpkgs }: { };\n}\n",
        "{\n  inputs.nixpkgs.url = \"github:NixOS/nixpkgs\";\n  outputs = _: { };\n}\n",
        "{\n  inputs.nixpkgs.url = \"github:NixOS/nixpkgs\";\n\n  outputs = { nixpkgs }: { };\n}\n",
    );
}

#[test]
fn what_cannot_be_added_is_refused() {
    let refused = |given: &str, from: &str| {
        let error = moved(given, from).unwrap_err();
        format!("flake.nix:{}: {error}", error.line().unwrap())
    };
    insta::assert_snapshot!(
        refused(
            "{\n  inputs.a.url = \"a\";\n  outputs = _: { };\n}\n",
            "{ inputs.a.url = \"b\"; outputs = _: { }; }"
        ),
        @"flake.nix:2: input `a` is already declared");
    insta::assert_snapshot!(
        refused(
            "{\n  inputs.a.url = \"a\";\n  outputs =\n  { a }: { };\n}\n",
            "{ inputs.\"b.c\".url = \"b\"; outputs = _: { }; }"
        ),
        @r#"flake.nix:4: the arguments of `outputs` have no `...`, and "b.c" cannot be one of them"#);
}

#[test]
fn a_literal_keeps_its_kind_where_the_new_value_allows_it() {
    let elsewhere = |literal: &str, target: &str| {
        let text = format!("{{ inputs.a.url = {literal}; outputs = _: {{ }}; }}");
        let source = source(&text);
        let edits = repoint(&source, &Declarations::read(&source).unwrap(), "a", &["url"], target);
        let text = edits.unwrap().apply(&text);
        let literal = text.strip_prefix("{ inputs.a.url = ").unwrap();
        literal.strip_suffix("; outputs = _: { }; }").unwrap().to_owned()
    };
    assert_eq!(
        elsewhere("\"github:o/a\"", "github:o/b?ref=\"x\"&dir=${y}$$z\\"),
        r#""github:o/b?ref=\"x\"&dir=\${y}$$z\\""#
    );
    assert_eq!(elsewhere("''github:o/a''", "github:o/b"), "''github:o/b''");
    assert_eq!(elsewhere("''github:o/a''", "github:o/b''${x}"), "\"github:o/b''\\${x}\"");
    assert_eq!(elsewhere("github:o/a", "github:o/b?dir=x"), "github:o/b?dir=x");
    assert_eq!(elsewhere("github:o/a", "nixpkgs"), "\"nixpkgs\"");
    assert_eq!(elsewhere("github:o/a", "12"), "\"12\"");
    assert_eq!(elsewhere("../a", "./b"), "./b");
    assert_eq!(elsewhere("../a", "/b"), "/b");
    assert_eq!(elsewhere("../a", "github:o/b"), "\"github:o/b\"");
    assert_eq!(elsewhere("../a", "./b; x = 1"), "\"./b; x = 1\"");
    assert_eq!(elsewhere("\"../a\"", "./b"), "\"./b\"");
}
