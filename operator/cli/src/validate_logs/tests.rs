//! What is printed for a report.

use anstream::adapter::strip_str;
use clap::Parser;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trail_operator_integrity::Report;

use super::{Args, junit, request::is_here, table, target::place, window};

const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";

#[derive(Parser)]
struct Call {
    #[command(flatten)]
    args: Args,
}

fn args(words: &str) -> Result<Args, String> {
    let words = ["validate-logs"].into_iter().chain(words.split_whitespace());
    Call::try_parse_from(words).map(|call| call.args).map_err(|error| error.to_string())
}

fn chain(account: &str, region: &str, verdict: &str, counts: [u64; 3]) -> Value {
    let [valid, invalid, unchecked] = counts;
    let clean = json!({"valid": 8, "invalid": 0, "unchecked": 0});
    json!({
        "accountId": account, "region": region, "verdict": verdict, "digests": clean,
        "backfillDigests": {"valid": 0, "invalid": 0, "unchecked": 0},
        "logFiles": {"valid": valid, "invalid": invalid, "unchecked": unchecked, "bytes": 1_234_567},
        "gaps": [],
    })
}

fn finding(severity: &str, reason: &str, object: &str, message: &str) -> Value {
    json!({
        "severity": severity, "reason": reason, "object": object, "accountId": "111122223333", "region": "us-east-1",
        "message": message,
    })
}

fn report(verdict: &str, chains: &[Value], findings: &[Value]) -> Report {
    serde_json::from_value(json!({
        "apiVersion": "trail-operator.dev/v1alpha1", "kind": "LogValidationReport", "trailArn": ARN,
        "requested": {"start": "2026-01-05T00:00:00Z", "end": "2026-01-05T09:00:00Z"},
        "found": if chains.is_empty() { Value::Null } else {
            json!({"start": "2026-01-05T00:01:31Z", "end": "2026-01-05T08:01:31Z"})
        },
        "verdict": verdict, "chains": chains, "findings": findings,
    }))
    .unwrap()
}

fn clean() -> Report {
    let here = chain("111122223333", "us-east-1", "Valid", [2_016, 0, 0]);
    report("Valid", &[here, chain("444455556666", "eu-west-1", "Valid", [1, 0, 0])], &[])
}

/// One of each severity, with what nobody would want on a terminal or in a document.
fn damaged() -> Report {
    let mut here = chain("111122223333", "us-east-1", "Invalid", [22, 1, 1]);
    here["gaps"] = json!([{"start": "2026-01-05T03:01:31Z", "end": "2026-01-05T05:01:31Z"}]);
    here["backfillDigests"] = json!({"valid": 1, "invalid": 0, "unchecked": 0});
    let log_file = "s3://logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/05/a.json.gz";
    let digest = "s3://logs/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/05/b.json.gz";
    let findings = [
        finding(
            "Error",
            "LogFileModified",
            log_file,
            "its SHA-256 is aa, and its digest says bb: the file was changed after it was delivered",
        ),
        finding("Unknown", "AccessDenied", log_file, "<\"&\u{1b}[31m'>\nnot a line of its own"),
        finding("Warning", "DeliveryGap", digest, "no digest covers it"),
    ];
    report("Invalid", &[here], &findings)
}

fn shown(report: &Report, width: Option<usize>) -> String {
    strip_str(&table::table(report, width)).to_string()
}

#[test]
fn a_clean_table_says_how_much_is_proved() {
    let expected = "\
arn:aws:cloudtrail:us-east-1:111122223333:trail/main
  requested  2026-01-05T00:00:00Z to 2026-01-05T09:00:00Z
  found      2026-01-05T00:01:31Z to 2026-01-05T08:01:31Z

ACCOUNT       REGION     VERDICT  DIGESTS  LOG FILES    BYTES
111122223333  us-east-1  Valid          8       2016  1.23 MB
444455556666  eu-west-1  Valid          8          1  1.23 MB

Valid: all of it was read and is unchanged: 16 digests, 2,017 log files.
";
    assert_eq!(shown(&clean(), None), expected);
    assert_eq!(shown(&clean(), Some(80)), expected);
}

