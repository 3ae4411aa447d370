//! A lock's graph drawn: as JSON, and for Graphviz and Mermaid.

use std::collections::BTreeSet;

use serde::Serialize;

use super::text::shown;
use crate::lock::{Graph, Lock, Name, reference};

/// A graph to draw, as JSON has it.
#[derive(Debug, Serialize)]
pub struct Drawing {
    schema: u32,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    key: String,
    reference: Option<String>,
    rev: Option<String>,
    last_modified: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Edge {
    from: String,
    to: String,
    input: String,
    follows: Option<Vec<String>>,
}

impl Drawing {
    /// What the root reaches; with `focus`, only the nodes of these keys, what leads to them, and what
    /// they lead to.
    #[must_use]
    pub fn new(lock: &Lock, graph: &Graph<'_>, focus: Option<&[&str]>) -> Drawing {
        let keys: Vec<&Name> = match focus {
            Some(focus) => {
                let kept: BTreeSet<&str> = graph.around(focus).into_iter().collect();
                lock.nodes.keys().filter(|key| kept.contains(key.as_str())).collect()
            }
            None => {
                let gone: BTreeSet<&str> = graph.unreachable().into_iter().collect();
                lock.nodes.keys().filter(|key| !gone.contains(key.as_str())).collect()
            }
        };
        let drawn: BTreeSet<&str> = keys.iter().map(|key| key.as_str()).collect();
        let edges = keys.iter().flat_map(|key| {
            let links = graph.node_inputs(key);
            links.filter_map(|link| {
                let to = link.target.filter(|to| drawn.contains(to))?;
                Some(Edge {
                    from: key.to_string(),
                    to: to.to_owned(),
                    input: link.name.to_owned(),
                    follows: link.follows.map(|path| path.iter().map(Name::to_string).collect()),
                })
            })
        });
        let edges = edges.collect();
        let node = |key: &Name| {
            let node = lock.nodes.get(key);
            let locked = node.and_then(|node| node.locked.as_ref());
            Node {
                key: key.to_string(),
                reference: node.and_then(|node| node.original.as_ref()).map(reference),
                rev: locked.and_then(|locked| locked.str("rev")).map(str::to_owned),
                last_modified: locked.and_then(|locked| locked.get("lastModified")?.as_i64()),
            }
        };
        Drawing { schema: 1, nodes: keys.into_iter().map(node).collect(), edges }
    }

    /// For Graphviz. A follows is dashed; an edge has its input's name where that is not the node's key.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let quoted = |text: &str| format!("\"{}\"", shown(text).replace('\\', "\\\\").replace('"', "\\\""));
        let mut text = "digraph lock {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
        for node in &self.nodes {
            let tooltip = node.reference.as_deref().unwrap_or("this flake");
            text.push_str(&format!("  {} [tooltip={}];\n", quoted(&node.key), quoted(tooltip)));
        }
        for edge in &self.edges {
            let label = (edge.input != edge.to).then(|| format!("label={}", quoted(&edge.input)));
            let style = edge.follows.is_some().then(|| "style=dashed".to_owned());
            let attributes: Vec<String> = label.into_iter().chain(style).collect();
            let attributes =
                if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
            text.push_str(&format!("  {} -> {}{attributes};\n", quoted(&edge.from), quoted(&edge.to)));
        }
        text + "}\n"
    }

    /// For Mermaid, as GitHub and GitLab draw it.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        // Mermaid has no way to write a quotation mark but this, and takes `#` for the start of one.
        let quoted = |text: &str| format!("\"{}\"", shown(text).replace('#', "#35;").replace('"', "#quot;"));
        let place =
            |key: &str| self.nodes.binary_search_by(|node| node.key.as_str().cmp(key)).unwrap_or_default();
        let mut text = "graph LR\n".to_owned();
        for (number, node) in self.nodes.iter().enumerate() {
            text.push_str(&format!("  n{number}[{}]\n", quoted(&node.key)));
        }
        for edge in &self.edges {
            let arrow = if edge.follows.is_some() { "-.->" } else { "-->" };
            let label =
                if edge.input == edge.to { String::new() } else { format!("|{}|", quoted(&edge.input)) };
            text.push_str(&format!("  n{} {arrow}{label} n{}\n", place(&edge.from), place(&edge.to)));
        }
        text
    }
}
