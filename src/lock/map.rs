//! Small sorted maps, and the names in them: what a lock is full of.

use std::borrow::Borrow;

/// The name of an input, or the key of a node. Nearly all are short enough to cost no allocation.
pub type Name = smol_str::SmolStr;

/// A map by name in byte order. One sorted list, because a node has few inputs, and a lock's nodes come sorted.
#[derive(Debug, Clone, PartialEq)]
pub struct Map<V>(Vec<(Name, V)>);

impl<V> Map<V> {
    /// A map without anything.
    #[must_use]
    pub const fn new() -> Map<V> {
        Map(Vec::new())
    }

    /// Where a name stands in byte order, or would.
    pub(super) fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }

    /// The value of this name.
    pub fn get<Q: Borrow<str> + ?Sized>(&self, name: &Q) -> Option<&V> {
        self.get_key_value(name).map(|(_, value)| value)
    }

    /// The value of this name, with the name as it stands here.
    pub fn get_key_value<Q: Borrow<str> + ?Sized>(&self, name: &Q) -> Option<(&Name, &V)> {
        let at = self.place(name.borrow()).ok()?;
        self.0.get(at).map(|(name, value)| (name, value))
    }

    /// What stands at a place in byte order.
    pub(super) fn at(&self, place: usize) -> Option<(&Name, &V)> {
        self.0.get(place).map(|(name, value)| (name, value))
    }

    /// The value of this name, to change it.
    pub fn get_mut<Q: Borrow<str> + ?Sized>(&mut self, name: &Q) -> Option<&mut V> {
        let at = self.place(name.borrow()).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Whether the name is there.
    pub fn contains_key<Q: Borrow<str> + ?Sized>(&self, name: &Q) -> bool {
        self.place(name.borrow()).is_ok()
    }

    /// Sets the value of this name, and gives the one before. All behind it move: for many, collect.
    pub fn insert(&mut self, name: impl Into<Name>, value: V) -> Option<V> {
        let name = name.into();
        match self.place(&name) {
            Ok(at) => self.0.get_mut(at).map(|(_, old)| std::mem::replace(old, value)),
            Err(at) => {
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// Keeps only what `keep` wants.
    pub fn retain(&mut self, mut keep: impl FnMut(&Name, &mut V) -> bool) {
        self.0.retain_mut(|(name, value)| keep(name, value));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All in byte order of their names.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Name, &V)> + ExactSizeIterator {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// All names in byte order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Name> + ExactSizeIterator {
        self.0.iter().map(|(name, _)| name)
    }

    /// All values in byte order of their names.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator {
        self.0.iter().map(|(_, value)| value)
    }

    /// All values, to change them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// From entries in byte order of their names, as Nix writes them; none where they are not.
    pub(super) fn of_sorted(entries: Vec<(Name, V)>) -> Option<Map<V>> {
        entries.is_sorted_by(|(a, _), (b, _)| a < b).then_some(Map(entries))
    }

    /// From entries in any order; none where a name comes twice.
    pub(super) fn of_distinct(mut entries: Vec<(Name, V)>) -> Option<Map<V>> {
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        Map::of_sorted(entries)
    }
}

impl<V> Default for Map<V> {
    fn default() -> Map<V> {
        Map::new()
    }
}

impl<V> IntoIterator for Map<V> {
    type Item = (Name, V);
    type IntoIter = std::vec::IntoIter<(Name, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<V> FromIterator<(Name, V)> for Map<V> {
    /// Where a name comes twice, the later value counts.
    fn from_iter<I: IntoIterator<Item = (Name, V)>>(entries: I) -> Map<V> {
        let mut entries: Vec<(Name, V)> = entries.into_iter().collect();
        entries.reverse();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries.dedup_by(|(a, _), (b, _)| a == b);
        Map(entries)
    }
}

impl<V> Extend<(Name, V)> for Map<V> {
    fn extend<I: IntoIterator<Item = (Name, V)>>(&mut self, entries: I) {
        *self = std::mem::take(self).into_iter().chain(entries).collect();
    }
}
