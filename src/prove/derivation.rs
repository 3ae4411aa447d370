//! What a derivation says: the .drv file that Nix wrote into its store.

use std::collections::BTreeMap;

/// A derivation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Derivation {
    pub(super) outputs: Vec<Output>,
    /// The derivations that it needs, and which of their outputs.
    pub(super) inputs: BTreeMap<String, Vec<String>>,
    /// What else it needs from the store.
    pub(super) sources: Vec<String>,
    pub(super) system: String,
    pub(super) builder: String,
    pub(super) arguments: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
}

/// An output of a derivation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) name: String,
    /// Empty where only the build tells.
    pub(super) path: String,
    /// How the content is hashed, where it is known beforehand.
    pub(super) algorithm: String,
    pub(super) hash: String,
}

impl Derivation {
    /// What a .drv file says; nothing where it is written in a way that is not known.
    pub(super) fn parse(text: &str) -> Option<Derivation> {
        let mut term = Term(text);
        term.skip("Derive(")?;
        let outputs = term.list(|term| {
            term.skip("(")?;
            let name = term.string()?;
            let [path, algorithm, hash] = [term.next()?, term.next()?, term.next()?];
            term.skip(")")?;
            Some(Output { name, path, algorithm, hash })
        })?;
        term.skip(",")?;
        let inputs = term.list(|term| {
            term.skip("(")?;
            let path = term.string()?;
            term.skip(",")?;
            let outputs = term.list(Term::string)?;
            term.skip(")")?;
            Some((path, outputs))
        })?;
        term.skip(",")?;
        let sources = term.list(Term::string)?;
        let [system, builder] = [term.next()?, term.next()?];
        term.skip(",")?;
        let arguments = term.list(Term::string)?;
        term.skip(",")?;
        let environment = term.list(|term| {
            term.skip("(")?;
            let pair = (term.string()?, term.next()?);
            term.skip(")")?;
            Some(pair)
        })?;
        term.skip(")")?;
        Some(Derivation {
            outputs,
            inputs: inputs.into_iter().collect(),
            sources,
            system,
            builder,
            arguments,
            environment: environment.into_iter().collect(),
        })
    }
}

/// What is left of an ATerm.
struct Term<'a>(&'a str);

impl Term<'_> {
    fn skip(&mut self, what: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(what)?;
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        self.skip("\"")?;
        let mut string = String::new();
        loop {
            let end = self.0.find(['"', '\\'])?;
            let (plain, rest) = self.0.split_at(end);
            string.push_str(plain);
            if let Some(rest) = rest.strip_prefix('"') {
                self.0 = rest;
                return Some(string);
            }
            let mut escaped = rest.strip_prefix('\\')?.chars();
            string.push(match escaped.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            });
            self.0 = escaped.as_str();
        }
    }

    /// A string behind a comma.
    fn next(&mut self) -> Option<String> {
        self.skip(",")?;
        self.string()
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        self.skip("[")?;
        if self.skip("]").is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            match self.skip(",") {
                Some(()) => {}
                None => return self.skip("]").map(|()| items),
            }
        }
    }
}

/// The name of a store path, and the hash in front of it.
pub(super) fn hash_and_name(path: &str) -> Option<(&str, &str)> {
    let (hash, name) = path.rsplit('/').next()?.split_once('-')?;
    (hash.len() == HASH).then_some((hash, name))
}

/// The length of the hash in a store path.
pub(super) const HASH: usize = 32;
