//! What patterns match, rule by rule.

use serde_json::{Value, json};

use super::super::{
    Patterns, Scratch,
    Verdict::{self, Match, NoMatch, Undetermined},
};
use super::verdict;

fn all(cases: &[(&str, Value, Verdict)]) {
    for (pattern, event, expected) in cases {
        assert_eq!(verdict(pattern, event), *expected, "{pattern} of {event}");
    }
}

/// `cloudtrail.md` 5.2: equality, case-sensitive, `*` at the ends.
#[test]
fn texts_are_equal_or_not() {
    let event = json!({"eventName": "DeleteTrail", "errorCode": "Client.UnauthorizedOperation", "sourceIPAddress": "123.123.1.1"});
    all(&[
        ("{$.eventName = DeleteTrail}", event.clone(), Match),
        ("{$.eventName = \"DeleteTrail\"}", event.clone(), Match),
        ("{$.eventName = deleteTrail}", event.clone(), NoMatch),
        ("{$.eventname = DeleteTrail}", event.clone(), NoMatch),
        ("{$.eventName = Delete}", event.clone(), NoMatch),
        ("{$.eventName = Delete*}", event.clone(), Match),
        ("{$.errorCode = \"*UnauthorizedOperation\"}", event.clone(), Match),
        ("{$.eventName = \"*eTrai*\"}", event.clone(), Match),
        ("{$.eventName != DeleteTrail}", event.clone(), NoMatch),
        ("{$.eventName != \"CreateTrail\"}", event.clone(), Match),
        ("{$.sourceIPAddress != 123.123.*}", event.clone(), NoMatch),
        ("{$.sourceIPAddress != 10.*}", event.clone(), Match),
        ("{$.eventName = \"*\"}", event.clone(), Match),
        ("{$.awsRegion = \"*\"}", event, NoMatch),
    ]);
}

/// `cloudtrail.md` 5.2: a `*` in the middle was the character itself until 2022, and nothing later mentions it.
#[test]
fn a_star_in_the_middle_is_undetermined_where_it_matters() {
    all(&[
        ("{$.eventName = \"Put*Policy\"}", json!({"eventName": "PutBucketPolicy"}), Undetermined),
        ("{$.eventName = \"Put*Policy\"}", json!({"eventName": "Put*Policy"}), Match),
        ("{$.eventName = \"Put*Policy\"}", json!({"eventName": "GetBucketPolicy"}), NoMatch),
        ("{$.eventName != \"Put*Policy\"}", json!({"eventName": "PutBucketPolicy"}), Undetermined),
        ("{$.eventName != \"Put*Policy\"}", json!({"eventName": "GetBucketPolicy"}), Match),
        ("{$.eventName = %^Put.*Policy$%}", json!({"eventName": "PutBucketPolicy"}), Match),
    ]);
}

/// `cloudtrail.md` 5.2: numbers, with signs and exponents, compare with numbers.
#[test]
fn numbers_are_compared() {
    let event = json!({"n": 400, "f": 0.001, "m": -5, "text": "400", "large": 12_345_678_901_u64});
    all(&[
        ("{$.n = 400}", event.clone(), Match),
        ("{$.n = 4e2}", event.clone(), Match),
        ("{$.n = +400.0}", event.clone(), Match),
        ("{$.n != 400}", event.clone(), NoMatch),
        ("{$.n != 500}", event.clone(), Match),
        ("{$.n > 399.5}", event.clone(), Match),
        ("{$.n > 400}", event.clone(), NoMatch),
        ("{$.n >= 400}", event.clone(), Match),
        ("{$.n < 400}", event.clone(), NoMatch),
        ("{$.n <= 400}", event.clone(), Match),
        ("{$.n < 1e3}", event.clone(), Match),
        ("{$.f = 1e-3}", event.clone(), Match),
        ("{$.m = -5}", event.clone(), Match),
        ("{$.m < -4}", event.clone(), Match),
        ("{$.large >= 12345678901}", event.clone(), Match),
        ("{$.n = 4*}", event.clone(), Match),
        ("{$.n = 5*}", event.clone(), NoMatch),
        ("{$.n = Denied*}", event.clone(), NoMatch),
        ("{$.n = Denied}", event.clone(), NoMatch),
        ("{$.n != Denied}", event.clone(), Match),
        ("{$.missing > 1}", event, NoMatch),
    ]);
}

