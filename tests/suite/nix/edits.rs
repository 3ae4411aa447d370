//! Inputs taken out of a flake.nix: given, without, result. Not a byte besides may change.

use super::{dedent, without};

#[track_caller]
fn check(given: &str, names: &[&str], expected: &str) {
    same(&without(&dedent(given), names), &dedent(expected));
}

#[track_caller]
fn same(result: &str, expected: &str) {
    assert!(result == expected, "result:\n{result}\nexpected:\n{expected}\n{result:?}");
}

#[test]
fn a_block_loses_the_input_in_all_its_forms() {
    check(
        r#"
        {
          inputs = {
            nixpkgs.url = "github:NixOS/nixpkgs";
            heavy.url = "github:o/heavy";
            heavy.inputs.nixpkgs.follows = "nixpkgs";
            big = {
              url = "github:o/big";
              inputs.nixpkgs.follows = "nixpkgs";
            };
            light.url = "github:o/light";
          };
          outputs = inputs: { };
        }
        "#,
        &["heavy", "big"],
        r#"
        {
          inputs = {
            nixpkgs.url = "github:NixOS/nixpkgs";
            light.url = "github:o/light";
          };
          outputs = inputs: { };
        }
        "#,
    );
}

#[test]
fn flat_bindings_go_wherever_they_stand() {
    check(
        r#"
        {
          inputs.heavy.url = "github:o/heavy";
          description = "heavy";
          inputs.nixpkgs.url = "github:NixOS/nixpkgs"; # not heavy
          inputs.heavy.inputs.nixpkgs.follows = "nixpkgs"; # heavy
          outputs = { self, ... }: { heavy = 1; };

          inputs."heavy".flake = false;
        }
        "#,
        &["heavy"],
        r#"
        {
          description = "heavy";
          inputs.nixpkgs.url = "github:NixOS/nixpkgs"; # not heavy
          outputs = { self, ... }: { heavy = 1; };
        }
        "#,
    );
}

#[test]
fn comments_above_and_behind_go_along_and_others_stay() {
    check(
        r#"
        {
          inputs = {
            # Above nixpkgs.
            nixpkgs.url = "github:NixOS/nixpkgs"; # behind nixpkgs

            # About what follows.

            # Above heavy,
            # in two lines.
            heavy.url = "github:o/heavy"; # behind heavy
            # Above light.
            light.url = "github:o/light";
            # At the end.
          };
          outputs = _: { };
        }
        "#,
        &["heavy"],
        r#"
        {
          inputs = {
            # Above nixpkgs.
            nixpkgs.url = "github:NixOS/nixpkgs"; # behind nixpkgs

            # About what follows.

            # Above light.
            light.url = "github:o/light";
            # At the end.
          };
          outputs = _: { };
        }
        "#,
    );
}

#[test]
fn block_comments_that_look_like_line_comments_stay_closed() {
    check(
        r#"
        {
          /* Inputs:
          # heavy and light */
          inputs.heavy.url = "github:o/heavy";
          inputs.light.url = "github:o/light";
          outputs = _: { };
        }
        "#,
        &["heavy"],
        r#"
        {
          /* Inputs:
          # heavy and light */
          inputs.light.url = "github:o/light";
          outputs = _: { };
        }
        "#,
    );
}

#[test]
fn lines_of_a_string_are_no_comments() {
    check(
        r#"
        {
          description = ''
            # title
            # heavy'';
          inputs.heavy.url = "github:o/heavy";
          outputs = _: { };
        }
        "#,
        &["heavy"],
        r#"
        {
          description = ''
            # title
            # heavy'';
          outputs = _: { };
        }
        "#,
    );
}

