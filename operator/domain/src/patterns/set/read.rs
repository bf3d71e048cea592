//! Reads an event in one pass, borrowing from it, and tells the values that selectors lead to.
//!
//! Knows JSON. What no selector leads to is skipped. Must not know what is asked.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::judge::Scalar;
use super::trie::{Node, Trie};

/// Hands over every value that a selector leads to, with the selector's slot. `None` is an object or a list.
pub(super) fn read(
    event: &str,
    trie: &Trie,
    mut take: impl FnMut(usize, Option<Scalar<'_>>),
) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(event);
    let Some(node) = trie.root() else { return Ok(()) };
    json.deserialize_map(At { trie, node, take: &mut take })?;
    json.end()
}

/// A place in the event.
struct At<'a, F> {
    trie: &'a Trie,
    node: &'a Node,
    take: &'a mut F,
}

impl<F: FnMut(usize, Option<Scalar<'_>>)> At<'_, F> {
    fn tell(&mut self, found: Option<Scalar<'_>>) {
        for slot in &self.node.slots {
            (self.take)(*slot, found);
        }
    }

    fn next(&mut self, node: usize) -> Option<At<'_, F>> {
        let node = self.trie.node(node)?;
        Some(At { trie: self.trie, node, take: self.take })
    }
}

impl<'de, F: FnMut(usize, Option<Scalar<'_>>)> DeserializeSeed<'de> for At<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(usize, Option<Scalar<'_>>)> Visitor<'de> for At<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_str<E>(mut self, text: &str) -> Result<(), E> {
        self.tell(Some(Scalar::Text(text)));
        Ok(())
    }

    fn visit_bool<E>(mut self, value: bool) -> Result<(), E> {
        self.tell(Some(Scalar::Bool(value)));
        Ok(())
    }

    fn visit_unit<E>(mut self) -> Result<(), E> {
        self.tell(Some(Scalar::Null));
        Ok(())
    }

    fn visit_i64<E>(mut self, value: i64) -> Result<(), E> {
        self.tell(Some(Scalar::Whole(value.into())));
        Ok(())
    }

    fn visit_u64<E>(mut self, value: u64) -> Result<(), E> {
        self.tell(Some(Scalar::Whole(value.into())));
        Ok(())
    }

    fn visit_f64<E>(mut self, value: f64) -> Result<(), E> {
        self.tell(Some(Scalar::Fraction(value)));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        self.tell(None);
        for place in 0.. {
            let next = self.node.element(place).and_then(|node| self.next(node));
            let more = match next {
                Some(at) => list.next_element_seed(at)?.is_some(),
                None => list.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.tell(None);
        while let Some(node) = map.next_key_seed(Name(self.node))? {
            match node.and_then(|node| self.next(node)) {
                Some(at) => map.next_value_seed(at)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The name of a member, which leads to a node.
struct Name<'a>(&'a Node);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.member(name))
    }
}