/// `cloudtrail.md` 5.2: whether `"400"` matches the number 400 is unverified, and so is the other way round.
#[test]
fn numbers_beside_texts_are_undetermined_where_they_read_alike() {
    let event = json!({"n": 400, "f": 1.5, "text": "400", "name": "Denied"});
    all(&[
        ("{$.n = \"400\"}", event.clone(), Undetermined),
        ("{$.n != \"400\"}", event.clone(), Undetermined),
        ("{$.n = \"4*\"}", event.clone(), Undetermined),
        ("{$.n = \"401\"}", event.clone(), NoMatch),
        ("{$.n != \"401\"}", event.clone(), Match),
        ("{$.f = \"1.50\"}", event.clone(), Undetermined),
        ("{$.f = 1*}", event.clone(), Undetermined),
        ("{$.text = 400}", event.clone(), Undetermined),
        ("{$.text = 4e2}", event.clone(), Undetermined),
        ("{$.text = 401}", event.clone(), NoMatch),
        ("{$.text = 4*}", event.clone(), Match),
        ("{$.text != 401}", event.clone(), Undetermined),
        ("{$.name != 401}", event.clone(), Undetermined),
        ("{$.text > 399}", event.clone(), Undetermined),
        ("{$.text > 400}", event.clone(), NoMatch),
        ("{$.name > 1}", event, NoMatch),
    ]);
}

/// `cloudtrail.md` 5.2: `IS` asks for the JSON values themselves.
#[test]
fn null_true_and_false_are_asked_for_by_is() {
    let event = json!({"null": null, "true": true, "false": false, "text": "true", "list": [], "map": {}});
    all(&[
        ("{$.null IS NULL}", event.clone(), Match),
        ("{$.true IS TRUE}", event.clone(), Match),
        ("{$.false IS FALSE}", event.clone(), Match),
        ("{$.true IS FALSE}", event.clone(), NoMatch),
        ("{$.false IS NULL}", event.clone(), NoMatch),
        ("{$.text IS TRUE}", event.clone(), NoMatch),
        ("{$.list IS NULL}", event.clone(), NoMatch),
        ("{$.missing IS NULL}", event.clone(), NoMatch),
        ("{$.true = true}", event.clone(), Undetermined),
        ("{$.true = \"true\"}", event.clone(), Undetermined),
        ("{$.true = \"*\"}", event.clone(), Undetermined),
        ("{$.true = false}", event.clone(), NoMatch),
        ("{$.true = yes}", event.clone(), NoMatch),
        ("{$.true != yes}", event.clone(), Match),
        ("{$.null = null}", event.clone(), Undetermined),
        ("{$.true = 1}", event.clone(), NoMatch),
        ("{$.true > 0}", event, NoMatch),
    ]);
}

/// `cloudtrail.md` 5.2: a key that is there with null exists, a missing key is not null.
#[test]
fn what_is_missing_does_not_exist() {
    let event = json!({"null": null, "map": {"a": 1}, "list": [{"a": 1}, {}]});
    all(&[
        ("{$.missing NOT EXISTS}", event.clone(), Match),
        ("{$.null NOT EXISTS}", event.clone(), NoMatch),
        ("{$.map NOT EXISTS}", event.clone(), NoMatch),
        ("{$.map.b NOT EXISTS}", event.clone(), Match),
        ("{$.null.b NOT EXISTS}", event.clone(), Match),
        ("{$.list[2] NOT EXISTS}", event.clone(), Match),
        ("{$.list[1].a NOT EXISTS}", event.clone(), Match),
        ("{$.list[*] NOT EXISTS}", event.clone(), NoMatch),
        ("{$.list[*].a NOT EXISTS}", event.clone(), Undetermined),
        ("{$.list[*].b NOT EXISTS}", event, Match),
    ]);
}

/// `cloudtrail.md` 5.2: not documented, and the one observation is somebody's.
#[test]
fn not_equals_on_what_is_missing_is_undetermined() {
    let event = json!({"null": null});
    all(&[
        ("{$.missing != x}", event.clone(), Undetermined),
        ("{$.missing != 5}", event.clone(), Undetermined),
        ("{$.missing != %x%}", event.clone(), Undetermined),
        ("{$.null != x}", event.clone(), Undetermined),
        ("{($.missing NOT EXISTS) || ($.missing != x)}", event.clone(), Match),
        ("{($.null NOT EXISTS) && ($.missing != x)}", event, NoMatch),
    ]);
}

/// `cloudtrail.md` 5.2: a selector that points to an object or a list never matches, neither by = nor by !=.
#[test]
fn objects_and_lists_never_match() {
    let event = json!({"map": {"a": 1}, "list": ["x"], "mixed": [["x"], "y"]});
    all(&[
        ("{$.map = \"*\"}", event.clone(), NoMatch),
        ("{$.map != x}", event.clone(), NoMatch),
        ("{$.list = x}", event.clone(), NoMatch),
        ("{$.list != y}", event.clone(), NoMatch),
        ("{$.list > 0}", event.clone(), NoMatch),
        ("{$.list[0] = x}", event.clone(), Match),
        ("{$.mixed[0] != x}", event.clone(), NoMatch),
        ("{$.mixed[*] != x}", event, Match),
    ]);
}

