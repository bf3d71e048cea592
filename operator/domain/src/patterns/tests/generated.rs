//! What holds for any patterns and any events.

use std::cell::Cell;

use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use serde_json::{Map, Value as Json, json};

use super::super::{
    Comparison, Condition, Expression, Form, Number, Pattern, Patterns, Scratch, Selector, Step, Test, Value,
    Verdict,
};
use super::{oracle, parse};
use crate::presets;

const NAMES: [&str; 5] = ["a", "bb", "c-1", "d.e", "it's"];
const WORDS: [&str; 12] =
    ["x", "xyx", "xy", "true", "null", "400", "4e2", "1.5", "Denied", "aws.com", "x*y", "-7"];
const STARRED: [&str; 9] = ["*", "x*", "*y", "*xy*", "x*x", "x*y*x", "4*", "tr*", "**"];
const QUOTED: [&str; 6] = ["x y", "", r"x\*", r"x\y", r#"\"x\""#, "1.50"];
const NUMBERS: [&str; 5] = ["400", "-7", "1.5", "4e2", "+0"];

fn member() -> impl Strategy<Value = Step> {
    select(&NAMES[..]).prop_map(|name| Step::Member(name.to_owned()))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => member(),
        1 => (0..3_u32).prop_map(Step::Element),
    ]
}

fn selector() -> impl Strategy<Value = Selector> {
    let wildcard = prop_oneof![Just(Step::AnyMember), Just(Step::AnyElement)];
    (
        prop_oneof![2 => vec(member(), 1..2), 1 => vec(step(), 1..4)],
        proptest::option::weighted(0.25, (wildcard, 0..3_usize)),
    )
        .prop_map(|(mut steps, wildcard)| {
            if let Some((wildcard, place)) = wildcard {
                steps.insert(place.min(steps.len()), wildcard);
            }
            Selector(steps)
        })
}

fn value() -> impl Strategy<Value = Value> {
    let texts = || select([&WORDS[..], &STARRED[..]].concat()).prop_map(str::to_owned);
    prop_oneof![
        4 => texts().prop_map(Value::Word),
        4 => texts().prop_map(Value::Text),
        1 => select(&QUOTED[..]).prop_map(|text| Value::Text(text.to_owned())),
        1 => select(vec!["x", "^x.$", r"\d+", "y|4"]).prop_map(|text| Value::Regex(text.to_owned())),
    ]
}

fn condition() -> impl Strategy<Value = Expression> {
    let comparison =
        select(vec![Comparison::Less, Comparison::AtMost, Comparison::Greater, Comparison::AtLeast]);
    let test = prop_oneof![
        6 => value().prop_map(Test::Equals),
        3 => value().prop_map(Test::NotEquals),
        2 => (comparison, select(&NUMBERS[..])).prop_map(|(one, number)| Test::Compares(one, Number::new(number).unwrap())),
        2 => select(vec![Test::IsNull, Test::IsTrue, Test::IsFalse, Test::NotExists]),
    ];
    (selector(), test).prop_map(|(selector, test)| Expression::Condition(Condition { selector, test }))
}

fn expression() -> impl Strategy<Value = Expression> {
    condition().prop_recursive(3, 8, 3, |part| {
        prop_oneof![
            vec(part.clone(), 2..4).prop_map(Expression::All),
            vec(part, 2..4).prop_map(Expression::Any),
        ]
    })
}

/// Those that stay within the limits (`cloudtrail.md` 5.1).
fn pattern() -> impl Strategy<Value = Pattern> {
    expression().prop_filter_map("limits", |expression| {
        Pattern::parse(&Pattern::of(Form::Json(expression)).to_string()).ok()
    })
}

