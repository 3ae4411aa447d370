//! Lossless duplicates: nodes that are the same in content and in all that hangs below them, so
//! that one could stand for all.
//!
//! That is the coarsest partition in which two nodes of one class have the same content, the same
//! input names, and for each name targets of one class: what minimizing a finite automaton
//! computes, with cycles and all. The way of Valmari and Lehtinen ("Efficient minimization of DFAs
//! with partial transition functions", 2008) takes O(m log n) steps: blocks of nodes and "cords" of
//! arcs split each other, and only the smaller half is ever looked at again.

use serde_json::Value;

use super::graph::Graph;
use super::index::{FastMap, NONE};
use super::read::relative_path;

impl<'a> Graph<'a> {
    /// How many nodes remain when lossless duplicates count once (same `narHash`, `dir`, `flake`
    /// and same resolved sub-graph), the root not among them.
    pub fn distinct(&self) -> usize {
        self.classes().0 - usize::from(self.index.root != NONE)
    }

    /// Classes of lossless duplicates with at least two nodes: their keys in byte order, classes by
    /// their first key.
    pub fn duplicates(&self) -> Vec<Vec<&'a str>> {
        let (count, class_of) = self.classes();
        let mut classes = vec![Vec::new(); count];
        for node in &self.index.by_key {
            let class = class_of.get(*node as usize).and_then(|class| classes.get_mut(*class as usize));
            if let Some((class, key)) = class.zip(self.key(*node)) {
                class.push(key);
            }
        }
        classes.retain(|class: &Vec<&str>| class.len() > 1);
        classes.sort();
        classes
    }

    /// How many classes there are, and the class of each node.
    fn classes(&self) -> (usize, Vec<u32>) {
        let count = self.index.keys.len();
        // One state more than nodes, for follows that lead nowhere: they are the same.
        let nowhere = count as u32;
        let mut blocks = Partition::new(&self.contents());
        let mut cords = Partition::new(&self.index.name_of);

        let target = |arc: usize| match self.index.arcs.get(arc).map(|arc| arc.to) {
            None | Some(NONE) => nowhere,
            Some(to) => to,
        };
        // The arcs by their target.
        let mut into_first = vec![0_usize; count + 2];
        for arc in 0..self.index.arcs.len() {
            if let Some(slot) = into_first.get_mut(target(arc) as usize + 1) {
                *slot += 1;
            }
        }
        let mut sum = 0;
        for slot in &mut into_first {
            sum += *slot;
            *slot = sum;
        }
        let mut fill = into_first.clone();
        let mut into = vec![0_u32; self.index.arcs.len()];
        for arc in 0..self.index.arcs.len() {
            if let Some(next) = fill.get_mut(target(arc) as usize) {
                if let Some(slot) = into.get_mut(*next) {
                    *slot = arc as u32;
                }
                *next += 1;
            }
        }

        let (mut block, mut cord) = (1, 0);
        while cord < cords.count() {
            for at in cords.range(cord) {
                let arc = cords.elements.get(at).copied().unwrap_or(NONE);
                if let Some(arc) = self.index.arcs.get(arc as usize) {
                    blocks.mark(arc.from);
                }
            }
            blocks.split();
            cord += 1;
            while block < blocks.count() {
                for at in blocks.range(block) {
                    let state = blocks.elements.get(at).copied().unwrap_or(NONE) as usize;
                    if let (Some(from), Some(to)) = (into_first.get(state), into_first.get(state + 1)) {
                        for arc in into.get(*from..*to).unwrap_or_default() {
                            cords.mark(*arc);
                        }
                    }
                }
                cords.split();
                block += 1;
            }
        }
        // "Nowhere" has a content of its own, so that it is alone in its class; but it may not have
        // the last number, which is then given to it.
        let last = (blocks.count() - 1) as u32;
        let of_nowhere = blocks.class.pop().unwrap_or(last);
        for class in &mut blocks.class {
            if *class == last {
                *class = of_nowhere;
            }
        }
        (blocks.count() - 1, blocks.class)
    }

    /// For each node the number of its content, and one for "nowhere".
    fn contents(&self) -> Vec<u32> {
        #[derive(PartialEq, Eq, Hash)]
        enum Content<'a> {
            /// What a node without a hash is locked to.
            Text(String, bool),
            Hash(&'a str, Option<&'a str>, bool),
            /// What nothing else is the same as.
            Only(u32),
        }
        let mut numbers = FastMap::default();
        // Nodes that share their attributes need no second look.
        let mut seen = FastMap::default();
        let mut contents: Vec<u32> = Vec::with_capacity(self.index.nodes.len() + 1);
        for (number, node) in (0..).zip(&self.index.nodes) {
            let shared = node.locked.as_ref().map(|locked| (locked.identity(), node.flake));
            let shared = shared.filter(|_| number != self.index.root);
            if let Some(content) = shared.and_then(|shared| seen.get(&shared)) {
                contents.push(*content);
                continue;
            }
            let content = match &node.locked {
                Some(locked) if number != self.index.root => match locked.str("narHash") {
                    Some(hash) => Content::Hash(hash, locked.str("dir"), node.flake),
                    // What a relative path is depends on whose it is.
                    None if relative_path(locked).is_some() => Content::Only(number),
                    None => {
                        let locked = locked.iter().map(|(key, value)| (key.to_owned(), value.clone()));
                        let locked = Value::Object(locked.collect());
                        Content::Text(locked.to_string(), node.flake)
                    }
                },
                _ => Content::Only(number),
            };
            // What is the same as nothing else shares its attributes in vain.
            let shared = shared.filter(|_| !matches!(content, Content::Only(_)));
            let fresh = numbers.len() as u32;
            let content = *numbers.entry(content).or_insert(fresh);
            seen.extend(shared.map(|shared| (shared, content)));
            contents.push(content);
        }
        contents.push(numbers.len() as u32);
        contents
    }
}