/// `cloudtrail.md` 5.2: members, elements, wildcards, names with dots.
#[test]
fn selectors_lead_to_values() {
    let event = json!({
        "a": {"b-c": {"d_1": "x"}}, "cluster.name": "c", "it's": "q",
        "list": ["zero", "one"], "deep": [[0, 1], [{"id": 2}, {"id": 3}]], "map": {"one": "1st", "two": "2nd"},
    });
    all(&[
        ("{$.a.b-c.d_1 = x}", event.clone(), Match),
        ("{$.a['b-c']['d_1'] = x}", event.clone(), Match),
        ("{$.['cluster.name'] = c}", event.clone(), Match),
        ("{$.cluster.name = c}", event.clone(), NoMatch),
        ("{$.[\"it's\"] = q}", event.clone(), Match),
        ("{$.list[1] = one}", event.clone(), Match),
        ("{$.list[0] = one}", event.clone(), NoMatch),
        ("{$.list[*] = one}", event.clone(), Match),
        ("{$.list[*] = %on.%}", event.clone(), Match),
        ("{$.list[*] = two}", event.clone(), NoMatch),
        ("{$.deep[0][1] = 1}", event.clone(), Match),
        ("{$.deep[1][*].id = 3}", event.clone(), Match),
        ("{$.deep[1][*].id > 3}", event.clone(), NoMatch),
        ("{$.map.* = 2nd}", event.clone(), Match),
        ("{$.* = c}", event.clone(), Match),
        ("{$.* = 2nd}", event.clone(), NoMatch),
        ("{$.*.two = 2nd}", event.clone(), Match),
        ("{$.list.one = x}", event.clone(), NoMatch),
        ("{$.map[0] = 1st}", event, NoMatch),
    ]);
}

/// One pass serves selectors that lead to the same place by different ways.
#[test]
fn wildcards_stand_beside_names_and_places() {
    let patterns = [
        "{$.list[0] = x}",
        "{$.list[*] = x}",
        "{$.* = x}",
        "{$.a = x}",
        "{$.*.b = x}",
        "{$.a.* = x}",
        "{$.a.b = x}",
    ];
    let patterns = patterns.map(super::parse);
    let (set, mut scratch) = (Patterns::new(&patterns), Scratch::default());
    for (event, expected) in [
        (json!({"list": ["x"]}), [true, true, false, false, false, false, false]),
        (json!({"list": ["y", "x"]}), [false, true, false, false, false, false, false]),
        (json!({"a": "x"}), [false, false, true, true, false, false, false]),
        (json!({"z": "x"}), [false, false, true, false, false, false, false]),
        (json!({"a": {"b": "x"}}), [false, false, false, false, true, true, true]),
        (json!({"z": {"b": "x"}}), [false, false, false, false, true, false, false]),
        (json!({"a": {"z": "x"}}), [false, false, false, false, false, true, false]),
        (json!({"z": {"z": "x"}}), [false; 7]),
    ] {
        let verdicts = set.evaluate(&event.to_string(), &mut scratch).unwrap();
        assert_eq!(verdicts, expected.map(Verdict::decided), "{event}");
    }
}

/// `cloudtrail.md` 5.2 documents = on several values, and no more.
#[test]
fn not_equals_on_several_values_is_undetermined_unless_they_agree() {
    let event = json!({"list": ["a", "b"], "same": ["a", "a"], "none": []});
    all(&[
        ("{$.list[*] != a}", event.clone(), Undetermined),
        ("{$.list[*] != c}", event.clone(), Match),
        ("{$.same[*] != a}", event.clone(), NoMatch),
        ("{$.none[*] != a}", event, Undetermined),
    ]);
}

