//! What patterns match, stated a second time: slowly, over whole trees, by trying every way to read what AWS leaves open.
//!
//! A reading is a set of decisions; under each of them a pattern matches or does not. What all readings agree on is decided,
//! everything else is not. Shares nothing with the code that it judges but the reader of patterns.

use std::sync::LazyLock;

use ::regex::Regex;
use serde_json::Value as Json;

use super::super::{Comparison, Condition, Expression, Selector, Step, Test, Value, Verdict};

/// One way to decide what AWS does not document, for one condition.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a decision of its own
struct Reading {
    differs_when_missing: bool,
    null_is_missing: bool,
    every_value_differs: bool,
    every_element_lacks: bool,
    stars_inside: bool,
    escapes: bool,
    escaped_stars: bool,
    /// Numbers and texts that read alike are equal.
    alike: bool,
    /// A number without quotes differs from every text.
    texts_differ_from_numbers: bool,
    literals_are_texts: bool,
    regex_on_all: bool,
}

impl Reading {
    /// Those that differ for this test.
    fn all(test: &Test) -> impl Iterator<Item = Self> {
        let ways = match test {
            Test::Equals(_) => 0b110_1111_0000,
            Test::NotEquals(_) => 0b111_1111_0111,
            Test::Compares(..) => 1 << 7,
            Test::NotExists => 1 << 3,
            Test::IsNull | Test::IsTrue | Test::IsFalse => 0,
        };
        (0..1_u32 << 11).filter(move |bits| bits & !ways == 0).map(|bits| {
            let bit = |place: u32| bits >> place & 1 == 1;
            Self {
                differs_when_missing: bit(0),
                null_is_missing: bit(1),
                every_value_differs: bit(2),
                every_element_lacks: bit(3),
                stars_inside: bit(4),
                escapes: bit(5),
                escaped_stars: bit(6),
                alike: bit(7),
                texts_differ_from_numbers: bit(8),
                literals_are_texts: bit(9),
                regex_on_all: bit(10),
            }
        })
    }
}

pub(super) fn judge(expression: &Expression, event: &Json) -> Verdict {
    match expression {
        Expression::All(parts) => {
            parts.iter().fold(Verdict::Match, |so_far, part| so_far.and(judge(part, event)))
        }
        Expression::Any(parts) => {
            parts.iter().fold(Verdict::NoMatch, |so_far, part| so_far.or(judge(part, event)))
        }
        Expression::Condition(condition) => {
            let mut answers = Reading::all(&condition.test).map(|reading| holds(condition, event, reading));
            let first = answers.next().unwrap();
            match (answers.all(|answer| answer == first), first) {
                (true, true) => Verdict::Match,
                (true, false) => Verdict::NoMatch,
                (false, _) => Verdict::Undetermined,
            }
        }
    }
}

fn holds(condition: &Condition, event: &Json, reading: Reading) -> bool {
    let mut found = Vec::new();
    reach(event, &condition.selector.0, &mut found);
    let scalars: Vec<&Json> =
        found.iter().copied().filter(|value| !value.is_object() && !value.is_array()).collect();
    match &condition.test {
        Test::Equals(value) => scalars.iter().any(|scalar| equals(value, scalar, reading)),
        Test::NotEquals(value) => {
            let mut known = scalars.iter().filter(|scalar| !(scalar.is_null() && reading.null_is_missing));
            if found.is_empty() || (known.clone().next().is_none() && !scalars.is_empty()) {
                return reading.differs_when_missing;
            }
            let differs = |scalar: &&&Json| differs(value, scalar, reading);
            if reading.every_value_differs {
                !scalars.is_empty() && scalars.iter().all(|scalar| differs(&scalar))
            } else {
                known.any(|scalar| differs(&scalar))
            }
        }
        Test::Compares(comparison, than) => scalars.iter().any(|scalar| {
            let value = match scalar {
                Json::String(text) if reading.alike => read_number(text),
                other => other.as_f64(),
            };
            value.is_some_and(|value| match comparison {
                Comparison::Less => value < than.value(),
                Comparison::AtMost => value <= than.value(),
                Comparison::Greater => value > than.value(),
                Comparison::AtLeast => value >= than.value(),
            })
        }),
        Test::IsNull => scalars.iter().any(|scalar| scalar.is_null()),
        Test::IsTrue => scalars.contains(&&Json::Bool(true)),
        Test::IsFalse => scalars.contains(&&Json::Bool(false)),
        Test::NotExists => lacks(&condition.selector, &found, reading),
    }
}