#[test]
fn a_table_with_findings_fits_the_terminal_and_keeps_names_whole() {
    let expected = "\
arn:aws:cloudtrail:us-east-1:111122223333:trail/main
  requested  2026-01-05T00:00:00Z to 2026-01-05T09:00:00Z
  found      2026-01-05T00:01:31Z to 2026-01-05T08:01:31Z

ACCOUNT       REGION     VERDICT  DIGESTS  BACKFILL  LOG FILES  GAPS    BYTES
111122223333  us-east-1  Invalid        8         1     22/1/1     1  1.23 MB
n/n/n: valid, invalid, not checked

Error LogFileModified  111122223333 us-east-1
  s3://logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/05/a.json.gz
  its SHA-256 is aa, and its digest says bb: the file was changed after it was
  delivered

Unknown AccessDenied  111122223333 us-east-1
  s3://logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/05/a.json.gz
  <\"&\u{fffd}[31m'>\u{fffd}not a line of its own

Warning DeliveryGap  111122223333 us-east-1
  s3://logs/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/05/b.json.gz
  no digest covers it

Invalid: there is evidence of change: 1 LogFileModified.
";
    assert_eq!(shown(&damaged(), Some(80)), expected);
    let wide = expected.replace("it was\n  delivered", "it was delivered");
    assert_eq!(shown(&damaged(), None), wide);
    let narrow = shown(&damaged(), Some(70));
    assert!(narrow.contains("LOG FILES  GAPS\n"), "{narrow}");
}

#[test]
fn nothing_found_is_told_as_such() {
    let mut nothing = finding("Unknown", "NothingFound", "s3://logs/AWSLogs/", "there are no digests");
    nothing["accountId"] = Value::Null;
    nothing["region"] = Value::Null;
    let report = report("Inconclusive", &[], &[nothing]);
    let text = shown(&report, None);
    assert!(text.contains("  found      nothing\n\nUnknown NothingFound\n"), "{text}");
    let last =
        "Inconclusive: no evidence of change, but not everything could be read or judged: 1 NothingFound.\n";
    assert!(text.ends_with(last), "{text}");
    let xml = xml(&report);
    assert!(xml.contains("<testsuite name=\"trail\" tests=\"4\" failures=\"0\" errors=\"1\""), "{xml}");
}

#[test]
fn so_many_findings_are_told_that_people_read_them() {
    let findings: Vec<_> = (0..150)
        .map(|at| finding("Error", "LogFileMissing", &format!("s3://logs/{at}.json.gz"), "gone"))
        .collect();
    let here = chain("111122223333", "us-east-1", "Invalid", [0, 150, 0]);
    let report = report("Invalid", &[here], &findings);
    let text = shown(&report, None);
    assert_eq!(text.matches("Error LogFileMissing").count(), 100);
    assert!(text.contains("\nand 50 more; --output json lists all\n"), "{text}");
    assert!(text.ends_with("evidence of change: 150 LogFileMissing.\n"), "{text}");
    assert_eq!(xml(&report).matches("Error LogFileMissing").count(), 100);
}

fn xml(report: &Report) -> String {
    junit::document(report, "2026-01-05T09:00:00Z".parse().unwrap(), SignedDuration::from_millis(1_500))
}

#[test]
fn a_clean_document_has_a_passed_case_for_each_check() {
    let case = |class: &str, name: &str| {
        format!("    <testcase classname=\"validate-logs.{class}\" name=\"{name}\"/>\n")
    };
    let suite = |account: &str, region: &str| {
        let names = ["digests", "backfill digests", "log files"].map(|what| format!("{what} are unchanged"));
        let cases: String = names
            .iter()
            .map(String::as_str)
            .chain(["all of the time is covered"])
            .map(|name| case(&format!("{account}.{region}"), name))
            .collect();
        format!(
            "  <testsuite name=\"{account}/{region}\" tests=\"4\" failures=\"0\" errors=\"0\" skipped=\"0\" timestamp=\"2026-01-05T09:00:00Z\">\n{cases}  </testsuite>\n"
        )
    };
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"validate-logs {ARN}\" tests=\"8\" failures=\"0\" errors=\"0\" time=\"1.500\">\n{}{}</testsuites>\n",
        suite("111122223333", "us-east-1"),
        suite("444455556666", "eu-west-1")
    );
    assert_eq!(xml(&clean()), expected);
}

