//! Records that a pattern matches.
//!
//! Knows how to make a value that a condition takes. Must not be believed: every sample is evaluated before it is given.

use serde_json::{Map, Number as JsonNumber, Value as Json, json};

use super::{
    Comparison, Condition, Expression, Form, Number, Pattern, Patterns, Scratch, Selector, Step, Test, Value,
    Verdict,
};

/// Most samples that are made.
const MOST: usize = 64;
/// An element of a list further on has no sample.
const MOST_ELEMENTS: usize = 16;
/// A name that nobody uses.
const OTHER: &str = "other";

impl Pattern {
    /// Records of CloudTrail that this pattern surely matches: one for each of its alternatives, at most 64, as small as they
    /// can be. What the pattern does not ask about is left out, but that they are management events of an API call. None
    /// where no record can be made, or where AWS does not document whether it matches.
    pub fn samples(&self) -> Vec<Json> {
        let ways = match &self.form {
            Form::Everything => vec![vec![]],
            Form::Json(expression) => ways(expression),
            Form::Delimited(_) | Form::Terms(_) => vec![],
        };
        let (patterns, mut scratch) = (Patterns::new([self]), Scratch::default());
        let mut is_matched = |sample: &Json| {
            let verdicts = patterns.evaluate(&sample.to_string(), &mut scratch);
            verdicts.is_ok_and(|verdicts| verdicts == [Verdict::Match])
        };
        let mut samples = Vec::new();
        for way in ways {
            // What is usual may be just what the pattern excludes.
            let starts = [usual(), Json::Object(Map::new())];
            let mut records = starts.into_iter().filter_map(|start| record(start, &way));
            samples.extend(records.find(&mut is_matched).filter(|sample| !samples.contains(sample)));
        }
        samples
    }
}

/// A management event of an API call.
fn usual() -> Json {
    json!({"eventVersion": "1.11", "eventCategory": "Management", "eventType": "AwsApiCall"})
}

/// The alternatives: conditions of which all must hold.
fn ways(expression: &Expression) -> Vec<Vec<&Condition>> {
    match expression {
        Expression::Condition(condition) => vec![vec![condition]],
        Expression::Any(parts) => parts.iter().flat_map(ways).take(MOST).collect(),
        Expression::All(parts) => parts.iter().fold(vec![vec![]], |so_far, part| {
            let of_part = ways(part);
            let both = so_far.iter().flat_map(|before: &Vec<_>| {
                of_part.iter().map(move |more| [before.as_slice(), more].concat())
            });
            both.take(MOST).collect()
        }),
    }
}

/// What conditions say must be there comes first: the others then only fill what is missing.
fn record(start: Json, conditions: &[&Condition]) -> Option<Json> {
    let mut record = start;
    for condition in conditions.iter().filter(|condition| condition.test != Test::NotExists) {
        let place = place(&mut record, &condition.selector)?;
        let value = match &condition.test {
            Test::Equals(value) => equal(value)?,
            Test::NotEquals(_) if !place.is_null() => continue,
            Test::NotEquals(value) => different(value),
            Test::Compares(comparison, number) => compared(*comparison, number)?,
            Test::IsNull | Test::NotExists => Json::Null,
            Test::IsTrue => true.into(),
            Test::IsFalse => false.into(),
        };
        *place = value;
    }
    for (name, value) in usual().as_object()? {
        record.as_object_mut()?.entry(name).or_insert_with(|| value.clone());
    }
    Some(record)
}

/// Where a selector leads, made on the way.
fn place<'a>(record: &'a mut Json, selector: &Selector) -> Option<&'a mut Json> {
    selector.0.iter().try_fold(record, |at, step| match step {
        Step::Member(name) => member(at, name),
        Step::AnyMember => member(at, OTHER),
        Step::Element(place) => element(at, usize::try_from(*place).ok()?),
        Step::AnyElement => element(at, 0),
    })
}

fn member<'a>(at: &'a mut Json, name: &str) -> Option<&'a mut Json> {
    if at.is_null() {
        *at = Json::Object(Map::new());
    }
    Some(at.as_object_mut()?.entry(name).or_insert(Json::Null))
}

fn element(at: &mut Json, place: usize) -> Option<&mut Json> {
    if at.is_null() {
        *at = Json::Array(vec![]);
    }
    let list = at.as_array_mut()?;
    if place >= MOST_ELEMENTS {
        return None;
    }
    if list.len() <= place {
        list.resize(place + 1, Json::Null);
    }
    list.get_mut(place)
}

fn equal(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Word(_) if value.number().is_some() => number(value.number()?.value())?,
        // A star in the middle surely takes itself.
        Value::Word(text) | Value::Text(text) => {
            let inner = text.strip_prefix('*').unwrap_or(text);
            inner.strip_suffix('*').unwrap_or(inner).into()
        }
        Value::Regex(regex) => searched(regex).into(),
    })
}

/// For flags of CloudTrail, which say Yes or No, the other one; else a text that nobody uses.
fn different(value: &Value) -> Json {
    match value {
        Value::Text(text) | Value::Word(text) if text == "Yes" => "No".into(),
        Value::Word(_) if value.number().is_some() => {
            let number = value.number().and_then(|found| number(found.value() + 1.0));
            number.unwrap_or_else(|| OTHER.into())
        }
        _ => OTHER.into(),
    }
}

fn compared(comparison: Comparison, than: &Number) -> Option<Json> {
    number(match comparison {
        Comparison::Less => than.value() - 1.0,
        Comparison::Greater => than.value() + 1.0,
        Comparison::AtMost | Comparison::AtLeast => than.value(),
    })
}

/// Whole where it is whole, as in records.
#[allow(clippy::cast_possible_truncation)] // only what is whole and small
fn number(value: f64) -> Option<Json> {
    const MOST_EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= MOST_EXACT {
        return Some((value as i64).into());
    }
    JsonNumber::from_f64(value).map(Json::Number)
}

/// A text that a simple regular expression finds: its first alternative, the least of every repetition.
fn searched(regex: &str) -> String {
    let mut text = String::new();
    let mut characters = regex.chars().peekable();
    while let Some(one) = characters.next() {
        match one {
            '|' => break,
            '^' | '$' | '+' => {}
            '?' | '*' => drop(text.pop()),
            '.' => text.push('x'),
            '\\' => match characters.next() {
                Some('d') => text.push('0'),
                Some('D' | 'S' | 'w') => text.push('x'),
                Some('s' | 'W') => text.push(' '),
                Some('x') => {
                    let digits: String = characters.by_ref().take(2).collect();
                    text.extend(u8::from_str_radix(&digits, 16).map(char::from));
                }
                other => text.extend(other),
            },
            '[' => {
                let class: String = characters.by_ref().take_while(|one| *one != ']').collect();
                text.extend(if class.starts_with('^') { Some('x') } else { class.chars().next() });
            }
            '{' => {
                let counts: String = characters.by_ref().take_while(|one| *one != '}').collect();
                let least = counts.split(',').next().and_then(|least| least.parse().ok()).unwrap_or(1_usize);
                let repeated = text.pop();
                text.extend(repeated.into_iter().flat_map(|one| std::iter::repeat_n(one, least.min(MOST))));
            }
            other => text.push(other),
        }
    }
    text
}
