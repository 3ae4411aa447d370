//! What holds for every flake.nix, however it is laid out.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use flakepart::nix::{Declarations, FlakeModules, Site, Source, Usages, add_inputs, remove_inputs};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::without;

const NAMES: [&str; 6] = ["nixpkgs", "heavy", "treefmt-nix", "home'", "x", "big_2"];

/// How one input is declared; every line of it, comment or not, names it as `<name>`.
fn declaration(name: &str, shape: usize, prefix: &str, indent: &str) -> String {
    let mark = format!("# <{name}>");
    let p = format!("{indent}{prefix}{name}");
    match shape {
        0 => format!("{p}.url = \"<{name}>\";\n"),
        1 => format!("{indent}{mark} above\n{p}.url = \"<{name}>\"; {mark} behind\n"),
        2 => format!("{p} = {{ {mark}\n{indent}  url = \"<{name}>\"; {mark}\n{indent}}}; {mark}\n"),
        3 => format!("{p}.url = \"<{name}>\";\n{p}.inputs.y.follows = \"\"; {mark}\n"),
        _ => format!("{p} = {{ url = \"<{name}>\"; flake = false; }};\n"),
    }
}

/// A flake.nix. Its lines that belong to an input alone hold `<name>`.
#[derive(Debug, Clone)]
struct Flake {
    inputs: Vec<(&'static str, usize, bool, bool)>,
    flat: bool,
    arguments: usize,
    ellipsis: bool,
    crlf: bool,
}

impl Flake {
    fn text(&self) -> String {
        let mut text = String::from("# header\n\n{\n  description = \"<\";\n\n");
        let (prefix, indent) = if self.flat { ("inputs.", "  ") } else { ("", "\t  ") };
        text.push_str(if self.flat { "" } else { "  inputs = {\n" });
        for (name, shape, blank, comment) in &self.inputs {
            text.push_str(if *blank { "\n" } else { "" });
            text.push_str(if *comment { "    # section\n\n" } else { "" });
            text.push_str(&declaration(name, *shape, prefix, indent));
        }
        text.push_str(if self.flat { "" } else { "  };\n" });
        let _ = write!(text, "\n  # outputs\n  outputs =\n    {}:\n    {{ }}; # end\n}}", self.arguments());
        if self.crlf { text.replace('\n', "\r\n") } else { text }
    }

    fn arguments(&self) -> String {
        let mut names: Vec<&str> = vec!["self"];
        names.extend(self.inputs.iter().map(|(name, ..)| *name));
        let half = names.len() / 2;
        names.rotate_left(half);
        names.extend(self.ellipsis.then_some("..."));
        match self.arguments {
            0 => "inputs".to_owned(),
            1 => format!("{{ {} }}", names.join(", ")),
            2 => format!("all@{{\n      {}\n    }}", names.join(", # c\n      ")),
            3 => format!("{{ {}\n    }}", names.join(" # c\n    , ")),
            _ => format!("{{{}}}@all", names.join(" ,")),
        }
    }
}

fn flakes() -> impl Strategy<Value = Flake> {
    let input = (0..5_usize, any::<bool>(), any::<bool>());
    let inputs = proptest::collection::vec(input, NAMES.len());
    let named = (inputs, proptest::sample::subsequence(&NAMES[..], 1..=NAMES.len()).prop_shuffle());
    (named, any::<bool>(), 0..5_usize, any::<bool>(), any::<bool>()).prop_map(
        |((shapes, names), flat, arguments, ellipsis, crlf)| {
            let inputs = names
                .iter()
                .zip(shapes)
                .map(|(name, (shape, blank, comment))| (*name, shape, blank, comment));
            Flake { inputs: inputs.collect(), flat, arguments, ellipsis, crlf }
        },
    )
}

/// The lines that are neither blank nor of an input or the arguments of `outputs`.
fn other_lines<'a>(text: &'a str, names: &BTreeSet<&str>) -> Vec<&'a str> {
    let (head, tail) = text.split_once("outputs =").unwrap();
    let (_, tail) = tail.split_once(':').unwrap();
    let belongs = |line: &str| names.iter().any(|name| line.contains(&format!("<{name}>")));
    let closes = |line: &str| line.trim() == "};" || line.trim().is_empty();
    head.split('\n').chain(tail.split('\n')).filter(|line| !belongs(line) && !closes(line)).collect()
}

