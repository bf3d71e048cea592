//! What is refused, where, and with which words.

use super::super::{MOST_CHARACTERS, Pattern};

/// `pattern` with ^ before the character that is wrong.
fn refused(marked: &str, says: &str) {
    let (before, after) = marked.split_once('^').unwrap();
    let pattern = format!("{before}{after}");
    let error = Pattern::parse(&pattern).expect_err(&pattern);
    assert_eq!(error.at, before.chars().count(), "{pattern}: {error}");
    assert!(error.message.contains(says), "{pattern}: {error}");
}

#[test]
fn what_is_missing_is_told_where_it_is_missing() {
    for (marked, says) in [
        ("{^", "ends where a condition belongs"),
        ("{ ^}", "a condition is missing"),
        ("{$.a = b^", "ends before its }"),
        ("{$.a = b || ^}", "a condition is missing"),
        ("{^($.a = b}", "not closed"),
        ("{(($.a = b) && ^)}", "a condition is missing"),
        ("{$.a ^}", "an operator is missing"),
        ("{$.a = ^}", "a value belongs"),
        ("{$.a = ^", "a value is missing"),
        ("{$.a = ^\"b}", "not closed"),
        ("{$.a = ^\"b\\\"}", "after a backslash"),
        ("{$.a = ^%b}", "not closed"),
        ("{$.a = ^%%}", "empty"),
        ("{^$ = b}", "$ stands for the whole record"),
        ("{$.^ = b}", "the name of a field is missing"),
        ("{$.a[^] = b}", "the place of an element"),
        ("{$.a[0^ = b}", "a ] is missing"),
        ("{$.^['a = b}", "between .[' and ']"),
        ("[^", "the name of a field"),
        ("[a, ^]", "the name of a field"),
        ("[a, b^", "a comma"),
        ("[a=^]", "a value belongs"),
        ("[a=1 && b^]", "a condition is missing"),
    ] {
        refused(marked, says);
    }
}

#[test]
fn what_people_write_in_its_stead_is_told_by_what_to_write() {
    for (marked, says) in [
        ("{$.a ^== b}", "one sign: ="),
        ("{$.a ^<> b}", "!="),
        ("{$.a ^! b}", "!="),
        ("{$.a ^=> 1}", "<= or >="),
        ("{$.a ^=~ %b%}", "a regular expression follows ="),
        ("{$.a ^IN (b, c)}", "no IN"),
        ("{$.a ^in b}", "no IN"),
        ("{$.a ^LIKE b}", "no LIKE"),
        ("{$.a ^CIDR b}", "no ranges of addresses"),
        ("{$.sourceIPAddress = ^10.0.0.0/8}", "no ranges of addresses"),
        ("{$.a ^IS NOT NULL}", "no IS NOT: a text that is there is $.a = \"*\""),
        ("{$.a.b ^EXISTS}", "no EXISTS: a text that is there is $.a.b = \"*\""),
        ("{$.a IS ^null}", "in capitals"),
        ("{$.a IS ^5}", "in capitals"),
        ("{$.a ^is null}", "in capitals"),
        ("{$.a NOT ^NULL}", "EXISTS"),
        ("{$.a ^equals b}", "equality is written ="),
        ("{$.a ^foo b}", "foo is no operator"),
        ("{$.a > ^abc}", "compares numbers"),
        ("{$.a < ^\"5\"}", "compares numbers"),
        ("{$.a >= ^5*}", "compares numbers"),
        ("{$.a = ^'b'}", "double quotes"),
        ("{$.a = ^“b”}", "double quotes"),
        ("{$.a = ^$.b}", "never with another field"),
        ("{$.a = ^(b || c)}", "a condition of its own"),
        ("{$.a = a^\\b}", "after a condition"),
        ("{$.a = b ^and $.c = d}", "&&"),
        ("{$.a = b ^OR $.c = d}", "||"),
        ("{$.a = b ^& $.c = d}", "&&"),
        ("{$.a = b ^| $.c = d}", "||"),
        ("{$.a = b^, $.c = d}", "not by commas"),
        ("{$.a = Failed ^authentication}", "double quotes"),
        ("{$.a = b^)}", "closes none"),
        ("{^!($.a = b)}", "no ! for a whole condition"),
        ("{^{$.a = b}}", "one pair of braces"),
        ("{($.a = b) || ^\"c\"}", "a condition of its own"),
        ("{^eventName = b}", "begins with a field"),
        ("{$.a = b} ^&& {$.c = d}", "within the braces"),
        ("{$.a.^[0] = b}", "without the dot"),
        ("{$.a[^-1] = b}", "counted from 0"),
        ("^$.a = b", "stands in braces"),
        ("^($.a = b)", "stands in braces"),
        ("[a] ^b", "nothing may follow"),
        ("[a > ^b]", "compares numbers"),
    ] {
        refused(marked, says);
    }
}

/// `cloudtrail.md` 5.1 and 5.2.
#[test]
fn limits_are_told() {
    for (marked, says) in [
        ("{$.a = %b% || $.c = %d% || $.e = ^%f%}", "2 regular expressions"),
        ("%a% %b% ^%c%", "2 regular expressions"),
        ("{$.*^.* = b}", "one wildcard"),
        ("{$.a[*].b^[*] = b}", "one wildcard"),
        ("{$.*=a || $.a.*=b || $.b[*]=c || ^$.c[*]=d}", "3 selectors with a wildcard"),
        ("{$.a = %^(b)%}", "no parentheses"),
        ("{$.a = %b^!%}", "\\x21"),
        ("{$.a = %b^ c%}", "\\x20"),
        ("{$.a = %^é%}", "ASCII"),
        ("{$.a = %^\\b%}", "a backslash"),
        ("{$.a = %^\\x2%}", "two hexadecimal digits"),
        ("{$.a = ^%[b%}", "not a regular expression"),
        ("{$.a = ^%*b%}", "not a regular expression"),
        ("{$.a = ^%a{999}{999}%}", "not a regular expression"),
    ] {
        refused(marked, says);
    }
    let long = |characters: usize| format!("{{$.a = \"{}\"}}", "é".repeat(characters - 10));
    assert!(Pattern::parse(&long(MOST_CHARACTERS)).is_ok());
    let error = Pattern::parse(&long(MOST_CHARACTERS + 1)).unwrap_err();
    assert_eq!(error.at, MOST_CHARACTERS);
    assert!(error.message.contains("1025 characters and 1024 are allowed"), "{error}");
    let deep = |depth: usize| format!("{{{}$.a = b{}}}", "(".repeat(depth), ")".repeat(depth));
    assert!(Pattern::parse(&deep(64)).is_ok());
    let error = Pattern::parse(&deep(500)).unwrap_err();
    assert_eq!(error.at, 65);
    assert!(error.message.contains("64 deep"), "{error}");
}

#[test]
fn errors_point_at_the_character() {
    let pattern = "{$.a = \"é\" && $.b = 'c'}";
    let error = Pattern::parse(pattern).unwrap_err();
    assert_eq!(error.pointing(pattern), "{$.a = \"é\" && $.b = 'c'}\n                    ^",);
    assert!(error.to_string().starts_with("character 21: texts stand in plain double quotes"), "{error}");
    let long = format!("{{\n{} || $.b}}", vec!["$.a = b"; 30].join(" || "));
    let shown = Pattern::parse(&long).unwrap_err().pointing(&long);
    let (line, caret) = shown.split_once('\n').unwrap();
    assert_eq!(line.chars().nth(caret.chars().count() - 1), Some('}'), "{shown}");
    assert!(line.starts_with('…') && line.chars().count() < 60, "{shown}");
}
