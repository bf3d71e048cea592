//! Patterns of terms, which are looked for anywhere in the text of an event (`cloudtrail.md` 5.3).
//!
//! Knows how they are written and evaluated. Must not know records.

use super::{
    PatternError, Verdict,
    regex::{self, MOST_REGEXES},
    scanner::Scanner,
    values::read_text,
};

/// One term.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// What is asked of it.
    pub sign: Sign,
    /// What is looked for.
    pub part: Part,
}

/// What is asked of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// It must be there.
    Wanted,
    /// `?`: one of those must be there, unless the pattern has terms of another kind.
    Optional,
    /// `-`: it must not be there.
    Unwanted,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A word.
    Word(String),
    /// What stands between double quotes.
    Phrase(String),
    /// What stands between per cent signs.
    Regex(String),
}

/// Reads all terms up to the end.
pub(super) fn read(mut scanner: Scanner<'_>) -> Result<Vec<Term>, PatternError> {
    let mut terms = Vec::new();
    let mut regexes = 0;
    loop {
        scanner.skip_space();
        if scanner.peek().is_none() {
            return Ok(terms);
        }
        let sign = if scanner.eat("?") {
            Sign::Optional
        } else if scanner.eat("-") {
            Sign::Unwanted
        } else {
            Sign::Wanted
        };
        terms.push(Term { sign, part: part(&mut scanner, &mut regexes)? });
    }
}

fn part(scanner: &mut Scanner<'_>, regexes: &mut usize) -> Result<Part, PatternError> {
    match scanner.peek() {
        Some('"') => read_text(scanner).map(Part::Phrase),
        Some('%') => {
            *regexes += 1;
            if *regexes > MOST_REGEXES {
                return Err(scanner.wrong(format!(
                    "a pattern takes {MOST_REGEXES} regular expressions and this is one more"
                )));
            }
            regex::read(scanner).map(Part::Regex)
        }
        Some('$') => Err(scanner.wrong(
            "a pattern that asks about fields stands in braces, as in { $.eventName = \"DeleteTrail\" }",
        )),
        _ => {
            let word = scanner.take_while(|one| one.is_alphanumeric() || "_.:/@#*-".contains(one));
            let ends = scanner.peek().is_none_or(char::is_whitespace);
            if ends && !word.is_empty() {
                return Ok(Part::Word(word.to_owned()));
            }
            Err(scanner.wrong(
                "this may not stand in a term: put what holds blanks or signs in double quotes; a pattern that asks about fields stands in braces, as in { $.eventName = \"DeleteTrail\" }",
            ))
        }
    }
}

/// Whether the terms are, or are not, in this text as they ask.
pub(super) fn judge(terms: &[Term], text: &str) -> Verdict {
    let mut of = [Sign::Wanted, Sign::Unwanted, Sign::Optional].map(|sign| {
        terms
            .iter()
            .filter(move |term| term.sign == sign)
            .map(|term| is_in(&term.part, text))
            .collect::<Vec<_>>()
    });
    let [wanted, unwanted, optional] = &mut of;
    // Optional terms mean nothing beside others.
    let alone = wanted.is_empty() && unwanted.is_empty();
    let holds = wanted.iter().all(|is| *is)
        && !unwanted.contains(&true)
        && (!alone || optional.is_empty() || optional.contains(&true));
    Verdict::decided(holds)
}

fn is_in(part: &Part, text: &str) -> bool {
    match part {
        Part::Word(wanted) | Part::Phrase(wanted) => text.contains(wanted.as_str()),
        Part::Regex(wanted) => regex::compile(wanted).is_some_and(|regex| regex.is_match(text)),
    }
}