/// The names in the argument list, as Nix reads them.
fn argument_names(text: &str) -> Vec<String> {
    let (_, tail) = text.split_once("outputs =").unwrap();
    let (list, _) = tail.split_once(':').unwrap();
    let list = list.replace("# c", "").replace("@all", "").replace("all@", "");
    list.split(['{', '}', ',', '\n', '\r'])
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Expressions that are `heavy` or made of it.
const SEEDS: [&str; 9] = [
    "inputs.heavy",
    "inputs'.heavy.x",
    "args.inputs.heavy",
    "self.inputs.heavy.x",
    "inputs.self.inputs.heavy",
    "(with inputs; heavy)",
    "(let inherit (inputs) heavy; in heavy.x)",
    "(let i = inputs; in i.heavy)",
    "(inputs.heavy or null)",
];

/// Expressions whose value depends on `E`. A set that holds it anywhere holds it at `k`.
const AROUND: [&str; 36] = [
    "[ E ]",
    "{ k = E; }",
    "{ k = E; }.k",
    "{ a.b = E; }.a.b",
    "(E).k",
    "(E).k.k",
    "(d.k or E)",
    "(let v = E; in v)",
    "(let s = { a.b = E; c = 1; }; in s.a.b)",
    "(let a = E; b = { inherit a; }; in b.a)",
    "(let inherit ({ k = E; }) k; in k)",
    "(let inherit ({ k = E; }) \"k\"; in k)",
    "{ inherit ({ k = E; }) k; }",
    "(let { v = E; body = v; })",
    "rec { a = E; b = a; }.b",
    "(let f = x: E; in f 1)",
    "(let f = { x }: x; in f { x = E; })",
    "((x: x) E)",
    "({ x ? E }: x) { }",
    "(f E)",
    "(f { j = E; }).z",
    "(if c then E else 1)",
    "(if E then 1 else 2)",
    "(with { v = E; }; v)",
    "(with E; k)",
    "(assert E; 1)",
    "\"${E}\"",
    "''\n  ${E}\n''",
    "(1 + E)",
    "(E // { j = 1; })",
    "(!E)",
    "(pkgs.callPackage ./x.nix { j = E; }).z",
    "(lib.optionalAttrs c { k = E; })",
    "(lib.recursiveUpdate { } { k = E; })",
    "{ k.${E} = 1; }",
    "(import E { })",
];

/// Modules in which `E` is part of the flake's packages.
const MODULES: [&str; 8] = [
    "{ perSystem = { inputs', pkgs, ... }: { packages.a = E; }; }",
    "{ perSystem = { inputs', pkgs, ... }: { packages = { a = { k = E; }.k; }; }; }",
    "{ config.perSystem = { inputs', ... }: { config.packages.a = E; }; }",
    "{ flake.packages.x.a = E; }",
    "{ imports = [ { perSystem.packages.a = E; } ]; }",
    "(let m = E; in { perSystem.packages.a = m; })",
    "{ perSystem = { config, ... }: { _module.args.m = E; imports = [ ({ m, ... }: { packages.a = m; }) ]; }; }",
    "{ options.o = f; config.o.a = E; config.perSystem.packages.a = args.config.o.a; }",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn a_removal_takes_its_inputs_and_nothing_else(flake in flakes(), picks in proptest::collection::vec(any::<Index>(), 0..4)) {
        let text = flake.text();
        let names: BTreeSet<&str> = picks.iter().map(|pick| pick.get(&flake.inputs).0).collect();
        let list: Vec<&str> = names.iter().copied().collect();
        // That the rest is declared as before is looked at in there.
        let result = without(&text, &list);

        prop_assert_eq!(other_lines(&result, &names), other_lines(&text, &names), "{}", result);
        let gone = names.iter().all(|name| !result.contains(&format!("<{name}>")));
        prop_assert!(gone, "{}", result);
        let mut arguments = argument_names(&text);
        arguments.retain(|name| !names.contains(name.as_str()));
        prop_assert_eq!(argument_names(&result), arguments, "{}", result);
        // Nix before 2.20 takes no comma there.
        let dense: String = result.replace("# c", "").split_whitespace().collect();
        prop_assert!(!dense.contains(",}"), "{}", result);
        let breaks = result.matches('\n').count();
        prop_assert_eq!(result.matches("\r\n").count(), if flake.crlf { breaks } else { 0 });
    }

    #[test]
    fn removing_at_once_is_removing_one_by_one(flake in flakes(), picks in proptest::collection::vec(any::<Index>(), 2..4)) {
        let text = flake.text();
        let names: BTreeSet<&str> = picks.iter().map(|pick| pick.get(&flake.inputs).0).collect();
        let list: Vec<&str> = names.iter().copied().collect();
        let lines = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split_whitespace().collect()).filter(|line: &String| !line.is_empty()).collect()
        };
        let one_by_one = list.iter().fold(text.clone(), |text, name| without(&text, &[name]));
        prop_assert_eq!(lines(&without(&text, &list)), lines(&one_by_one));
    }

    #[test]
    fn what_is_put_back_is_declared_as_before_and_can_go_again(flake in flakes(), pick in any::<Index>()) {
        let text = flake.text();
        let name = pick.get(&flake.inputs).0;
        let (given, shorter) = (Source::parse(text.as_bytes()).unwrap(), without(&text, &[name]));
        let declared = Declarations::read(&given).unwrap();
        let source = Source::parse(shorter.as_bytes()).unwrap();
        let left = Declarations::read(&source).unwrap();
        let with = add_inputs(&source, &left, &given, &[&declared.inputs[name]]).unwrap().apply(&shorter);
        let after = Declarations::read(&Source::parse(with.as_bytes()).unwrap()).unwrap();
        for (name, input) in &declared.inputs {
            prop_assert_eq!(&after.inputs[name].settings, &input.settings, "{}", with);
            prop_assert_eq!(&after.inputs[name].comments, &input.comments, "{}", with);
        }
        let (mut names, mut expected) = (argument_names(&with), argument_names(&text));
        names.sort();
        expected.sort();
        // Where the arguments are open, an input that nothing uses is not among them.
        prop_assert!(flake.ellipsis || names == expected, "{}", with);
        prop_assert_eq!(without(&with, &[name]), shorter);
    }

    #[test]
    fn nothing_removed_is_nothing_changed(flake in flakes()) {
        let text = flake.text();
        prop_assert_eq!(without(&text, &[]), text.clone());
        let source = Source::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(source.text(), text);
    }

    #[test]
    fn no_output_is_left_out(
        seed in select(&SEEDS[..]),
        around in proptest::collection::vec(select(&AROUND[..]), 0..5),
        module in select(&MODULES[..]),
    ) {
        let value = around.iter().fold(seed.to_owned(), |value, around| around.replace('E', &value));
        let module = format!("{{ inputs, inputs', self, lib, ... }}@args: {}", module.replace('E', &value));
        let files = [("flake.nix", super::usage::FLAKE), ("module.nix", module.as_str())];
        let usages = Usages::read(&super::usage::project(&files), &["heavy"], &FlakeModules::default());
        let sites = usages.sites.get("heavy").map_or(&[][..], Vec::as_slice);
        let reaches = |site: &Site| site.outputs.contains("packages") || site.everything.is_some();
        prop_assert!(sites.iter().any(reaches), "{}\n{:#?}", module, usages);
    }

    #[test]
    fn broken_text_is_refused_or_edited_but_never_a_panic(
        flake in flakes(),
        mutations in proptest::collection::vec((any::<Index>(), 0..4_usize, select(&[
            "{", "}", "''", "\"", "#", "/*", "${", ";", ",", "@", "ü", "\r", "\n", "rec ", "inputs", "...", " = ",
        ][..])), 1..6),
    ) {
        let mut text: Vec<char> = flake.text().chars().collect();
        for (at, removed, inserted) in mutations {
            let at = at.index(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, inserted.chars());
        }
        let text: String = text.into_iter().collect();
        let Ok(source) = Source::parse(text.as_bytes()) else { return Ok(()) };
        prop_assert_eq!(source.text(), &text);
        let Ok(declarations) = Declarations::read(&source) else { return Ok(()) };
        let Some(name) = declarations.inputs.keys().next() else { return Ok(()) };
        let Ok(edits) = remove_inputs(&source, &declarations, &[name]) else { return Ok(()) };
        let result = edits.apply(&text);
        let after = Declarations::read(&Source::parse(result.as_bytes()).unwrap()).unwrap();
        let mut expected = declarations.inputs.clone();
        expected.remove(name);
        prop_assert!(after.inputs.keys().eq(expected.keys()), "{}\n---\n{}", text, result);
    }
}
