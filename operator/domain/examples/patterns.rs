//! How fast filter patterns are evaluated here: the fifteen alarms of CIS over a file of records, one in each line, on one
//! thread, beside the plain way of doing it. Prints one line of JSON; `cargo xtask bench patterns` makes the file and a table.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // it is there to print, and may stop at the first surprise

use std::time::Duration;

use serde::de::IgnoredAny;
use serde_json::{Value, json};
use trail_operator_domain::patterns::{
    self, Condition, Expression, Form, Pattern, Patterns, Scratch, Selector, Step, Test, Verdict,
};
use trail_operator_domain::presets::{Preset, Topic};

const ROUNDS: usize = 7;

fn main() {
    let path = std::env::args().nth(1).unwrap(); // the file of records
    let text = std::fs::read_to_string(path).unwrap();
    let records: Vec<&str> = text.lines().collect();
    let presets: Vec<&Preset> =
        Topic::ALL.iter().filter_map(|topic| topic.security_hub().or(topic.cis())).collect();
    let patterns: Vec<Pattern> =
        presets.iter().map(|preset| Pattern::parse(preset.newest().unwrap().pattern).unwrap()).collect();
    let set = Patterns::new(&patterns);
    let alone: Vec<Patterns> = patterns.iter().map(|pattern| Patterns::new([pattern])).collect();
    let mut times = [const { Vec::new() }; 4];
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        let ours = timed(&mut times[0], || together(&set, &records));
        let theirs = timed(&mut times[1], || plainly(&patterns, &records));
        let one_by_one = timed(&mut times[2], || each_alone(&alone, &records));
        timed(&mut times[3], || only_read(&records));
        assert!(ours == theirs && ours == one_by_one, "all ways must find the same");
        found = ours;
    }
    let matches: Vec<Value> =
        presets.iter().zip(found).map(|(preset, matches)| json!([preset.name, matches])).collect();
    let [together, plainly, each_alone, reading] = times.map(median);
    let bytes: usize = records.iter().map(|record| record.len()).sum();
    println!(
        "{}",
        json!({"records": records.len(), "bytes": bytes, "matches": matches, "together": together, "plainly": plainly,
               "eachAlone": each_alone, "reading": reading})
    );
}

/// Matches of each pattern.
type Counts = Vec<usize>;

fn together(set: &Patterns, records: &[&str]) -> Counts {
    let mut scratch = Scratch::default();
    let mut counts = Vec::new();
    for record in records {
        count(&mut counts, set.evaluate(record, &mut scratch).unwrap().iter().copied());
    }
    counts
}

fn each_alone(alone: &[Patterns], records: &[&str]) -> Counts {
    let mut scratch = Scratch::default();
    let mut counts = Vec::new();
    for record in records {
        count(&mut counts, alone.iter().map(|one| one.evaluate(record, &mut scratch).unwrap()[0]));
    }
    counts
}

/// A tree of every record, and one pattern after the other over it.
fn plainly(patterns: &[Pattern], records: &[&str]) -> Counts {
    let mut counts = Vec::new();
    for record in records {
        let record: Value = serde_json::from_str(record).unwrap();
        count(
            &mut counts,
            patterns.iter().map(|pattern| match pattern.form() {
                Form::Json(expression) => judge(expression, &record),
                other => unreachable!("{other:?}"),
            }),
        );
    }
    counts
}

fn only_read(records: &[&str]) {
    for record in records {
        let _: IgnoredAny = serde_json::from_str(record).unwrap();
    }
}

fn count(counts: &mut Counts, verdicts: impl Iterator<Item = Verdict>) {
    for (place, verdict) in verdicts.enumerate() {
        if counts.len() == place {
            counts.push(0);
        }
        counts[place] += usize::from(verdict == Verdict::Match);
    }
}

fn judge(expression: &Expression, record: &Value) -> Verdict {
    match expression {
        Expression::Any(parts) => parts.iter().fold(Verdict::NoMatch, |so_far, part| match so_far {
            Verdict::Match => so_far,
            _ => so_far.or(judge(part, record)),
        }),
        Expression::All(parts) => parts.iter().fold(Verdict::Match, |so_far, part| match so_far {
            Verdict::NoMatch => so_far,
            _ => so_far.and(judge(part, record)),
        }),
        Expression::Condition(condition) => judge_one(condition, record),
    }
}

/// As far as the presets go: texts with a star at one end, and fields that are missing.
fn judge_one(Condition { selector, test }: &Condition, record: &Value) -> Verdict {
    let found = reach(selector, record);
    let decided = |matches| if matches { Verdict::Match } else { Verdict::NoMatch };
    let equals = |wanted: &patterns::Value| {
        let (patterns::Value::Word(wanted) | patterns::Value::Text(wanted)) = wanted else { return false };
        found.and_then(Value::as_str).is_some_and(|text| {
            match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
                (Some(end), _) => text.ends_with(end),
                (None, Some(start)) => text.starts_with(start),
                (None, None) => text == wanted,
            }
        })
    };
    match test {
        Test::Equals(wanted) => decided(equals(wanted)),
        Test::NotEquals(_) if found.is_none() => Verdict::Undetermined,
        Test::NotEquals(wanted) => decided(!equals(wanted)),
        Test::NotExists => decided(found.is_none()),
        other => unreachable!("no preset asks {other:?}"),
    }
}

fn reach<'a>(selector: &Selector, record: &'a Value) -> Option<&'a Value> {
    selector.0.iter().try_fold(record, |at, step| match step {
        Step::Member(name) => at.get(name),
        Step::Element(place) => at.get(*place as usize),
        Step::AnyMember | Step::AnyElement => unreachable!("no preset has a wildcard"),
    })
}

fn timed<T>(times: &mut Vec<Duration>, work: impl FnOnce() -> T) -> T {
    let before = processor_time();
    let done = work();
    times.push(processor_time().saturating_sub(before));
    done
}

/// Of this thread, so that whatever else runs on the machine counts as little as it can. Linux only.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}
