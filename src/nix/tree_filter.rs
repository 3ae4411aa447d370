//! Which files import-tree imports: its own rule, and the filters that code gives it.

use camino::Utf8Path;

use super::code::Node;

/// A rule for paths below the folder, which begin with a `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeFilter {
    /// Instead of import-tree's own rule.
    initial: Option<Test>,
    tests: Vec<Test>,
}

/// Whether a path has a text somewhere, or at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    text: String,
    at_end: bool,
    is_wanted: bool,
}

impl TreeFilter {
    /// The rule of `import-tree.METHOD ARGUMENT`, method by method; none where that cannot be read.
    pub(super) fn read<'a>(calls: impl Iterator<Item = (&'a str, Node<'a>)>) -> Option<TreeFilter> {
        let mut filter = TreeFilter::default();
        for (method, argument) in calls {
            match method {
                "filter" => filter.tests.push(Test::read(argument, true)?),
                "filterNot" => filter.tests.push(Test::read(argument, false)?),
                "initFilter" => filter.initial = Some(Test::read(argument, true)?),
                "withLib" => {}
                _ => return None,
            }
        }
        Some(filter)
    }

    /// Whether a file below the folder is imported.
    #[must_use]
    pub fn passes(&self, below: &Utf8Path) -> bool {
        let path = format!("/{below}");
        // import-tree: `nixFilter` in its `default.nix`.
        let own = || path.ends_with(".nix") && !path.contains("/_");
        self.initial.as_ref().map_or_else(own, |test| test.passes(&path))
            && self.tests.iter().all(|test| test.passes(&path))
    }
}

impl Test {
    /// `lib.hasSuffix "text"`, `lib.hasInfix "text"`
    fn read(node: Node<'_>, is_wanted: bool) -> Option<Test> {
        let (function, arguments) = node.bare().application();
        let at_end = match function.last_name()? {
            "hasSuffix" => true,
            "hasInfix" => false,
            _ => return None,
        };
        match arguments.as_slice() {
            [text] => Some(Test { text: text.bare().string()?.to_owned(), at_end, is_wanted }),
            _ => None,
        }
    }

    fn passes(&self, path: &str) -> bool {
        let has = if self.at_end { path.ends_with(&self.text) } else { path.contains(&self.text) };
        has == self.is_wanted
    }
}
