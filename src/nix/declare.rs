//! The inputs that a flake.nix declares, read as Nix reads them: without evaluating anything.

use std::collections::{BTreeMap, BTreeSet};

use rnix::TextRange;
use rnix::ast::{self, HasEntry as _, LiteralKind};
use rowan::ast::AstNode as _;

use super::NixError;
use super::edit::comments_above;
use super::merge::defined_twice;
use super::syntax::{AttrPath, Source, attr_name, flatten, literal_string, unparenthesized};

/// The attributes that Nix allows at the top of a flake.nix (Nix: `src/libexpr/flake/flake.cc`).
const FLAKE_ATTRIBUTES: [&str; 4] = ["description", "inputs", "nixConfig", "outputs"];

/// One thing said about an input, such as `url = "github:NixOS/nixpkgs"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Where it stands below the input: `["url"]`, `["inputs", "nixpkgs", "follows"]`.
    pub path: Vec<String>,
    /// The value as it is written, quotes and all.
    pub text: String,
    /// The value where it is a string, a path or a URI.
    pub string: Option<String>,
    /// Whether the value is a path literal: relative to the flake.nix that holds it.
    pub is_path: bool,
}

/// An input declared in a flake.nix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The input's name.
    pub name: String,
    /// The 1-based line where it is first spoken of.
    pub line: usize,
    /// All that is said about it, in the order of the text.
    pub settings: Vec<Setting>,
    /// The comment lines directly above its bindings.
    pub comments: Vec<String>,
    /// The bindings that speak of this input alone. Empty where only the arguments of `outputs` name
    /// it: Nix takes it from the registry then.
    pub(super) bindings: Vec<TextRange>,
}

impl Declaration {
    pub(crate) fn setting(&self, path: &[&str]) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.path == path)
    }

    /// The flake reference, where it is given as a URL.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.setting(&["url"])?.string.as_deref()
    }

    /// What the input itself follows (`x.follows = "y"`), where it does.
    #[must_use]
    pub fn follows(&self) -> Option<&str> {
        self.setting(&["follows"])?.string.as_deref()
    }

    /// False for `flake = false`.
    #[must_use]
    pub fn is_flake(&self) -> bool {
        self.setting(&["flake"]).is_none_or(|setting| setting.text != "false")
    }

    /// Whether only the arguments of `outputs` name this input.
    #[must_use]
    pub fn is_implicit(&self) -> bool {
        self.bindings.is_empty()
    }

    /// Whether the input is a folder given relative to the flake.nix: such a reference means
    /// something else in a flake that lies elsewhere.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        self.settings.iter().any(|setting| {
            setting.is_path
                || setting.string.as_deref().is_some_and(|text| {
                    (setting.path == ["url"] || setting.path == ["path"])
                        && (text.starts_with('.')
                            || text.strip_prefix("path:").is_some_and(|path| !path.starts_with('/')))
                })
        })
    }
}

/// All inputs that a flake.nix declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declarations {
    /// By name, without `self`.
    pub inputs: BTreeMap<String, Declaration>,
}

impl Declarations {
    /// Reads the declarations of a flake.nix. Refuses what Nix refuses.
    pub fn read(source: &Source) -> Result<Declarations, NixError> {
        let flake = flake_set(source)?;
        let mut reader = Reader { source, inputs: BTreeMap::new(), error: None };
        reader.no_inherit(&flake);
        flatten(&flake, &Vec::new(), &descend, &mut |path, binding, value| reader.leaf(path, binding, value));
        if let Some((attribute, place)) = defined_twice(&flake) {
            let what = format!("attribute `{}` is already defined", attribute.escape_debug());
            reader.refuse(source.line(place), what);
        }
        reader.bindings(&flake);
        let inputs = flake.attrpath_values().filter(|binding| {
            binding
                .attrpath()
                .is_some_and(|path| attr_path_names(&path).first().is_some_and(|name| name == "inputs"))
        });
        for set in inputs.flat_map(|binding| binding.syntax().descendants()).filter_map(ast::AttrSet::cast) {
            reader.no_inherit(&set);
        }
        if let Some(error) = reader.error {
            return Err(error);
        }
        let mut inputs = reader.inputs;
        check_settings(&inputs)?;
        for (name, line) in outputs_arguments(source, &flake)? {
            inputs.entry(name.clone()).or_insert_with(|| Declaration {
                name,
                line,
                settings: Vec::new(),
                comments: Vec::new(),
                bindings: Vec::new(),
            });
        }
        inputs.remove("self");
        Ok(Declarations { inputs })
    }

