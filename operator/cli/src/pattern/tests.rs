//! What patterns say of records.

use std::fs;

use serde_json::{Value, json};
use trail_operator_domain::patterns::Verdict;

use super::{
    asking::{Answer, batches},
    counting::Counts,
    declared::{Asked, of_manifests, of_presets, of_text},
    sampling::{Sample, Samples},
    showing,
};

fn pattern(text: &str) -> Asked {
    of_text(text).unwrap()
}

fn counted(patterns: &[Asked], events: &[Value]) -> Counts {
    let mut counts = Counts::of(patterns, true);
    for event in events {
        counts.add(&event.to_string()).unwrap();
    }
    counts
}

fn document(patterns: &[Asked], counts: &Counts, answers: &[Answer]) -> Value {
    serde_json::to_value(showing::document(patterns, counts, answers)).unwrap()
}

fn table(patterns: &[Asked], counts: &Counts, answers: &[Answer]) -> String {
    anstream::adapter::strip_str(&showing::table(patterns, counts, answers)).to_string()
}

const NOT_YES: &str = r#"{ $.eventName = "ConsoleLogin" && $.mfa != "Yes" }"#;

fn sign_ins() -> Vec<Value> {
    vec![
        json!({"eventName": "ConsoleLogin", "mfa": "No", "eventTime": "2026-01-05T02:00:00Z"}),
        json!({"eventName": "ConsoleLogin", "mfa": "Yes", "eventTime": "2026-01-05T01:00:00Z"}),
        json!({"eventName": "ConsoleLogin", "eventTime": "2026-01-05T09:00:00Z"}),
        json!({"eventName": "ConsoleLogin", "mfa": "No", "eventTime": "2026-01-05T00:00:00Z"}),
        json!({"eventName": "GetObject", "mfa": "No"}),
    ]
}

#[test]
fn a_document_says_how_many_match_and_when_and_of_what_name() {
    let patterns = [pattern(NOT_YES)];
    let counts = counted(&patterns, &sign_ins());
    assert_eq!(
        document(&patterns, &counts, &[]),
        json!({
            "apiVersion": "trail-operator.dev/v1alpha1", "kind": "PatternTest", "events": 5, "matched": 2, "undetermined": 1,
            "first": "2026-01-05T00:00:00Z", "last": "2026-01-05T02:00:00Z",
            "perEventName": [{"eventName": "ConsoleLogin", "count": 2}],
            "matchedEvents": [0, 3], "undeterminedEvents": [2],
        })
    );
    let nothing = document(&patterns, &Counts::of(&patterns, false), &[]);
    assert_eq!(nothing["first"], Value::Null);
    assert_eq!(nothing["perEventName"], json!([]));
    assert!(nothing.get("matchedEvents").is_none(), "{nothing}");
    let text = table(&patterns, &counts, &[]);
    for line in [
        "  matched                          2",
        "  not matched                      2",
        "Matched events\n  0 3\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn several_patterns_are_a_list_of_the_same_documents() {
    let patterns = [pattern(NOT_YES), pattern("{ $.eventName = GetObject }")];
    let counts = counted(&patterns, &sign_ins());
    let list = document(&patterns, &counts, &[]);
    assert_eq!(list["kind"], "PatternTestList");
    let brief: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|one| (&one["name"], &one["matched"])).collect();
    assert_eq!(brief, [(&json!(NOT_YES), &json!(2)), (&json!("{ $.eventName = GetObject }"), &json!(1))]);
    let text = table(&patterns, &counts, &[]);
    assert!(
        text.contains("2026-01-05T02:00:00Z") && text.contains("never") && text.ends_with("5 events\n"),
        "{text}"
    );
}

#[test]
fn events_without_a_name_or_a_time_count_all_the_same() {
    let patterns = [pattern("{ $.a = 1 }")];
    let events = [json!({"a": 1}), json!({"a": 1, "eventName": 7, "eventTime": "yesterday"})];
    let counts = counted(&patterns, &events);
    let document = document(&patterns, &counts, &[]);
    assert_eq!((&document["matched"], &document["first"]), (&json!(2), &Value::Null));
    assert_eq!(document["perEventName"], json!([{"eventName": "?", "count": 2}]));
    assert!(Counts::of(&patterns, false).add("[1]").is_err());
    assert!(Counts::of(&[pattern("")], false).add("no JSON").is_err());
}

