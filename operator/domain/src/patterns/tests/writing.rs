//! How patterns are printed, compared and brought into one form.

use super::parse;

#[test]
fn patterns_are_printed_in_one_way() {
    for (written, printed) in [
        ("", ""),
        ("  ", ""),
        ("\" \"", ""),
        ("{$.a=b}", "{ $.a = b }"),
        (" {(( $.a=\"b\" ))}", "{ $.a = \"b\" }"),
        ("{$.a=b||$.c!=5&&$.d=%x%}", "{ ($.a = b) || (($.c != 5) && ($.d = %x%)) }"),
        ("{($.a=b||$.c=d)&&$.e=f}", "{ (($.a = b) || ($.c = d)) && ($.e = f) }"),
        ("{$.a=b&&($.c=d&&$.e=f)}", "{ ($.a = b) && (($.c = d) && ($.e = f)) }"),
        ("{$['a b'][\"c'd\"][0][*]IS NULL}", "{ $.['a b'].[\"c'd\"][0][*] IS NULL }"),
        ("{$.['plain'].*   NOT   EXISTS}", "{ $.plain.* NOT EXISTS }"),
        ("{$.a>=-1.50e+3}", "{ $.a >= -1.50e+3 }"),
        ("  ERROR   -\"a  b\" ?%c%", "ERROR -\"a  b\" ?%c%"),
        ("[a,b=1&&b!=\"2 3\"||b=4*,...,c>5]", "[a, b=1 && b!=\"2 3\" || b=4*, ..., c>5]"),
    ] {
        let pattern = parse(written);
        assert_eq!(pattern.to_string(), printed);
        assert_eq!(parse(printed), pattern);
        assert_eq!(pattern.text(), written);
    }
}

#[test]
fn equivalent_patterns_may_differ_in_how_they_are_written() {
    for (one, other) in [
        ("{$.a=b}", " { ( $.a = b ) } "),
        ("{$.a=b || $.c=d}", "{($.c=d)||($.a=b)}"),
        ("{$.a=b && $.c=d && $.a=b}", "{$.c=d && $.a=b}"),
        ("{($.a=b || $.c=d) || $.e=f}", "{$.a=b || ($.c=d || $.e=f)}"),
        ("{$.a=b || $.c=d && $.e=f}", "{($.e=f && $.c=d) || $.a=b}"),
        ("{$.a=iam.amazonaws.com}", "{$.a=\"iam.amazonaws.com\"}"),
        ("{$.a != Denied*}", "{$.a != \"Denied*\"}"),
        ("{$.['a'] = b}", "{$.a = b}"),
        ("", "\" \""),
        ("a b a", "b  a"),
    ] {
        assert!(parse(one).is_equivalent(&parse(other)), "{one} and {other}");
        assert!(!parse(one).same_text_as(&parse(other)));
        assert!(parse(one).same_text_as(&parse(one)));
    }
}

#[test]
fn patterns_that_may_match_otherwise_are_not_equivalent() {
    for (one, other) in [
        ("{$.a=b}", "{$.a=B}"),
        ("{$.a=b}", "{$.a!=b}"),
        ("{$.a=b && $.c=d}", "{$.a=b || $.c=d}"),
        ("{$.a=b || $.c=d && $.e=f}", "{($.a=b || $.c=d) && $.e=f}"),
        ("{$.a=400}", "{$.a=\"400\"}"),
        ("{$.a=4*}", "{$.a=\"4*\"}"),
        ("{$.a=*}", "{$.a=\"*\"}"),
        ("{$.a=true}", "{$.a IS TRUE}"),
        ("[a, b]", "[b, a]"),
        ("?a b", "a b"),
    ] {
        assert!(!parse(one).is_equivalent(&parse(other)), "{one} and {other}");
    }
}