    /// Whether both say the same about the same inputs, comments and all, wherever it stands.
    pub(super) fn agrees_with(&self, other: &Declarations) -> bool {
        let same = |(one, other): (&Declaration, &Declaration)| {
            one.settings == other.settings && one.comments == other.comments
        };
        self.inputs.keys().eq(other.inputs.keys())
            && self.inputs.values().zip(other.inputs.values()).all(same)
    }
}

/// The sets that say something about inputs.
fn descend(path: &AttrPath, value: &ast::Expr) -> Option<ast::AttrSet> {
    match unparenthesized(value.clone()) {
        ast::Expr::AttrSet(set) if path.first().is_some_and(|name| name.as_deref() == Some("inputs")) => {
            Some(set)
        }
        _ => None,
    }
}

/// What is said about the inputs: the input's name with the setting's path, and the value.
pub(super) fn inputs_settings(flake: &ast::AttrSet) -> Vec<(Vec<String>, ast::Expr)> {
    let mut settings = Vec::new();
    flatten(flake, &Vec::new(), &descend, &mut |path, _, value| {
        let names: Option<Vec<String>> = path.iter().cloned().collect();
        if let Some([inputs, rest @ ..]) = names.as_deref()
            && inputs == "inputs"
        {
            settings.push((rest.to_vec(), unparenthesized(value.clone())));
        }
    });
    settings
}

/// The attribute set that a flake.nix must be.
pub(super) fn flake_set(source: &Source) -> Result<ast::AttrSet, NixError> {
    match source.expression().map(unparenthesized) {
        Some(ast::Expr::AttrSet(set)) => Ok(set),
        other => Err(NixError::NotAFlake {
            line: other.map_or(1, |expr| source.line(expr.syntax().text_range().start())),
            what: "a flake.nix must be an attribute set, written out".to_owned(),
        }),
    }
}

/// The function that `outputs` is.
pub(super) fn outputs_function(source: &Source, flake: &ast::AttrSet) -> Result<ast::Lambda, NixError> {
    let binding = flake.attrpath_values().find(|binding| {
        binding.attrpath().is_some_and(|path| {
            path.attrs().next().and_then(|attr| attr_name(&attr)).as_deref() == Some("outputs")
        })
    });
    let Some(value) = binding.as_ref().and_then(ast::AttrpathValue::value) else {
        let what = "the flake does not have an attribute `outputs`".to_owned();
        return Err(NixError::NotAFlake { line: 1, what });
    };
    match unparenthesized(value.clone()) {
        ast::Expr::Lambda(lambda) => Ok(lambda),
        _ => Err(NixError::NotAFlake {
            line: source.line(value.syntax().text_range().start()),
            what: "`outputs` must be a function, written out".to_owned(),
        }),
    }
}

