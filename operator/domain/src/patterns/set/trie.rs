//! Where all selectors lead, step by step.
//!
//! Knows which steps are left at every place of a record. Must not know what stands there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::{Selector, Step};

/// All selectors in one. Wildcards are followed beside names and places, so that every value of a record is at one node.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
}

/// A place in a record, of which some selectors are at their end and others go on.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// Selectors that end here.
    pub(super) slots: Vec<usize>,
    /// Members with their nodes, by the length of their names.
    members: Vec<Vec<(Box<str>, usize)>>,
    any_member: Option<usize>,
    elements: BTreeMap<u32, usize>,
    any_element: Option<usize>,
}

/// Selectors, each with the number of steps that are done.
type Ways = BTreeSet<(usize, usize)>;

impl Trie {
    pub(super) fn new(selectors: &[Selector]) -> Self {
        let mut builder = Builder { selectors, known: BTreeMap::new(), waiting: VecDeque::new() };
        builder.node(Some((0..selectors.len()).map(|slot| (slot, 0)).collect()));
        let mut nodes = Vec::new();
        while let Some(ways) = builder.waiting.pop_front() {
            nodes.push(builder.expand(&ways));
        }
        if nodes.is_empty() {
            nodes.push(Node::default());
        }
        Self { nodes }
    }

    pub(super) fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    pub(super) fn node(&self, place: usize) -> Option<&Node> {
        self.nodes.get(place)
    }
}

impl Node {
    /// Where a member of this name leads.
    pub(super) fn member(&self, name: &str) -> Option<usize> {
        let alike = self.members.get(name.len()).map(Vec::as_slice).unwrap_or_default();
        alike.iter().find(|(known, _)| **known == *name).map(|(_, node)| *node).or(self.any_member)
    }

    /// Where an element leads.
    pub(super) fn element(&self, place: u32) -> Option<usize> {
        self.elements.get(&place).copied().or(self.any_element)
    }
}

struct Builder<'a> {
    selectors: &'a [Selector],
    known: BTreeMap<Ways, usize>,
    waiting: VecDeque<Ways>,
}

impl Builder<'_> {
    /// The node of these ways; `None` when there are none.
    fn node(&mut self, ways: Option<Ways>) -> Option<usize> {
        let ways = ways.filter(|ways| !ways.is_empty())?;
        let next = self.known.len();
        let node = *self.known.entry(ways.clone()).or_insert(next);
        if node == next {
            self.waiting.push_back(ways);
        }
        Some(node)
    }

    fn expand(&mut self, ways: &Ways) -> Node {
        let mut node = Node::default();
        let (mut names, mut places) = (BTreeSet::new(), BTreeSet::new());
        for (slot, done) in ways {
            match self.selectors.get(*slot).and_then(|selector| selector.0.get(*done)) {
                None => node.slots.push(*slot),
                Some(Step::Member(name)) => drop(names.insert(name.clone())),
                Some(Step::Element(place)) => drop(places.insert(*place)),
                Some(Step::AnyMember | Step::AnyElement) => {}
            }
        }
        node.any_member = self.after(ways, |step| *step == Step::AnyMember);
        node.any_element = self.after(ways, |step| *step == Step::AnyElement);
        for name in names {
            let is_taken = |step: &Step| match step {
                Step::Member(wanted) => *wanted == name,
                Step::AnyMember => true,
                Step::Element(_) | Step::AnyElement => false,
            };
            let Some(next) = self.after(ways, is_taken) else { continue };
            let length = name.len();
            if node.members.len() <= length {
                node.members.resize_with(length + 1, Vec::new);
            }
            if let Some(alike) = node.members.get_mut(length) {
                alike.push((name.into(), next));
            }
        }
        for place in places {
            let is_taken = |step: &Step| matches!(step, Step::AnyElement) || *step == Step::Element(place);
            node.elements.extend(self.after(ways, is_taken).map(|next| (place, next)));
        }
        node
    }

    /// The node after one more step, of those that take it.
    fn after(&mut self, ways: &Ways, is_taken: impl Fn(&Step) -> bool) -> Option<usize> {
        let step = |(slot, done): &(usize, usize)| {
            self.selectors.get(*slot).and_then(|selector| selector.0.get(*done))
        };
        let taken = ways.iter().filter(|way| step(way).is_some_and(&is_taken));
        let ways = taken.map(|(slot, done)| (*slot, done + 1)).collect();
        self.node(Some(ways))
    }
}
