//! The regular expressions that CloudWatch Logs takes (`cloudtrail.md` 5.2): a small part of what others take.
//!
//! Knows which characters they are made of, and how they are tried. Must not know patterns.

use ::regex::{Regex, RegexBuilder};

use super::{PatternError, scanner::Scanner};

/// How many a pattern may have (`cloudtrail.md` 5.1).
pub(super) const MOST_REGEXES: usize = 2;

/// What they may hold beside letters and digits.
const SYMBOLS: &str = ":_#=@/;,-^$?[]{}|\\*+.";

/// Reads `%…%`, which the scanner stands at, and gives what is between.
pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<String, PatternError> {
    let start = scanner.place();
    scanner.next();
    let mut inner = scanner.clone();
    let text = scanner.take_while(|one| one != '%');
    if !scanner.eat("%") {
        return Err(scanner.wrong_at(
            start,
            "this regular expression is not closed: it stands between two per cent signs, as in %^Delete%; a per cent sign in it is \\x25",
        ));
    }
    if text.is_empty() {
        return Err(scanner.wrong_at(
            start,
            "this regular expression is empty; write what to look for between the per cent signs",
        ));
    }
    while inner.place() < start + 1 + text.len() {
        check_next(&mut inner)?;
    }
    match compile(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err(scanner.wrong_at(
            start,
            "this is not a regular expression: look for brackets that are not closed, and for ? * + or { } that repeat nothing or too often",
        )),
    }
}

/// Steps over one character, or one escape.
fn check_next(scanner: &mut Scanner<'_>) -> Result<(), PatternError> {
    let place = scanner.clone();
    let wrong = |message: &str| Err(place.wrong(message));
    match scanner.next() {
        Some('(' | ')') => wrong(
            "CloudWatch Logs takes no parentheses in regular expressions; write the alternatives out with |, and a parenthesis that is meant itself as \\x28 or \\x29",
        ),
        Some('\\') => match scanner.next() {
            Some('x') => {
                let digits = scanner.rest().bytes().take(2).filter(u8::is_ascii_hexdigit).count();
                let is_ascii = matches!(scanner.peek(), Some('0'..='7'));
                if digits < 2 || !is_ascii {
                    return wrong("after \\x stand two hexadecimal digits of a character below \\x80, as in \\x28");
                }
                scanner.next();
                scanner.next();
                Ok(())
            }
            Some('d' | 'D' | 's' | 'S' | 'w' | 'W') => Ok(()),
            Some(one) if SYMBOLS.contains(one) => Ok(()),
            _ => wrong(
                "a backslash stands before one of : _ # = @ / ; , - ^ $ ? [ ] { } | \\ * + . that is meant itself, or in \\d \\D \\s \\S \\w \\W; every other character is \\x and its two hexadecimal digits, as in \\x28",
            ),
        },
        Some(one) if one.is_ascii_alphanumeric() || SYMBOLS.contains(one) => Ok(()),
        Some(one) if one.is_ascii() => Err(place.wrong(format!(
            "{one:?} may not stand in a regular expression of CloudWatch Logs, only letters, digits, : _ # = @ / ; , - and the operators ^ $ ? [ ] {{ }} | \\ * + .; write it as \\x{:02x}",
            u32::from(one)
        ))),
        _ => wrong("only ASCII characters may stand in a regular expression of CloudWatch Logs; a . takes any character"),
    }
}

/// What finds it anywhere in a text. `None` when it is none, or too large.
pub(super) fn compile(text: &str) -> Option<Regex> {
    RegexBuilder::new(&in_ascii(text)).size_limit(1 << 18).build().ok()
}

/// Classes such as `\d` are ASCII's, while `.` takes any character.
fn in_ascii(text: &str) -> String {
    let mut whole = String::new();
    let mut characters = text.chars();
    while let Some(one) = characters.next() {
        let escaped = if one == '\\' { characters.next() } else { None };
        match escaped {
            Some('d') => whole.push_str("[0-9]"),
            Some('D') => whole.push_str("[^0-9]"),
            Some('s') => whole.push_str(r"[ \t\n\x0b\f\r]"),
            Some('S') => whole.push_str(r"[^ \t\n\x0b\f\r]"),
            Some('w') => whole.push_str("[0-9A-Za-z_]"),
            Some('W') => whole.push_str("[^0-9A-Za-z_]"),
            // Nothing but itself, escaped or not.
            Some('_') => whole.push('_'),
            other => whole.extend([one].into_iter().chain(other)),
        }
    }
    whole
}