/// The names in the argument pattern of `outputs`, each of which is an input, declared or not.
fn outputs_arguments(source: &Source, flake: &ast::AttrSet) -> Result<Vec<(String, usize)>, NixError> {
    let Some(ast::Param::Pattern(pattern)) = outputs_function(source, flake)?.param() else {
        return Ok(Vec::new());
    };
    let bound = pattern.pat_bind().and_then(|bind| bind.ident());
    let mut names = BTreeSet::new();
    let mut arguments = Vec::new();
    for ident in bound.iter().cloned().chain(pattern.pat_entries().filter_map(|entry| entry.ident())) {
        let (name, line) =
            (ident.syntax().text().to_string(), source.line(ident.syntax().text_range().start()));
        if !names.insert(name.clone()) {
            return Err(NixError::NotAFlake { line, what: format!("duplicate argument `{name}`") });
        }
        arguments.push((name, line));
    }
    Ok(arguments.split_off(usize::from(bound.is_some())))
}

struct Reader<'a> {
    source: &'a Source,
    inputs: BTreeMap<String, Declaration>,
    error: Option<NixError>,
}

impl Reader<'_> {
    fn line(&self, node: &impl ast::AstNode) -> usize {
        self.source.line(node.syntax().text_range().start())
    }

    fn refuse(&mut self, line: usize, what: impl Into<String>) {
        self.error.get_or_insert(NixError::NotAFlake { line, what: what.into() });
    }

    fn leaf(&mut self, path: &AttrPath, binding: &ast::AttrpathValue, value: &ast::Expr) {
        let line = self.line(binding);
        let Some(names) = path.iter().cloned().collect::<Option<Vec<String>>>() else {
            self.refuse(line, "dynamic attributes are not allowed in a flake.nix");
            return;
        };
        let Some((top, rest)) = names.split_first() else { return };
        if !FLAKE_ATTRIBUTES.contains(&top.as_str()) {
            self.refuse(line, format!("the flake has an unsupported attribute `{}`", top.escape_debug()));
        }
        if top != "inputs" {
            return;
        }
        let value = unparenthesized(value.clone());
        let Some((name, setting)) = rest.split_first() else {
            self.refuse(line, "`inputs` must be an attribute set, written out: Nix evaluates nothing here");
            return;
        };
        let what = names.join(".");
        let (string, is_path) = match &value {
            ast::Expr::Str(string) => match literal_string(string) {
                Some(text) => (Some(text), false),
                None => {
                    return self.refuse(
                        line,
                        format!("`{what}` is computed; Nix evaluates nothing here and wants a plain string"),
                    );
                }
            },
            ast::Expr::Literal(literal) => match literal.kind() {
                LiteralKind::Uri(_) => (Some(value.syntax().text().to_string()), false),
                LiteralKind::Integer(_) => (None, false),
                LiteralKind::Float(_) => return self.refuse(line, format!("`{what}` is a float")),
            },
            ast::Expr::PathRel(_) | ast::Expr::PathAbs(_)
                if value.syntax().text().to_string().contains("${") =>
            {
                return self.refuse(
                    line,
                    format!("`{what}` is computed; Nix evaluates nothing here and wants a plain path"),
                );
            }
            ast::Expr::PathRel(path) => (Some(path.syntax().text().to_string()), true),
            ast::Expr::PathAbs(path) => (Some(path.syntax().text().to_string()), false),
            ast::Expr::Ident(ident)
                if matches!(ident.syntax().text().to_string().as_str(), "true" | "false") =>
            {
                (None, false)
            }
            ast::Expr::Ident(_) => {
                let what = format!("`{what}` is a variable, which flakepart does not look up here");
                self.error.get_or_insert(NixError::CannotEdit { line, what });
                return;
            }
            _ => {
                return self.refuse(
                    line,
                    format!("`{what}` is computed; Nix evaluates nothing here and wants a literal"),
                );
            }
        };
        if setting.is_empty() {
            return self.refuse(line, format!("`{what}` must be an attribute set, such as `{what}.url = …`"));
        }
        let text = value.syntax().text().to_string();
        let declaration = self.declaration(name, line);
        declaration.settings.push(Setting { path: setting.to_vec(), text, string, is_path });
    }

    fn declaration(&mut self, name: &str, line: usize) -> &mut Declaration {
        self.inputs.entry(name.to_owned()).or_insert_with(|| Declaration {
            name: name.to_owned(),
            line,
            settings: Vec::new(),
            comments: Vec::new(),
            bindings: Vec::new(),
        })
    }

    /// Finds, for each input, the outermost bindings that speak of it alone: `inputs.x.url` at the
    /// top, or `x = { … }` and `x.url` inside an `inputs` block.
    fn bindings(&mut self, flake: &ast::AttrSet) {
        for binding in flake.attrpath_values() {
            let Some(path) = binding.attrpath().map(|path| attr_path_names(&path)) else { continue };
            match path.as_slice() {
                [inputs] if inputs == "inputs" => {
                    if let Some(ast::Expr::AttrSet(block)) = binding.value().map(unparenthesized) {
                        for inner in block.attrpath_values() {
                            let names = inner.attrpath().map(|path| attr_path_names(&path));
                            if let Some(name) = names.as_ref().and_then(|names| names.first()) {
                                self.bind(name, &inner);
                            }
                        }
                    }
                }
                [inputs, name, ..] if inputs == "inputs" => self.bind(name, &binding),
                _ => {}
            }
        }
    }

    fn bind(&mut self, name: &str, binding: &ast::AttrpathValue) {
        let comments = comments_above(self.source, binding.syntax().text_range().start().into());
        let line = self.line(binding);
        let declaration = self.declaration(name, line);
        declaration.line = declaration.line.min(line);
        declaration.bindings.push(binding.syntax().text_range());
        declaration.comments.extend(comments);
    }

    fn no_inherit(&mut self, set: &ast::AttrSet) {
        let Some(inherit) = set.inherits().next() else { return };
        let line = self.line(&inherit);
        if inherit.from().is_some() {
            return self.refuse(line, "`inherit` from something computed: Nix evaluates nothing here");
        }
        let what = "`inherit` among the declarations of a flake.nix".to_owned();
        self.error.get_or_insert(NixError::CannotEdit { line, what });
    }
}