#[test]
fn an_invalid_pattern_is_told_with_a_caret_below_the_character() {
    let error = of_text(r#"{ $.eventName == "X" }"#).unwrap_err().to_string();
    assert_eq!(
        error,
        "the pattern is invalid: character 15: equality is written with one sign: =\n  { $.eventName == \"X\" }\n                ^"
    );
    let hostile = of_text("{ $.a \u{1b}[2J= }").unwrap_err().to_string();
    assert!(!hostile.contains('\u{1b}'), "{hostile}");
}

#[test]
fn patterns_of_presets_and_of_manifests_go_by_their_names() {
    let names: Vec<_> =
        of_presets(&["cis".to_owned()]).unwrap().into_iter().map(|asked| asked.name).collect();
    assert_eq!((names.len(), names[2].as_str()), (15, "CIS-5.0.0/4.3"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alarms.yaml");
    let alarm = |name: &str, spec: &str| {
        format!(
            "apiVersion: trail-operator.dev/v1alpha1\nkind: MetricAlarm\nmetadata: {{name: {name}}}\nspec: {{trailRef: {{name: audit}}, {spec}}}\n---\n"
        )
    };
    let own = "filter: {pattern: '{ $.a = 1 }'}, metric: {namespace: Own, name: Own}, alarm: {}";
    fs::write(&file, [alarm("root", "preset: CIS-5.0.0/4.3"), alarm("own", own)].concat()).unwrap();
    let found = of_manifests(std::slice::from_ref(&file)).unwrap();
    let brief: Vec<_> = found.iter().map(|asked| (asked.name.as_str(), asked.pattern.text().len())).collect();
    assert_eq!(brief, [("MetricAlarm default/root", 102), ("MetricAlarm default/own", 11)]);
    for (spec, told) in [
        (own.replace("= 1", "== 1"), "default/bad in "),
        ("preset: CIS-9".to_owned(), "there is no preset 'CIS-9'"),
    ] {
        fs::write(&file, alarm("bad", &spec)).unwrap();
        let error = format!("{:#}", of_manifests(std::slice::from_ref(&file)).unwrap_err());
        assert!(error.contains(told) && error.contains("MetricAlarm default/bad"), "{error}");
    }
    fs::write(&file, "kind: Pod\n").unwrap();
    let error = of_manifests(std::slice::from_ref(&file)).unwrap_err().to_string();
    assert!(error.starts_with("there is no MetricAlarm in "), "{error}");
}

fn sample(at: u64, verdict: Verdict) -> Sample {
    Sample { at, event: json!({"eventName": format!("E{at}")}).to_string(), verdict }
}

#[test]
fn cloudwatch_logs_is_asked_about_events_of_every_verdict_and_never_about_more_than_was_said() {
    let mut samples = Samples::of(2, 5);
    for at in 0..100 {
        let first = if at % 10 == 0 { Verdict::Undetermined } else { Verdict::NoMatch };
        let second = if at == 7 { Verdict::Match } else { Verdict::NoMatch };
        samples.add(at, "{}", &[first, second]);
    }
    samples.add(100, &"x".repeat(300_000), &[Verdict::Match, Verdict::Match]);
    let chosen: Vec<Vec<u64>> =
        samples.take(5).map(|samples| samples.iter().map(|sample| sample.at).collect()).collect();
    assert_eq!(chosen, [vec![0, 1, 2, 10, 20], vec![0, 1, 2, 3, 7]]);
    let mut none = Samples::of(1, 0);
    none.add(0, "{}", &[Verdict::Match]);
    assert!(none.take(0).all(|samples| samples.is_empty()));
}

#[test]
fn a_call_takes_fifty_events_and_not_too_many_bytes() {
    let samples: Vec<_> = (0..120).map(|at| sample(at, Verdict::Match)).collect();
    let sizes: Vec<_> = batches(&samples).iter().map(Vec::len).collect();
    assert_eq!(sizes, [50, 50, 20]);
    let long = Sample { event: "x".repeat(250_000), ..sample(0, Verdict::Match) };
    assert_eq!(batches(&[long.clone(), long.clone(), long]).iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn what_cloudwatch_logs_says_otherwise_is_told_event_by_event() {
    let mut answer = Answer::default();
    for (at, verdict, matches) in [
        (0, Verdict::Match, true),
        (1, Verdict::Match, false),
        (2, Verdict::NoMatch, true),
        (3, Verdict::NoMatch, false),
        (4, Verdict::Undetermined, true),
        (5, Verdict::Undetermined, false),
        (6, Verdict::Undetermined, false),
    ] {
        answer.add(&sample(at, verdict), matches);
    }
    let patterns = [pattern("{ $.a = 1 }")];
    let told = document(&patterns, &Counts::of(&patterns, false), std::slice::from_ref(&answer));
    assert_eq!(
        told["cloudWatchLogs"],
        json!({
            "asked": 7, "matched": 3, "undeterminedMatched": 1, "undeterminedNotMatched": 2,
            "disagreements": [
                {"event": 1, "eventName": "E1", "matches": false}, {"event": 2, "eventName": "E2", "matches": true},
            ],
        })
    );
    let text = table(&patterns, &Counts::of(&patterns, false), &[answer]);
    assert!(text.contains("  disagrees                        2\n"), "{text}");
}
