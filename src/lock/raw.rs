//! The form of a lock, for serde: which fields there are, and of which types.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::attrs::Attrs;
use super::document::{Edge, Lock, Node};
use super::error::LockError;
use super::map::{Map, Name};

/// What our own readers say where a key comes twice; the place is found afterwards.
pub(super) const DUPLICATE_KEY: &str = "duplicate key";

/// A document before it is known to be a lock.
pub(super) struct RawLock {
    version: Option<Number>,
    root: Option<Name>,
    nodes: Option<Map<Node>>,
    extra: Attrs,
}

impl RawLock {
    pub(super) fn checked(self) -> Result<Lock, LockError> {
        let version = self.version.as_ref().map_or(0, whole);
        if !(5..=7).contains(&version) {
            return Err(LockError::UnsupportedVersion { version: self.version, at: None });
        }
        let Some(root) = self.root else {
            return Err(LockError::MissingRoot { key: None, at: None });
        };
        Ok(Lock { version, root, nodes: self.nodes.unwrap_or_default(), extra: self.extra })
    }
}

/// Nix reads the version as a whole number whatever it is; 7.0 is 7.
pub(super) fn whole(number: &Number) -> u64 {
    number.as_u64().unwrap_or_else(|| {
        // The cast saturates.
        number.as_f64().map_or(0, |float| float as u64)
    })
}

pub(super) struct OnlyVersion(pub(super) Option<Number>);

impl<'de> Deserialize<'de> for OnlyVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OnlyVersion, D::Error> {
        struct OnlyVersionVisitor;
        impl<'de> Visitor<'de> for OnlyVersionVisitor {
            type Value = OnlyVersion;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a lock")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OnlyVersion, A::Error> {
                let mut version = None;
                while let Some(name) = map.next_key::<String>()? {
                    if name == "version" {
                        version = Some(map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(OnlyVersion(version))
            }
        }
        deserializer.deserialize_map(OnlyVersionVisitor)
    }
}

fn once<T, E: de::Error>(slot: &mut Option<T>, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom(DUPLICATE_KEY)),
    }
}

fn extra<E: de::Error>(entries: Vec<(String, Value)>) -> Result<Attrs, E> {
    let entries = entries.into_iter().map(|(key, value)| (key.into(), value)).collect();
    Attrs::from_entries(entries).map_err(|_| E::custom(DUPLICATE_KEY))
}

fn distinct<'de, V: Deserialize<'de>, A: MapAccess<'de>>(mut map: A) -> Result<Map<V>, A::Error> {
    let mut entries = Vec::new();
    while let Some(entry) = map.next_entry()? {
        entries.push(entry);
    }
    Map::of_distinct(entries).ok_or_else(|| de::Error::custom(DUPLICATE_KEY))
}

impl<'de> Deserialize<'de> for RawLock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawLock, D::Error> {
        deserializer.deserialize_map(LockVisitor)
    }
}

struct LockVisitor;

impl<'de> Visitor<'de> for LockVisitor {
    type Value = RawLock;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a lock (an object with `nodes`, `root` and `version`)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawLock, A::Error> {
        let (mut version, mut root, mut nodes) = (None, None, None);
        let mut rest = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "version" => once(&mut version, map.next_value()?)?,
                "root" => once(&mut root, map.next_value()?)?,
                "nodes" => once(&mut nodes, map.next_value::<Nodes>()?.0)?,
                _ => rest.push((name, map.next_value()?)),
            }
        }
        Ok(RawLock { version, root, nodes, extra: extra(rest)? })
    }
}

struct Nodes(Map<Node>);

impl<'de> Deserialize<'de> for Nodes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Nodes, D::Error> {
        struct NodesVisitor;
        impl<'de> Visitor<'de> for NodesVisitor {
            type Value = Nodes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of nodes")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Nodes, A::Error> {
                distinct(map).map(Nodes)
            }
        }
        deserializer.deserialize_map(NodesVisitor)
    }
}

enum NodeField {
    Inputs,
    Locked,
    Original,
    Info,
    Flake,
    Parent,
    Other(String),
}

impl<'de> Deserialize<'de> for NodeField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NodeField, D::Error> {
        struct FieldVisitor;
        impl Visitor<'_> for FieldVisitor {
            type Value = NodeField;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field of a node")
            }

            fn visit_str<E>(self, name: &str) -> Result<NodeField, E> {
                Ok(match name {
                    "inputs" => NodeField::Inputs,
                    "locked" => NodeField::Locked,
                    "original" => NodeField::Original,
                    "info" => NodeField::Info,
                    "flake" => NodeField::Flake,
                    "parent" => NodeField::Parent,
                    other => NodeField::Other(other.to_owned()),
                })
            }
        }
        deserializer.deserialize_str(FieldVisitor)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_map(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node (an object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut inputs: Option<Inputs> = None;
        let (mut locked, mut original, mut info) = (None, None, None);
        let (mut flake, mut parent) = (None, None);
        let mut rest = Vec::new();
        while let Some(field) = map.next_key()? {
            match field {
                NodeField::Inputs => once(&mut inputs, map.next_value()?)?,
                NodeField::Locked => once(&mut locked, map.next_value()?)?,
                NodeField::Original => once(&mut original, map.next_value()?)?,
                NodeField::Info => once(&mut info, map.next_value()?)?,
                NodeField::Flake => once(&mut flake, map.next_value()?)?,
                NodeField::Parent => once(&mut parent, map.next_value()?)?,
                NodeField::Other(name) => rest.push((name, map.next_value()?)),
            }
        }
        Ok(Node {
            inputs: inputs.map(|inputs| inputs.0).unwrap_or_default(),
            // Version 5 wrote hash and date apart. Nix: `getFlakeRef(json, "locked", "info")`.
            locked: match (locked, info) {
                (Some(locked), Some(info)) => Some(Attrs::merged(&locked, &info)),
                (locked, _) => locked,
            },
            original,
            flake: flake.unwrap_or(true),
            parent,
            extra: extra(rest)?,
        })
    }
}

struct Inputs(Map<Edge>);

impl<'de> Deserialize<'de> for Inputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Inputs, D::Error> {
        struct InputsVisitor;
        impl<'de> Visitor<'de> for InputsVisitor {
            type Value = Inputs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of inputs")
            }

            fn visit_unit<E>(self) -> Result<Inputs, E> {
                // Nix takes null for none.
                Ok(Inputs(Map::new()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Inputs, A::Error> {
                distinct(map).map(Inputs)
            }
        }
        deserializer.deserialize_any(InputsVisitor)
    }
}

impl<'de> Deserialize<'de> for Edge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Edge, D::Error> {
        struct EdgeVisitor;
        impl<'de> Visitor<'de> for EdgeVisitor {
            type Value = Edge;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the key of a node (a string) or an input path (an array of strings)")
            }

            fn visit_str<E>(self, key: &str) -> Result<Edge, E> {
                Ok(Edge::Node(key.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Edge, A::Error> {
                let mut path = Vec::new();
                while let Some(name) = seq.next_element()? {
                    path.push(name);
                }
                Ok(Edge::Follows(path))
            }
        }
        deserializer.deserialize_any(EdgeVisitor)
    }
}