/// The names that a path begins with, up to one that is computed.
pub(super) fn attr_path_names(path: &ast::Attrpath) -> Vec<String> {
    path.attrs().map_while(|attr| attr_name(&attr)).collect()
}

/// Nix takes other attributes than these only as parts of a reference that has a `type`.
fn check_settings(inputs: &BTreeMap<String, Declaration>) -> Result<(), NixError> {
    for input in inputs.values().filter(|input| input.name != "self") {
        let typed = input.setting(&["type"]).is_some();
        for setting in &input.settings {
            let known = match setting.path.first().map(String::as_str) {
                Some("url" | "flake" | "follows") => setting.path.len() == 1,
                Some("inputs") => true,
                _ => typed && setting.path.len() == 1,
            };
            if !known {
                let what =
                    format!("unexpected flake input attribute `{}.{}`", input.name, setting.path.join("."));
                return Err(NixError::NotAFlake { line: input.line, what });
            }
            if let Some(wanted) = mistyped(setting) {
                let what = format!("`{}.{}` must be {wanted}", input.name, setting.path.join("."));
                return Err(NixError::NotAFlake { line: input.line, what });
            }
        }
    }
    Ok(())
}

/// What a setting has to be and is not, at any depth of `inputs.x.inputs.y`.
fn mistyped(setting: &Setting) -> Option<&'static str> {
    let mut path = setting.path.as_slice();
    while let [inputs, _, rest @ ..] = path
        && inputs == "inputs"
    {
        path = rest;
    }
    let (fits, wanted) = match path.first().map(String::as_str) {
        Some("url") => (setting.string.is_some(), "a string"),
        Some("follows") => (setting.string.is_some() && !setting.is_path, "a string"),
        Some("flake") => (matches!(setting.text.as_str(), "true" | "false"), "`true` or `false`"),
        _ => return None,
    };
    (!fits).then_some(wanted)
}