/// A partition of the numbers from 0, that can be split by marking.
struct Partition {
    /// All numbers, class by class; in each class the marked ones first.
    elements: Vec<u32>,
    /// Where each number stands in `elements`.
    place: Vec<u32>,
    /// The class of each number.
    class: Vec<u32>,
    /// For each class where it begins and ends in `elements`, and how many are marked.
    classes: Vec<Class>,
    /// Classes with marked numbers.
    touched: Vec<u32>,
}

struct Class {
    first: u32,
    end: u32,
    marked: u32,
}

impl Partition {
    /// With numbers of the same `kind` in one class; kinds are counted from 0 without gaps.
    fn new(kinds: &[u32]) -> Partition {
        let count = kinds.iter().max().map_or(0, |max| *max as usize + 1);
        let mut sizes = vec![0_u32; count];
        for kind in kinds {
            if let Some(size) = sizes.get_mut(*kind as usize) {
                *size += 1;
            }
        }
        let mut end = 0;
        let mut classes: Vec<Class> = sizes
            .iter()
            .map(|size| {
                let first = end;
                end += size;
                let marked = 0;
                Class { first, end: first, marked }
            })
            .collect();
        let mut elements = vec![0; kinds.len()];
        let mut place = Vec::with_capacity(kinds.len());
        for (element, kind) in (0..).zip(kinds) {
            let Some(class) = classes.get_mut(*kind as usize) else {
                continue;
            };
            if let Some(slot) = elements.get_mut(class.end as usize) {
                *slot = element;
            }
            place.push(class.end);
            class.end += 1;
        }
        Partition { elements, place, class: kinds.to_vec(), classes, touched: Vec::new() }
    }

    fn count(&self) -> usize {
        self.classes.len()
    }

    fn range(&self, class: usize) -> std::ops::Range<usize> {
        self.classes.get(class).map_or(0..0, |class| class.first as usize..class.end as usize)
    }

    fn mark(&mut self, element: u32) {
        let Some(number) = self.class.get(element as usize).copied() else {
            return;
        };
        let (Some(class), Some(place)) =
            (self.classes.get_mut(number as usize), self.place.get(element as usize).copied())
        else {
            return;
        };
        let to = class.first + class.marked;
        if place < to {
            return;
        }
        if class.marked == 0 {
            self.touched.push(number);
        }
        class.marked += 1;
        let other = self.elements.get(to as usize).copied().unwrap_or(element);
        self.elements.swap(to as usize, place as usize);
        for (element, place) in [(element, to), (other, place)] {
            if let Some(slot) = self.place.get_mut(element as usize) {
                *slot = place;
            }
        }
        // Swapped with itself: the first of the two was the last word.
        if other == element
            && let Some(slot) = self.place.get_mut(element as usize)
        {
            *slot = to;
        }
    }

    /// Splits each class into its marked numbers and the others; the smaller part becomes a new
    /// class.
    fn split(&mut self) {
        while let Some(number) = self.touched.pop() {
            let fresh = self.classes.len() as u32;
            let Some(class) = self.classes.get_mut(number as usize) else {
                continue;
            };
            let middle = class.first + class.marked;
            let (first, end) = (class.first, class.end);
            class.marked = 0;
            if middle == end {
                continue;
            }
            let part = if middle - first <= end - middle {
                class.first = middle;
                first..middle
            } else {
                class.end = middle;
                middle..end
            };
            let members = part.start as usize..part.end as usize;
            for element in self.elements.get(members).unwrap_or_default() {
                if let Some(slot) = self.class.get_mut(*element as usize) {
                    *slot = fresh;
                }
            }
            self.classes.push(Class { first: part.start, end: part.end, marked: 0 });
        }
    }
}