#[test]
fn no_two_blank_lines_and_none_at_an_edge_are_left() {
    let given = r#"
        {
          inputs = {
            a.url = "github:o/a";

            b.url = "github:o/b";

            c.url = "github:o/c";

            d.url = "github:o/d";
          };
          outputs = _: { };
        }
        "#;
    let left = |lines: &str| format!("{{\n  inputs = {{\n{lines}  }};\n  outputs = _: {{ }};\n}}\n");
    let line = |name: &str| format!("    {name}.url = \"github:o/{name}\";\n");
    let cases: [(&[&str], &[&str]); 8] = [
        (&["a"], &["b", "c", "d"]),
        (&["b"], &["a", "c", "d"]),
        (&["d"], &["a", "b", "c"]),
        (&["a", "b"], &["c", "d"]),
        (&["b", "c"], &["a", "d"]),
        (&["c", "d"], &["a", "b"]),
        (&["a", "c"], &["b", "d"]),
        (&["a", "b", "c", "d"], &[]),
    ];
    for (names, kept) in cases {
        let kept: Vec<String> = kept.iter().map(|name| line(name)).collect();
        same(&without(&dedent(given), names), &left(&kept.join("\n")));
    }
}

#[test]
fn blank_lines_that_were_there_stay() {
    check(
        r#"
        {
          inputs = {
            a.url = "github:o/a";


            b.url = "github:o/b";
            heavy.url = "github:o/heavy";

            c.url = "github:o/c";
          };


          outputs = _: { };
        }
        "#,
        &["heavy"],
        r#"
        {
          inputs = {
            a.url = "github:o/a";


            b.url = "github:o/b";

            c.url = "github:o/c";
          };


          outputs = _: { };
        }
        "#,
    );
}

#[test]
fn line_ends_and_tabs_are_kept() {
    let given = "{\n\tinputs = {\n\t\ta.url = \"github:o/a\";\n\n\t\t# big\n\t\theavy.url = \"github:o/heavy\";\t# behind\n\n\t\tb.url = \"github:o/b\";\n\t};\n\toutputs =\n\t{\n\t\ta,\n\t\theavy,\n\t\tb,\n\t\t...\n\t}:\n\t{ };\n}";
    let expected = "{\n\tinputs = {\n\t\ta.url = \"github:o/a\";\n\n\t\tb.url = \"github:o/b\";\n\t};\n\toutputs =\n\t{\n\t\ta,\n\t\tb,\n\t\t...\n\t}:\n\t{ };\n}";
    same(&without(given, &["heavy"]), expected);
    let crlf = |text: &str| text.replace('\n', "\r\n");
    same(&without(&crlf(given), &["heavy"]), &crlf(expected));
    let expected = "{\n\tinputs = {\n\t};\n\toutputs =\n\t{\n\t\t...\n\t}:\n\t{ };\n}";
    same(&without(given, &["heavy", "a", "b"]), expected);
    same(&without(&crlf(given), &["heavy", "a", "b"]), &crlf(expected));
}

#[test]
fn a_block_in_one_line() {
    let with = |inputs: &str| format!("{{ inputs = {{ {inputs} }}; outputs = _: {{ }}; }}\n");
    let (a, b, c) = ("a.url = \"a\";", "b = { url = \"b\"; };", "c.url = \"c\"; c.flake = false;");
    let all = with(&format!("{a} {b} {c}"));
    same(&without(&all, &["a"]), &with(&format!("{b} {c}")));
    same(&without(&all, &["b"]), &with(&format!("{a} {c}")));
    same(&without(&all, &["c"]), &with(&format!("{a} {b}")));
    same(&without(&all, &["a", "c"]), &with(b));
    same(&without(&all, &["a", "b", "c"]), "{ inputs = { }; outputs = _: { }; }\n");
}

#[test]
fn a_block_that_opens_or_closes_on_the_line_of_an_input() {
    check(
        r#"
        {
          inputs = { heavy.url = "github:o/heavy";
                     light.url = "github:o/light"; /* keep */ big.url = "github:o/big"; };
          outputs = _: { };
        }
        "#,
        &["heavy", "big"],
        r#"
        {
          inputs = {
                     light.url = "github:o/light"; /* keep */ };
          outputs = _: { };
        }
        "#,
    );
}

#[test]
fn nothing_named_and_nothing_known_changes_nothing() {
    let text = "{\n  inputs.a.url = \"a\";\n  outputs = { a, ... }: { };\n}\n";
    same(&without(text, &[]), text);
    same(&without(text, &["b"]), text);
}