/// Several elements: with the field in one of them, another may lack it.
fn lacks(selector: &Selector, found: &[&Json], reading: Reading) -> bool {
    let last = selector.0.len() - 1;
    let several = selector.0.iter().take(last).any(|step| matches!(step, Step::AnyElement | Step::AnyMember));
    found.is_empty() || (several && !reading.every_element_lacks)
}

fn reach<'a>(value: &'a Json, steps: &[Step], found: &mut Vec<&'a Json>) {
    let Some((step, rest)) = steps.split_first() else { return found.push(value) };
    match (step, value) {
        (Step::Member(name), Json::Object(members)) => {
            members.get(name).into_iter().for_each(|value| reach(value, rest, found));
        }
        (Step::AnyMember, Json::Object(members)) => {
            members.values().for_each(|value| reach(value, rest, found));
        }
        (Step::Element(place), Json::Array(list)) => {
            list.get(*place as usize).into_iter().for_each(|value| reach(value, rest, found));
        }
        (Step::AnyElement, Json::Array(list)) => list.iter().for_each(|value| reach(value, rest, found)),
        _ => {}
    }
}

fn differs(value: &Value, scalar: &Json, reading: Reading) -> bool {
    let is_number = matches!(value, Value::Word(word) if read_number(word).is_some());
    if is_number && scalar.is_string() {
        return reading.texts_differ_from_numbers;
    }
    if scalar.is_null() {
        return reading.differs_when_missing;
    }
    !equals(value, scalar, reading)
}

fn equals(value: &Value, scalar: &Json, reading: Reading) -> bool {
    let as_text = match scalar {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Value::Regex(regex) => {
            (scalar.is_string() || reading.regex_on_all) && Regex::new(regex).unwrap().is_match(&as_text)
        }
        Value::Word(word) => match (read_number(word), scalar) {
            (Some(number), Json::Number(found)) => found.as_f64() == Some(number),
            (Some(number), Json::String(found)) => {
                reading.alike && (word == found || read_number(found) == Some(number))
            }
            (None, Json::String(_)) => written(word, reading).takes(&as_text),
            (None, Json::Number(found)) if could_be_number(word) => {
                if found.is_f64() {
                    reading.alike
                } else {
                    written(word, reading).takes(&as_text)
                }
            }
            (Some(_), _) | (None, Json::Number(_)) => false,
            (None, _) => reading.literals_are_texts && written(word, reading).takes(&as_text),
        },
        Value::Text(text) => {
            let takes = written(text, reading).takes(&as_text);
            match scalar {
                Json::String(_) => takes,
                Json::Number(found) => {
                    reading.alike
                        && (takes || read_number(text).is_some_and(|one| found.as_f64() == Some(one)))
                }
                _ => reading.literals_are_texts && takes,
            }
        }
    }
}

fn could_be_number(word: &str) -> bool {
    word.chars().all(|one| "0123456789*+-.eE".contains(one))
        && word.chars().any(|one| "0123456789*".contains(one))
}

fn read_number(text: &str) -> Option<f64> {
    static SHAPE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$").unwrap());
    if SHAPE.is_match(text) { text.parse().ok() } else { None }
}

/// A text of characters, `None` for any run of them.
struct Written(Vec<Option<char>>);

fn written(text: &str, reading: Reading) -> Written {
    let mut letters: Vec<Option<char>> = Vec::new();
    let mut characters = text.chars();
    while let Some(one) = characters.next() {
        let (one, escaped) = match (one, reading.escapes) {
            ('\\', true) => characters.next().map_or(('\\', false), |next| (next, true)),
            _ => (one, false),
        };
        let is_star = one == '*' && (!escaped || reading.escaped_stars);
        letters.push(if is_star { None } else { Some(one) });
    }
    let last = letters.len().saturating_sub(1);
    for (place, letter) in letters.iter_mut().enumerate() {
        if !reading.stars_inside && place != 0 && place != last {
            letter.get_or_insert('*');
        }
    }
    Written(letters)
}

impl Written {
    fn takes(&self, text: &str) -> bool {
        takes(&self.0, &text.chars().collect::<Vec<_>>())
    }
}

fn takes(letters: &[Option<char>], text: &[char]) -> bool {
    match letters.split_first() {
        None => text.is_empty(),
        Some((None, rest)) => (0..=text.len()).any(|skipped| takes(rest, &text[skipped..])),
        Some((Some(one), rest)) => text.first() == Some(one) && takes(rest, &text[1..]),
    }
}