/// `cloudtrail.md` 5.2: regular expressions look anywhere, in texts.
#[test]
fn regular_expressions_search() {
    let event = json!({"ip": "10.0.1.9", "name": "Delete(x)", "n": 12, "line": "a b\n"});
    all(&[
        (r"{$.ip = %^10\.0\.%}", event.clone(), Match),
        (r"{$.ip = %0\.1%}", event.clone(), Match),
        (r"{$.ip != %^10\.%}", event.clone(), NoMatch),
        (r"{$.ip = %^11|^12%}", event.clone(), NoMatch),
        (r"{$.ip = %1\.\d$%}", event.clone(), Match),
        (r"{$.name = %\x28x\x29$%}", event.clone(), Match),
        (r"{$.name = %^[A-D][a-z]{5}%}", event.clone(), Match),
        (r"{$.line = %a\sb%}", event.clone(), Match),
        (r"{$.line = %^\S[\s\d]\w\W$%}", event.clone(), Match),
        (r"{$.ip = %[\=\_\-\.]\d%}", event.clone(), Match),
        (r"{$.other = %^\w%}", json!({"other": "é"}), NoMatch),
        (r"{$.other = %^.$%}", json!({"other": "é"}), Match),
        (r"{$.other = %\d%}", json!({"other": "٣"}), NoMatch),
        (r"{$.n = %1%}", event.clone(), Undetermined),
        (r"{$.n = %3%}", event, NoMatch),
    ]);
}

/// `cloudtrail.md` 5.2: whether a backslash in quotes escapes is unverified.
#[test]
fn backslashes_in_quotes_are_undetermined_where_they_matter() {
    all(&[
        (r#"{$.x = "a\"b"}"#, json!({"x": "a\"b"}), Undetermined),
        (r#"{$.x = "a\"b"}"#, json!({"x": "ab"}), NoMatch),
        (r#"{$.x = "CORP\eve"}"#, json!({"x": r"CORP\eve"}), Undetermined),
    ]);
}

/// `cloudtrail.md` 5.2: parentheses, then &&, then ||, from AWS's own compound examples.
#[test]
fn and_binds_tighter_than_or() {
    let event = json!({"user": {"id": 1, "email": "John"}, "users": [{"id": 2, "email": "Jane"}], "actions": ["GET", "PUT", "DELETE"]});
    all(&[
        ("{($.user.id = 1) && ($.users[0].email = \"Jane\")}", event.clone(), Match),
        ("{$.user.email = \"John\" || $.actions[0] = \"no\" && $.actions[2] = \"no\"}", event.clone(), Match),
        (
            "{($.user.email = \"John\" || $.actions[0] = \"no\") && $.actions[2] = \"no\"}",
            event.clone(),
            NoMatch,
        ),
        ("{$.actions[2] = \"no\" && $.actions[0] = \"no\" || $.user.email = \"John\"}", event.clone(), Match),
        (
            "{$.actions[2] = \"no\" && ($.actions[0] = \"no\" || $.user.email = \"John\")}",
            event.clone(),
            NoMatch,
        ),
        ("{($.user.id = 2 && $.users[0].email = \"no\") || $.actions[2] = \"GET\"}", event, NoMatch),
    ]);
}

/// What is undetermined stays so unless the other part decides.
#[test]
fn undetermined_parts_are_joined_as_in_kleenes_logic() {
    let event = json!({"a": "x"});
    all(&[
        ("{$.no != x || $.a = x}", event.clone(), Match),
        ("{$.no != x || $.a = y}", event.clone(), Undetermined),
        ("{$.no != x && $.a = x}", event.clone(), Undetermined),
        ("{$.no != x && $.a = y}", event, NoMatch),
    ]);
}

/// `cloudtrail.md` 5.3.
#[test]
fn terms_are_looked_for_in_the_text() {
    let event = json!({"eventName": "ConsoleLogin", "errorMessage": "Failed authentication"});
    all(&[
        ("", event.clone(), Match),
        ("\" \"", event.clone(), Match),
        ("ConsoleLogin", event.clone(), Match),
        ("ConsoleLogin Failed", event.clone(), Match),
        ("ConsoleLogin Success", event.clone(), NoMatch),
        ("ConsoleLogin -Failed", event.clone(), NoMatch),
        ("?Success ?Failed", event.clone(), Match),
        ("?Success ?Missing", event.clone(), NoMatch),
        ("ConsoleLogin ?Missing", event.clone(), Match),
        ("\"Failed authentication\"", event.clone(), Match),
        ("%Fail.d%", event.clone(), Match),
        ("[a, b]", event, Undetermined),
    ]);
}

#[test]
fn what_is_no_object_is_no_event() {
    let pattern = super::parse("{$.a = b}");
    for event in ["", "[]", "null", "{", "{}{}", "\"x\"", "{\"a\":}", "text"] {
        assert!(pattern.evaluate(event).is_err(), "{event}");
    }
    assert_eq!(pattern.evaluate(" {\"a\" : \"b\"} "), Ok(Match));
    assert_eq!(pattern.evaluate(r#"{"\u0061":"\u0062"}"#), Ok(Match), "escapes are read");
}