fn event_value() -> impl Strategy<Value = Json> {
    let texts = [&WORDS[..], &QUOTED[..], &["xyyx", "x\"", "y", "x*y*x", r#""x""#, "true"]].concat();
    let leaf = prop_oneof![
        6 => select(texts).prop_map(Json::from),
        2 => select(vec![json!(400), json!(-7), json!(1.5), json!(0), json!(u64::MAX), json!(4e30)]),
        2 => select(vec![json!(null), json!(true), json!(false)]),
    ];
    leaf.prop_recursive(3, 12, 4, |part| {
        prop_oneof![
            vec(part.clone(), 0..3).prop_map(Json::Array),
            vec((select(&NAMES[..]), part), 0..4).prop_map(object),
        ]
    })
}

fn object(members: Vec<(&'static str, Json)>) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn event() -> impl Strategy<Value = Json> {
    vec((select(&NAMES[..]), event_value()), 0..9).prop_map(object)
}

fn one_by_one(pattern: &Pattern, event: &Json) -> Verdict {
    match pattern.form() {
        Form::Json(expression) => oracle::judge(expression, event),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_set_and_each_alone_answer_as_the_second_statement_does() {
    let answers = Cell::new([0; 3]);
    let mut runner = TestRunner::new(Config { cases: 256, failure_persistence: None, ..Config::default() });
    let property = (vec(pattern(), 1..5), vec(event(), 1..4));
    let result = runner.run(&property, |(patterns, events)| {
        let set = Patterns::new(&patterns);
        let mut scratch = Scratch::default();
        for event in &events {
            let text = event.to_string();
            let verdicts = set.evaluate(&text, &mut scratch).unwrap();
            for (pattern, verdict) in patterns.iter().zip(verdicts) {
                prop_assert_eq!(*verdict, one_by_one(pattern, event), "{} of {}", pattern, text);
                prop_assert_eq!(pattern.evaluate(&text), Ok(*verdict), "{} of {}", pattern, text);
                let mut counts = answers.get();
                counts[*verdict as usize] += 1;
                answers.set(counts);
            }
        }
        Ok(())
    });
    result.unwrap();
    assert!(answers.get().iter().all(|count| *count > 5), "every answer is met: {:?}", answers.get());
}

proptest! {
    #![proptest_config(Config { cases: 256, ..Config::default() })]

    #[test]
    fn what_is_printed_reads_back(pattern in pattern()) {
        let printed = pattern.to_string();
        let again = Pattern::parse(&printed).unwrap();
        prop_assert_eq!(&again, &pattern);
        prop_assert_eq!(again.to_string(), printed);
    }

    #[test]
    fn the_normal_form_matches_the_same_and_stays_itself(pattern in pattern(), event in event()) {
        let normal = pattern.normalised();
        prop_assert_eq!(&normal.normalised(), &normal);
        prop_assert!(normal.is_equivalent(&pattern));
        let event = event.to_string();
        prop_assert_eq!(normal.evaluate(&event), pattern.evaluate(&event), "{} and {} of {}", pattern, normal, event);
    }

    #[test]
    fn only_patterns_with_corners_are_undetermined(condition in condition(), events in vec(event(), 1..8)) {
        let pattern = Pattern::of(Form::Json(condition));
        for event in events {
            let undetermined = pattern.evaluate(&event.to_string()) == Ok(Verdict::Undetermined);
            prop_assert!(!undetermined || !pattern.corners().is_empty(), "{} of {}", pattern, event);
        }
    }

    #[test]
    fn samples_are_matched(pattern in pattern()) {
        for sample in pattern.samples() {
            prop_assert_eq!(one_by_one(&pattern, &sample), Verdict::Match, "{} of {}", pattern, sample);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        read_all(&text);
        read_all(&format!("{{{text}"));
        read_all(&format!("[{text}"));
        read_all(&format!("{{$.a = {text}}}"));
    }

    #[test]
    fn no_slip_makes_it_panic(preset in 0..presets::all().len(), slips in vec((any::<usize>(), slip()), 1..6)) {
        let mut characters: Vec<char> = presets::all()[preset].newest().unwrap().pattern.chars().collect();
        for (at, slip) in slips {
            let at = at % characters.len().max(1);
            characters.splice(at..(at + slip.0).min(characters.len()), slip.1.chars());
        }
        read_all(&characters.into_iter().collect::<String>());
    }
}

/// Characters that are taken away, and what is put there.
fn slip() -> impl Strategy<Value = (usize, &'static str)> {
    (
        0..3_usize,
        select(vec![
            "",
            "(",
            ")",
            "}",
            "{",
            "\"",
            "%",
            "$.",
            "[*]",
            "*",
            "||",
            "&&",
            "=",
            "\\",
            "é",
            " IS ",
            "NOT EXISTS",
            "5",
            ",",
        ]),
    )
}

fn read_all(text: &str) {
    match Pattern::parse(text) {
        Err(error) => {
            assert!(error.at <= text.chars().count(), "{text:?}: {error}");
            assert!(error.pointing(text).ends_with('^'));
        }
        Ok(pattern) => {
            assert_eq!(parse(&pattern.to_string()), pattern, "{text:?}");
            assert!(pattern.is_equivalent(&pattern.normalised()), "{text:?}");
            let _ = (pattern.corners(), pattern.samples(), pattern.evaluate("{\"a\": [1, null]}"));
        }
    }
}
