//! Reads what fields are compared with (`cloudtrail.md` 5.2).
//!
//! Knows words, texts in quotes and regular expressions. Must not know what they are compared with.

use std::net::IpAddr;

use super::{
    PatternError, Value,
    regex::{self, MOST_REGEXES},
    scanner::Scanner,
};

/// Reads the value that comes next. `regexes` counts those of the pattern.
pub(super) fn read(scanner: &mut Scanner<'_>, regexes: &mut usize) -> Result<Value, PatternError> {
    match scanner.peek() {
        Some('"') => read_text(scanner).map(Value::Text),
        Some('%') => {
            *regexes += 1;
            if *regexes > MOST_REGEXES {
                return Err(scanner.wrong(format!(
                    "a pattern takes {MOST_REGEXES} regular expressions and this is one more; join them with |, or use words with *"
                )));
            }
            regex::read(scanner).map(Value::Regex)
        }
        Some(one) if is_of_word(one) => read_word(scanner).map(Value::Word),
        other => Err(scanner.wrong(missing(other))),
    }
}

/// What words may hold. AWS asks for quotes around anything but letters, digits and underscores, and does not keep to it
/// itself; what belongs to the language is none of a word.
pub(super) fn is_of_word(one: char) -> bool {
    !one.is_whitespace() && !one.is_control() && !"{}()[]&|=!<>,;\"'`%$\\“”„‘’".contains(one)
}

fn read_word(scanner: &mut Scanner<'_>) -> Result<String, PatternError> {
    let start = scanner.place();
    let word = scanner.take_while(is_of_word);
    let is_range = word.split_once('/').is_some_and(|(address, length)| {
        address.parse::<IpAddr>().is_ok() && length.bytes().all(|byte| byte.is_ascii_digit())
    });
    if is_range {
        return Err(scanner.wrong_at(
            start,
            format!(
                "CloudWatch Logs knows no ranges of addresses: it would compare the text {word}; use a word with * such as 10.0.*, or a regular expression such as %^10\\.0\\.%, and quotes if this very text is meant"
            ),
        ));
    }
    Ok(word.to_owned())
}

/// Reads `"…"`, which the scanner stands at, and gives what is between, backslashes and all.
pub(super) fn read_text(scanner: &mut Scanner<'_>) -> Result<String, PatternError> {
    let start = scanner.place();
    scanner.next();
    let mut escaped = false;
    let text = scanner.take_while(|one| {
        let goes_on = escaped || one != '"';
        escaped = !escaped && one == '\\';
        goes_on
    });
    if scanner.eat("\"") {
        return Ok(text.to_owned());
    }
    let escape =
        if text.contains("\\\"") { ", and one after a backslash is taken as part of the text" } else { "" };
    Err(scanner.wrong_at(
        start,
        format!("this quotation mark is not closed: a text stands between two of them{escape}"),
    ))
}

fn missing(found: Option<char>) -> &'static str {
    match found {
        None => {
            "here a value is missing: a word, a text in double quotes, a number, or a regular expression between per cent signs"
        }
        Some('\'' | '`' | '“' | '”' | '„' | '‘' | '’') => {
            "texts stand in plain double quotes (\"), not in these"
        }
        Some('$') => "a field is compared with a word, a text or a number, never with another field",
        Some('(' | '[' | '{') => {
            "a field is compared with one value; give each value a condition of its own, as in ($.eventName = \"A\") || ($.eventName = \"B\")"
        }
        Some('\\') => "a backslash may stand in texts in double quotes and in regular expressions only",
        Some(_) => {
            "here a value belongs: a word, a text in double quotes, a number, or a regular expression between per cent signs; any other character must stand in double quotes"
        }
    }
}
