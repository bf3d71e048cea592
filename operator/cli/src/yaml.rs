//! Objects as manifests: fields in the order of their definition, without what the schema fills in by itself.
//!
//! Knows YAML and how kubectl reads it. Must not know the kinds.

use std::fmt;

use anyhow::Result;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};
use serde_saphyr::DoubleQuoted;

/// JSON whose members keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
    Text(String),
    Number(i64),
    Flag(bool),
    Nothing,
}

impl Node {
    /// Everything that an object says.
    pub(crate) fn of(object: &impl Serialize) -> Result<Self> {
        Ok(serde_json::from_str(&serde_json::to_string(object)?)?)
    }

    /// A member of a map.
    pub(crate) fn member(&mut self, name: &str) -> Option<&mut Self> {
        let Self::Map(members) = self else { return None };
        members.iter_mut().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// Takes out what is there by itself.
    pub(crate) fn without(self, default: &Self) -> Self {
        let (Self::Map(members), Self::Map(defaults)) = (self.clone(), default) else { return self };
        let differing = members.into_iter().filter_map(|(name, node)| {
            let default = defaults.iter().find(|(key, _)| *key == name).map(|(_, node)| node);
            match default {
                Some(default) if *default == node => None,
                Some(default) => Some((name, node.without(default))),
                None => Some((name, node)),
            }
        });
        Self::Map(differing.collect())
    }

    /// As YAML.
    pub(crate) fn yaml(&self) -> Result<String> {
        let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
        Ok(serde_saphyr::to_string_with_options(self, options)?)
    }
}

/// Lines of a comment. Nothing in a text ends the comment, whatever counts as the end of a line somewhere.
pub(crate) fn comment(text: &str) -> String {
    let shown = |char: char| match char {
        '\u{2028}' | '\u{2029}' | '\u{feff}' => char::REPLACEMENT_CHARACTER,
        char if char.is_control() => char::REPLACEMENT_CHARACTER,
        char => char,
    };
    let line: String = text.chars().map(shown).collect();
    format!("# {line}\n")
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, node) in members {
                    if is_plain(name) {
                        map.serialize_entry(name, node)?;
                    } else {
                        map.serialize_entry(&DoubleQuoted(name), node)?;
                    }
                }
                map.end()
            }
            Self::List(nodes) => serializer.collect_seq(nodes),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Nothing => serializer.serialize_unit(),
        }
    }
}

/// Whether a key needs no quotes. kubectl reads YAML 1.1, in which `on` and `no` are no texts, also as keys.
fn is_plain(key: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    key.starts_with(|first: char| first.is_ascii_alphabetic())
        && key.chars().all(|char| char.is_ascii_alphanumeric())
        && !WORDS.iter().any(|word| key.eq_ignore_ascii_case(word))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without fractions")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Map(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = seq.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Node, E> {
        i64::try_from(number).map(Node::Number).map_err(E::custom)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    fn node(text: &str) -> Node {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn members_keep_their_order_and_defaults_are_left_out_at_every_depth() {
        let object = node(r#"{"z": {"b": 1, "a": [true], "c": {"d": "x"}}, "a": "y", "m": null}"#);
        let default = node(r#"{"a": "y", "z": {"a": [false], "b": 1, "c": {"d": "x"}}, "other": 1}"#);
        assert_eq!(object.without(&default).yaml().unwrap(), "z:\n  a:\n  - true\nm: null\n");
    }

    #[test]
    fn texts_stay_texts_for_readers_of_yaml_1_1() {
        let texts = [
            "yes",
            "No",
            "on",
            "OFF",
            "y",
            "null",
            "~",
            "",
            "0123",
            "1_000",
            "12:30:45",
            "0x1f",
            "1e3",
            ".5",
            "true",
            "2026-11-22",
            " x",
            "x ",
            "a: b",
            "a #b",
            "# a",
            "- a",
            "'a'",
            "\"a\"",
            "a\nb",
            "\u{2028}",
            "*x",
            "&x",
            "{a}",
            "[a]",
            "%a",
            "@a",
            "arn:aws:s3:::bucket/",
            "Bücher",
            "\u{85}\u{feff}\u{7}",
            "<<",
            "=",
        ];
        let tags: BTreeMap<_, _> = texts.iter().map(|text| (*text, *text)).collect();
        let yaml = Node::of(&json!({"tags": tags, "list": texts.to_vec(), "long": "long text ".repeat(40)}))
            .unwrap()
            .yaml()
            .unwrap();
        let back: Value = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(back["tags"], json!(tags), "{yaml}");
        assert_eq!(back["list"], json!(texts.to_vec()), "{yaml}");
        for word in ["yes", "No", "on", "OFF", "y", "null", "0123", "1_000", "12:30:45", "true", "2026-11-22"]
        {
            let is_bare = |line: &str| line.trim_start_matches(['-', ' ']).starts_with(word);
            assert!(!yaml.lines().any(is_bare), "{word} in {yaml}");
        }
        assert!(yaml.lines().any(|line| line.len() > 400), "a long text stays on its line: {yaml}");
    }

    #[test]
    fn nothing_ends_a_comment() {
        let text = comment("a\nkind: Trail\r\u{2028}b\u{85}c");
        assert_eq!(text.chars().filter(|char| char.is_control()).count(), 1, "the last: {text:?}");
        assert!(text.starts_with("# a") && text.ends_with("c\n") && !text.contains('\u{2028}'));
    }
}
