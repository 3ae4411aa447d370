//! Evaluations of modules that are not flake-parts': what reads their `config` reads nothing of the flake's.

use rnix::SyntaxKind;
use rustc_hash::{FxHashMap, FxHashSet};

use super::code::Node;
use super::readers::selection;
use super::scope::Scopes;

/// Functions that evaluate modules which are not flake-parts': what they give has a `config` of its own.
const EVALUATIONS: [&str; 4] = ["darwinSystem", "evalModules", "homeManagerConfiguration", "nixosSystem"];

/// Arguments of modules that hold their configuration, or give it.
const CARRIERS: [&str; 4] = ["config", "getSystem", "moduleWithSystem", "withSystem"];

/// Through more variables than this nothing is made of them, one of the other.
const MAX_ROUNDS: usize = 8;

/// Outputs that hold what such functions give.
const EVALUATED: [&str; 3] = ["darwinConfigurations", "homeConfigurations", "nixosConfigurations"];

/// What the code of one file evaluates apart from flake-parts' modules.
pub(super) struct Apart<'a> {
    /// The names that may hold flake-parts' configuration, or give it: arguments of functions as a whole, some
    /// by name, and what is made of these.
    carriers: FxHashSet<&'a str>,
    /// The selections from variables that hold what modules apart from flake-parts' give:
    /// `let x = lib.evalModules …; in x.config`.
    selections: FxHashSet<Node<'a>>,
    /// Whether the names are too many steps from each other to be known all.
    unknown: bool,
}

impl<'a> Apart<'a> {
    pub(super) fn of(code: Node<'a>, scopes: &Scopes<'a>) -> Apart<'a> {
        let mut apart = Apart {
            carriers: FxHashSet::from_iter(CARRIERS),
            selections: FxHashSet::default(),
            unknown: false,
        };
        let takes_config =
            |node: Node<'_>| node.kind() == SyntaxKind::NODE_SELECT && node.names().contains(&Some("config"));
        if !code.descendants().any(takes_config) {
            return apart;
        }
        let lambdas = code.descendants().filter(|node| node.kind() == SyntaxKind::NODE_LAMBDA);
        apart.carriers.extend(lambdas.filter_map(whole_argument));
        let lets = code.descendants().filter(|node| node.kind() == SyntaxKind::NODE_LET_IN);
        let bindings = lets.flat_map(|scope| scope.bindings().map(move |binding| (scope, binding)));
        let bound: FxHashMap<(Node<'a>, &str), Node<'a>> = bindings
            .filter_map(|(scope, binding)| Some(((scope, (*binding.names().first()?)?), binding.value()?)))
            .collect();
        // Whatever is made of one carries it, too.
        for round in 0.. {
            let is_one = |name: &str, value: Node<'a>| !apart.carriers.contains(name) && apart.carries(value);
            let more: Vec<&str> = bound
                .iter()
                .filter(|((_, name), value)| is_one(name, **value))
                .map(|((_, name), _)| *name)
                .collect();
            if more.is_empty() {
                break;
            }
            if round == MAX_ROUNDS {
                apart.unknown = true;
                return apart;
            }
            apart.carriers.extend(more);
        }
        let is_apart = |variable: &(Node<'a>, &str)| {
            bound.get(variable).is_some_and(|value| apart.is_evaluation(*value))
        };
        let uses = scopes.variables().filter(|(variable, _)| is_apart(variable));
        let selections = uses.flat_map(|(_, uses)| uses).filter_map(|node| Some(selection(*node)?.0));
        apart.selections = selections.collect();
        apart
    }

    /// Whether a selection takes the `config` of such an evaluation.
    pub(super) fn has(&self, select: Node<'a>) -> bool {
        let names = select.names();
        let before = names.iter().take_while(|name| **name != Some("config")).flatten();
        before.into_iter().any(|name| EVALUATED.contains(name))
            || !self.unknown
                && (self.selections.contains(&select)
                    || select.child(0).is_some_and(|base| self.is_evaluation(base)))
    }

    fn is_evaluation(&self, value: Node<'a>) -> bool {
        let (function, arguments) = value.application();
        match function.last_name() {
            // What a file makes of its arguments, if the configuration is not among them.
            Some("import") => arguments.len() > 1 && !arguments.iter().any(|it| self.carries(*it)),
            Some(name) if !arguments.is_empty() && EVALUATIONS.contains(&name) => {
                let is_set = |argument: &Node<'a>| argument.bare().kind() != SyntaxKind::NODE_IDENT;
                arguments.iter().all(|it| is_set(it) || !self.carries(*it))
            }
            _ => false,
        }
    }

    fn carries(&self, value: Node<'a>) -> bool {
        // `config = …` only names something.
        let is_use = |node: Node<'_>| node.parent().is_none_or(|it| it.kind() != SyntaxKind::NODE_ATTRPATH);
        let is_carrier = |node: Node<'_>| {
            node.kind() == SyntaxKind::NODE_IDENT && self.carriers.contains(node.text()) && is_use(node)
        };
        value.descendants().any(is_carrier)
    }
}

/// The name that a function has for its whole argument, if flake-parts may call it: a function that wants what
/// no module gets is called by others.
fn whole_argument(lambda: Node<'_>) -> Option<&str> {
    const OF_MODULES: [&str; 16] = [
        "config",
        "final",
        "flake-parts-lib",
        "getSystem",
        "inputs",
        "inputs'",
        "lib",
        "moduleWithSystem",
        "options",
        "partitionStack",
        "pkgs",
        "self",
        "self'",
        "specialArgs",
        "system",
        "withSystem",
    ];
    let parameter = lambda.child(0)?;
    if parameter.kind() == SyntaxKind::NODE_IDENT_PARAM {
        return Some(parameter.text());
    }
    let is_foreign = |entry: Node<'_>| {
        let name = entry.child(0).map(Node::text).unwrap_or_default();
        entry.kind() == SyntaxKind::NODE_PAT_ENTRY && entry.child(1).is_none() && !OF_MODULES.contains(&name)
    };
    if parameter.children().any(is_foreign) {
        return None;
    }
    let bind = parameter.children().find(|node| node.kind() == SyntaxKind::NODE_PAT_BIND)?;
    bind.child(0).map(Node::text)
}
