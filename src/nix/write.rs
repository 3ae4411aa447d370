//! Writing new files: the nested flake that holds a partition's inputs, and the module that wires it.

use std::fmt::Write as _;

use super::Declaration;

/// The nested flake of a partition: the declarations of its inputs and no outputs of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NestedFlake<'a> {
    /// The partition's name.
    pub partition: &'a str,
    /// The inputs, each under the name that it has here, with what it was declared as.
    pub inputs: Vec<(String, &'a Declaration)>,
    /// Root input to the name under which this flake pins it.
    pub aliases: Vec<(String, String)>,
}

impl NestedFlake<'_> {
    /// The text of its flake.nix.
    #[must_use]
    pub fn to_nix(&self) -> String {
        let mut text = String::from("{\n");
        let description = format!("Inputs of the {} partition; nothing else fetches them", self.partition);
        let _ = writeln!(text, "  description = {};\n\n  inputs = {{", quoted(&description));
        for (name, declaration) in &self.inputs {
            let alias = self.aliases.iter().find(|(_, alias)| alias == name);
            if let Some((root, _)) = alias {
                let _ = writeln!(
                    text,
                    "# the root flake's {root}, at the same revision; follows cannot reach it"
                );
            } else {
                for comment in &declaration.comments {
                    let _ = writeln!(text, "{comment}");
                }
            }
            match declaration.settings.as_slice() {
                [setting] => {
                    let value = self.value(setting);
                    let _ = writeln!(text, "{}.{} = {value};", attribute(name), attributes(&setting.path));
                }
                settings => {
                    let _ = writeln!(text, "{} = {{", attribute(name));
                    for setting in settings {
                        let _ = writeln!(text, "{} = {};", attributes(&setting.path), self.value(setting));
                    }
                    text.push_str("};\n");
                }
            }
        }
        text.push_str("};\n\noutputs = _: { };\n}\n");
        formatted(&text)
    }

    /// A setting's value as it was written, but that a `follows` which leaves the partition points at
    /// the alias.
    fn value(&self, setting: &super::Setting) -> String {
        let target =
            setting.string.as_deref().filter(|_| setting.path.last().is_some_and(|last| last == "follows"));
        let Some(target) = target else {
            // A URL without quotes is deprecated, and nixfmt does not read it.
            let unquoted = setting.string.as_ref().filter(|url| **url == setting.text && !setting.is_path);
            return unquoted.map_or_else(|| setting.text.clone(), |url| quoted(url));
        };
        let (first, rest) =
            target.split_once('/').map_or((target, None), |(first, rest)| (first, Some(rest)));
        match self.aliases.iter().find(|(root, _)| root == first) {
            Some((_, alias)) => quoted(&rest.map_or(alias.clone(), |rest| format!("{alias}/{rest}"))),
            None => setting.text.clone(),
        }
    }
}

/// The text of the module that wires a partition: `attrs` come from it, and its inputs from the flake
/// in `folder`, a path relative to the module such as `./_inputs`; it has the `modules` at these paths besides
/// the root's. Without a folder, another module says where its inputs come from.
#[must_use]
pub fn partition_module(
    partition: &str,
    attrs: &[&str],
    folder: Option<&str>,
    modules: &[String],
    flake_parts: &str,
) -> String {
    let mut said = vec![format!("imports = [ inputs.{}.flakeModules.partitions ];", attribute(flake_parts))];
    if !attrs.is_empty() {
        let attrs: String =
            attrs.iter().map(|attr| format!("{} = {};\n", attribute(attr), quoted(partition))).collect();
        said.push(format!("partitionedAttrs = {{\n{attrs}}};"));
    }
    let inputs = folder.map(|folder| format!("extraInputsFlake = {folder};"));
    let module = match modules {
        [] => None,
        [module] => Some(format!("module = {module};")),
        _ => Some(format!("module.imports = [\n{}\n];", modules.join("\n"))),
    };
    let partition = format!("partitions.{}", attribute(partition));
    match (inputs, module) {
        (Some(inputs), Some(module)) => said.push(format!("{partition} = {{\n{inputs}\n{module}\n}};")),
        (Some(one), None) | (None, Some(one)) => said.push(format!("{partition}.{one}")),
        (None, None) => {}
    }
    formatted(&format!("{{ inputs, ... }}:\n{{\n{}\n}}\n", said.join("\n\n")))
}

/// Formats a generated file as nixfmt does. What cannot be formatted is still Nix.
pub(super) fn formatted(text: &str) -> String {
    nixfmt_rs::format(text).unwrap_or_else(|_| text.to_owned())
}

/// The text that was edited, formatted as nixfmt does if it was before.
#[must_use]
pub fn formatted_alike(before: &str, after: &str) -> String {
    if formatted(before) == before { formatted(after) } else { after.to_owned() }
}

fn attributes(path: &[String]) -> String {
    let names: Vec<String> = path.iter().map(|name| attribute(name)).collect();
    names.join(".")
}

/// An attribute name, quoted where Nix wants it.
pub(super) fn attribute(name: &str) -> String {
    const KEYWORDS: [&str; 9] = ["assert", "else", "if", "in", "inherit", "let", "rec", "then", "with"];
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '\''));
    if plain && !KEYWORDS.contains(&name) { name.to_owned() } else { quoted(name) }
}

/// A Nix string literal.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' if chars.peek() == Some(&'{') => quoted.push_str("\\$"),
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}
