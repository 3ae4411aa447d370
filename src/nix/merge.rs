//! How Nix's parser puts together what a set says about an attribute in several places
//! (Nix: `addAttr` in `src/libexpr/parser.y`).

use std::collections::BTreeMap;

use rnix::TextSize;
use rnix::ast::{self, HasEntry as _};
use rowan::ast::AstNode as _;

use super::syntax::{attr_path, unparenthesized};

/// How deep it is looked: nobody's flake goes further, and a path of thousands of names is no reason to run
/// out of stack.
const DEEPEST: usize = 200;

type Attributes = BTreeMap<String, Value>;

enum Value {
    Set(Attributes),
    Other,
}

/// An attribute that a set defines twice, and where the second definition stands. Sets become one set:
/// `a = { b = 1; }; a.c = 2;`. Nix 2.8 does that one level deep only; what newer ones take besides is
/// read all the same.
pub(super) fn defined_twice(set: &ast::AttrSet) -> Option<(String, TextSize)> {
    attributes(set, 0).err()
}

fn attributes(set: &ast::AttrSet, depth: usize) -> Result<Attributes, (String, TextSize)> {
    let mut attributes = Attributes::new();
    for binding in set.attrpath_values() {
        let path: Option<Vec<String>> =
            binding.attrpath().and_then(|path| attr_path(&path).into_iter().collect());
        let (Some(path), Some(value)) = (path, binding.value()) else { continue };
        let depth = depth + path.len();
        if depth > DEEPEST {
            continue;
        }
        let value = match unparenthesized(value) {
            ast::Expr::AttrSet(inner) => {
                let below = self::attributes(&inner, depth);
                Value::Set(below.map_err(|(twice, at)| (format!("{}.{twice}", path.join(".")), at))?)
            }
            _ => Value::Other,
        };
        let start = binding.syntax().text_range().start();
        add(&mut attributes, &path, value).map_err(|twice| (twice, start))?;
    }
    Ok(attributes)
}

/// Fails with the attribute that was there before.
fn add(mut attributes: &mut Attributes, path: &[String], value: Value) -> Result<(), String> {
    let Some((last, sets)) = path.split_last() else { return Ok(()) };
    for (depth, name) in sets.iter().enumerate() {
        match attributes.entry(name.clone()).or_insert_with(|| Value::Set(Attributes::new())) {
            Value::Set(inner) => attributes = inner,
            Value::Other => return Err(path.iter().take(depth + 1).cloned().collect::<Vec<_>>().join(".")),
        }
    }
    match (attributes.get_mut(last), value) {
        (None, value) => {
            attributes.insert(last.clone(), value);
        }
        (Some(Value::Set(there)), Value::Set(new)) => {
            for (name, value) in new {
                add(there, &[name], value).map_err(|twice| format!("{}.{twice}", path.join(".")))?;
            }
        }
        _ => return Err(path.join(".")),
    }
    Ok(())
}