/// The argument list of `outputs` alone.
#[track_caller]
fn arguments(given: &str, names: &[&str], expected: &str) {
    let flake = |arguments: &str| format!("{{\n  outputs = {}: {{ }};\n}}\n", dedent(arguments).trim_end());
    same(&without(&flake(given), names), &flake(expected));
}

#[test]
fn arguments_in_one_line() {
    arguments("{ self, a, heavy, ... }", &["heavy"], "{ self, a, ... }");
    arguments("{ heavy, a, ... }", &["heavy"], "{ a, ... }");
    arguments("{ a, heavy }", &["heavy"], "{ a }");
    arguments("{ heavy, a }", &["heavy"], "{ a }");
    arguments("{ a, heavy, big }", &["heavy", "big"], "{ a }");
    arguments("{ heavy, a, big }", &["heavy", "big"], "{ a }");
    arguments("{ heavy }", &["heavy"], "{ }");
    arguments("{ heavy, ... }", &["heavy"], "{ ... }");
    arguments("{a,heavy,b}", &["heavy"], "{a,b}");
    arguments("{a,heavy}", &["heavy"], "{a}");
    arguments("inputs@{ a, heavy, ... }", &["heavy"], "inputs@{ a, ... }");
    arguments("{ heavy, a }@inputs", &["heavy"], "{ a }@inputs");
    arguments("{ a, heavy ? { }, b }", &["heavy"], "{ a, b }");
    arguments("heavy", &["heavy"], "heavy");
    arguments("heavy@{ a, ... }", &["heavy"], "heavy@{ a, ... }");
}

#[test]
fn arguments_with_trailing_commas() {
    let list = |lines: &str| format!("\n        {{\n{lines}        }}\n");
    arguments(
        &list("          self,\n          heavy,\n          a,\n          ...\n"),
        &["heavy"],
        &list("          self,\n          a,\n          ...\n"),
    );
    // Nix 2.20 and later take the comma at the end.
    arguments(
        &list("          self,\n          a,\n          heavy,\n"),
        &["heavy"],
        &list("          self,\n          a,\n"),
    );
    arguments(
        &list("          self,\n          a,\n          heavy\n"),
        &["heavy"],
        &list("          self,\n          a\n"),
    );
}

#[test]
fn arguments_with_leading_commas() {
    let list = |lines: &str| format!("\n        {{ {lines}        }}\n");
    arguments(
        &list("self\n        , heavy\n        , a\n        , ...\n"),
        &["heavy"],
        &list("self\n        , a\n        , ...\n"),
    );
    arguments(&list("heavy\n        , self\n        , a\n"), &["heavy"], &list("self\n        , a\n"));
    arguments(
        &list("self # the flake\n        , a # kept\n        , heavy # gone\n"),
        &["heavy"],
        &list("self # the flake\n        , a # kept\n"),
    );
}

#[test]
fn comments_between_arguments_stay_with_their_neighbours() {
    arguments(
        r#"
        {
          self, # the flake
          # light
          a,
          heavy, # gone
          # also light
          b,
          big
          # at the end
        }
        "#,
        &["heavy", "big"],
        r#"
        {
          self, # the flake
          # light
          a,
          # also light
          b
          # at the end
        }
        "#,
    );
    arguments(
        r#"
        {
          a, # kept
          heavy
        }
        "#,
        &["heavy"],
        r#"
        {
          a # kept
        }
        "#,
    );
}

#[test]
fn comments_never_swallow_what_follows() {
    arguments("{ a, # kept\n  heavy }", &["heavy"], "{ a # kept\n   }");
    arguments("{ a # kept\n, heavy }", &["heavy"], "{ a # kept\n }");
    arguments("{ # kept\n  heavy }", &["heavy"], "{ # kept\n   }");
    arguments("{ # kept\n  heavy, a }", &["heavy"], "{ # kept\n  a }");
    arguments("{ a, heavy # big\n  , ... }", &["heavy"], "{ a, ... }");
    arguments("{ a, heavy, # all\n  ... }", &["heavy"], "{ a, # all\n  ... }");
    arguments("{ a, # kept\n  heavy, big # gone\n}", &["heavy", "big"], "{ a # kept\n   # gone\n}");
}