#[test]
fn a_check_fails_once_with_all_that_was_found_and_nothing_breaks_the_document() {
    let xml = xml(&damaged());
    for part in [
        "tests=\"4\" failures=\"2\" errors=\"0\" time",
        "name=\"digests are unchanged\"/>",
        "name=\"log files are unchanged\">\n      <failure type=\"LogFileModified\" message=\"LogFileModified s3://logs/",
        "a.json.gz (and 1 more): its SHA-256 is aa",
        "\n  &lt;&quot;&amp;\u{fffd}[31m'&gt;\nnot a line of its own</failure>",
        "name=\"all of the time is covered\">\n      <failure type=\"DeliveryGap\"",
    ] {
        assert!(xml.contains(part), "{part}: {xml}");
    }
    assert!(!xml.contains('\u{1b}'));
    let mut open = Vec::new();
    for token in xmlparser::Tokenizer::from(xml.as_str()) {
        match token.unwrap() {
            xmlparser::Token::ElementStart { local, .. } => open.push(local.as_str()),
            xmlparser::Token::ElementEnd { end: xmlparser::ElementEnd::Close(_, local), .. } => {
                assert_eq!(open.pop(), Some(local.as_str()));
            }
            xmlparser::Token::ElementEnd { end: xmlparser::ElementEnd::Empty, .. } => drop(open.pop()),
            _ => {}
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn what_is_written_for_the_aws_command_line_is_understood() {
    let args = args(
        "--trail-arn arn:aws:cloudtrail:us-east-1:111122223333:trail/main --start-time 2026-01-05T00:00:00Z \
         --end-time 1767603600 --s3-bucket logs --s3-prefix a/b --account-id 444455556666 --verbose \
         --region eu-west-1 --profile audit --output json",
    )
    .unwrap();
    assert_eq!(args.trail_arn.as_ref().map(|trail| trail.arn.as_str()), Some(ARN));
    let range = window(&args, Timestamp::MAX).unwrap();
    assert_eq!(range.start.to_string(), "2026-01-05T00:00:00Z");
    assert_eq!(range.end.to_string(), "2026-01-05T09:00:00Z");
    assert_eq!((args.s3_bucket.as_deref(), args.s3_prefix.as_deref()), (Some("logs"), Some("a/b")));
    assert_eq!(
        (args.account_id.as_deref(), args.region.as_deref()),
        (Some("444455556666"), Some("eu-west-1"))
    );
    assert!(args.verbose);
}

#[test]
fn one_trail_is_named_and_an_arn_with_a_start() {
    for (words, said) in [
        (String::new(), "<--trail-arn <ARN>|trail/NAME>"),
        (format!("--trail-arn {ARN}"), "--start-time <TIME>"),
        (format!("trail/main --trail-arn {ARN} --start-time 1"), "cannot be used with"),
        (format!("--trail-arn {ARN} --start-time 1 --namespace x"), "cannot be used with"),
        (format!("--trail-arn {ARN} --start-time 1 --region us-east-1 --all-regions"), "cannot be used with"),
    ] {
        let error = args(&words).unwrap_err();
        assert!(error.contains(said), "{words}: {error}");
    }
    let now: Timestamp = "2026-01-05T09:00:00Z".parse().unwrap();
    let of_cluster = args("trail/main").unwrap();
    assert_eq!(window(&of_cluster, now).unwrap().start.to_string(), "2026-01-04T09:00:00Z");
    let future = args("trail/main --start-time 2026-01-06").unwrap();
    assert!(window(&future, now).unwrap_err().to_string().contains("now, which is the end"));
}

#[test]
fn what_cloudtrail_has_delivered_counts_where_the_trail_delivers_now() {
    let present = place("logs", Some("a"));
    for (flags, places, is_present) in [
        // Declared elsewhere, which is to be noticed.
        ("", vec![place("declared", None)], true),
        ("--s3-bucket logs --s3-prefix a", vec![place("logs", Some("a"))], true),
        ("--s3-prefix a", vec![place("logs", Some("a"))], true),
        ("--s3-bucket logs", vec![place("logs", None)], false),
        ("--s3-prefix before", vec![place("logs", Some("before"))], false),
        ("--s3-bucket before", vec![place("before", None)], false),
        ("--s3-bucket before", vec![place("before", None), place("logs", Some("a"))], true),
    ] {
        let args = args(&format!("--trail-arn {ARN} --start-time 1 {flags}")).unwrap();
        assert_eq!(is_here(&args, Some(&present), &places), is_present, "{flags} {places:?}");
        assert_eq!(is_here(&args, None, &places), flags.is_empty(), "{flags}");
    }
}
