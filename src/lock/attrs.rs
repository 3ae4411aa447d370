//! The attributes of a `locked` or `original` entry.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::raw::DUPLICATE_KEY;

/// A small JSON object with its keys in byte order: what stands under `locked` or `original`, or
/// the fields that this crate does not know and carries along.
///
/// A sorted slice and not a map, because a lock has many of them with few entries each. Copies share it.
#[derive(Clone, Default)]
pub struct Attrs(Arc<[(Cow<'static, str>, Value)]>);

impl PartialEq for Attrs {
    fn eq(&self, other: &Attrs) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl fmt::Debug for Attrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Attrs {
    /// The value of attribute `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .binary_search_by(|(key, _)| key.as_ref().cmp(name))
            .ok()
            .and_then(|at| self.0.get(at))
            .map(|(_, value)| value)
    }

    /// The value of attribute `name`, where it is a string.
    pub fn str(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// All attributes in byte order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// The same for all copies, and for no other attributes that live at the same time.
    pub(super) fn identity(&self) -> usize {
        self.0.as_ptr().addr()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These attributes with those of `over` on top; where both have one, `over`'s counts.
    pub(super) fn merged(&self, over: &Attrs) -> Attrs {
        let own = self.0.iter().filter(|(key, _)| over.get(key).is_none());
        let mut all: Vec<_> = own.chain(over.0.iter()).cloned().collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Attrs(all.into())
    }

    /// From entries in any order; `Err` holds a key that came twice.
    pub(super) fn from_entries(
        mut entries: Vec<(Cow<'static, str>, Value)>,
    ) -> Result<Attrs, Cow<'static, str>> {
        // Nix writes them sorted, so there is usually nothing to do.
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            if let Some(twice) = entries.windows(2).find(|pair| match pair {
                [a, b] => a.0 == b.0,
                _ => false,
            }) {
                return Err(twice.first().map(|(key, _)| key.clone()).unwrap_or_default());
            }
        }
        Ok(Attrs(entries.into()))
    }
}

impl FromIterator<(String, Value)> for Attrs {
    /// Where a name comes twice, the later value counts, as in Nix's own JSON reader.
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(entries: I) -> Attrs {
        let map: std::collections::BTreeMap<String, Value> = entries.into_iter().collect();
        Attrs(map.into_iter().map(|(key, value)| (Cow::Owned(key), value)).collect())
    }
}

impl Serialize for Attrs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0.iter() {
            map.serialize_entry(key.as_ref(), value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Attrs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Attrs, D::Error> {
        struct AttrsVisitor;
        impl<'de> Visitor<'de> for AttrsVisitor {
            type Value = Attrs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of attributes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attrs, A::Error> {
                let mut entries = Vec::with_capacity(6);
                while let Some(name) = map.next_key::<AttrName>()? {
                    entries.push((name.0, map.next_value()?));
                }
                Attrs::from_entries(entries).map_err(|_| de::Error::custom(DUPLICATE_KEY))
            }
        }
        deserializer.deserialize_map(AttrsVisitor)
    }
}

/// An attribute's name; those that Nix itself writes cost no allocation.
struct AttrName(Cow<'static, str>);

const KNOWN: [&str; 20] = [
    "allRefs",
    "dir",
    "dirtyRev",
    "dirtyShortRev",
    "exportIgnore",
    "host",
    "id",
    "lastModified",
    "lfs",
    "narHash",
    "owner",
    "path",
    "ref",
    "repo",
    "rev",
    "revCount",
    "shallow",
    "submodules",
    "type",
    "url",
];

impl<'de> Deserialize<'de> for AttrName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AttrName, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = AttrName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<AttrName, E> {
                Ok(AttrName(match KNOWN.binary_search(&name) {
                    Ok(at) => Cow::Borrowed(KNOWN.get(at).copied().unwrap_or_default()),
                    Err(_) => Cow::Owned(name.to_owned()),
                }))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}
