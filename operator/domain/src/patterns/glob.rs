//! Texts in which `*` is any run of characters, and the ways to read them where AWS tells of none (`cloudtrail.md` 5.2).
//!
//! Knows stars and backslashes. Must not know where the texts come from.

use super::Verdict;

/// A text with stars, split at them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Glob {
    first: String,
    middle: Vec<String>,
    /// `None` where there is no star.
    last: Option<String>,
}

/// Every way to read a text that may hold stars and backslashes.
#[derive(Clone, Debug)]
pub(super) struct Readings {
    /// A text that none of these takes is taken by no reading.
    widest: Vec<Glob>,
    /// A text that all of these take is taken by every reading. Empty when they are the widest.
    narrowest: Vec<Glob>,
}

/// A character, and whether it may stand for any run of them.
type Letter = (char, bool);

impl Readings {
    /// Of a word without quotes. A star in the middle was documented as itself from 2018 to 2022, and nothing later
    /// mentions it.
    pub(super) fn of_word(word: &str) -> Self {
        let letters = letters(word);
        let (wide, narrow) = (Glob::new(&letters), Glob::new(&only_at_ends(letters)));
        if wide == narrow {
            return Self { widest: vec![wide], narrowest: vec![] };
        }
        Self { widest: vec![wide], narrowest: vec![narrow] }
    }

    /// Of a text in quotes. Whether a backslash takes the meaning from what follows it is documented nowhere.
    pub(super) fn of_text(text: &str) -> Self {
        if !text.contains('\\') {
            return Self::of_word(text);
        }
        let literal = Self::of_word(text);
        let (wide, narrow) = (unescaped(text, true), only_at_ends(unescaped(text, false)));
        let mut narrowest =
            if literal.narrowest.is_empty() { literal.widest.clone() } else { literal.narrowest };
        narrowest.push(Glob::new(&narrow));
        let mut widest = literal.widest;
        widest.push(Glob::new(&wide));
        Self { widest, narrowest }
    }

    /// Whether a star stands where it may be itself.
    pub(super) fn has_star_inside(text: &str) -> bool {
        only_at_ends(letters(text)) != letters(text)
    }

    /// Whether this text is meant.
    pub(super) fn take(&self, text: &str) -> Verdict {
        if !self.widest.iter().any(|glob| glob.takes(text)) {
            return Verdict::NoMatch;
        }
        let sure = self.narrowest.iter().all(|glob| glob.takes(text));
        if sure { Verdict::Match } else { Verdict::Undetermined }
    }
}

fn letters(text: &str) -> Vec<Letter> {
    text.chars().map(|one| (one, one == '*')).collect()
}

/// Without the backslashes that stand before something.
fn unescaped(text: &str, escaped_stars: bool) -> Vec<Letter> {
    let mut letters = Vec::new();
    let mut characters = text.chars();
    while let Some(one) = characters.next() {
        let escaped = if one == '\\' { characters.next() } else { None };
        letters.push(escaped.map_or((one, one == '*'), |escaped| (escaped, escaped_stars && escaped == '*')));
    }
    letters
}

fn only_at_ends(mut letters: Vec<Letter>) -> Vec<Letter> {
    let last = letters.len().saturating_sub(1);
    for (place, letter) in letters.iter_mut().enumerate() {
        letter.1 &= place == 0 || place == last;
    }
    letters
}

impl Glob {
    fn new(letters: &[Letter]) -> Self {
        let mut parts =
            letters.split(|(_, is_star)| *is_star).map(|part| part.iter().map(|(one, _)| one).collect());
        let first = parts.next().unwrap_or_default();
        let mut middle: Vec<String> = parts.collect();
        let last = middle.pop();
        middle.retain(|part| !part.is_empty());
        Self { first, middle, last }
    }

    fn takes(&self, text: &str) -> bool {
        let Some(last) = &self.last else { return text == self.first };
        let Some(rest) = text.strip_prefix(self.first.as_str()) else { return false };
        let Some(mut rest) = rest.strip_suffix(last.as_str()) else { return false };
        self.middle.iter().all(|part| match rest.split_once(part.as_str()) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_at_the_ends_are_any_run_of_characters() {
        for (word, text, takes) in [
            ("AccessDenied*", "AccessDenied", true),
            ("AccessDenied*", "AccessDeniedException", true),
            ("AccessDenied*", "accessDenied", false),
            ("AccessDenied*", "XAccessDenied", false),
            ("*UnauthorizedOperation", "Client.UnauthorizedOperation", true),
            ("*UnauthorizedOperation", "UnauthorizedOperations", false),
            ("*Acl*", "PutBucketAcl", true),
            ("*Acl*", "Ac", false),
            ("*", "", true),
            ("**", "any", true),
            ("ab*ab", "ab", false),
            ("plain", "plain", true),
            ("plain", "plains", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(Readings::of_word(word).take(text), Verdict::decided(takes), "{word} of {text}");
        }
    }

    #[test]
    fn a_star_in_the_middle_may_be_one_or_none() {
        for (word, text, verdict) in [
            ("Put*Policy", "PutBucketPolicy", Verdict::Undetermined),
            ("Put*Policy", "PutPolicy", Verdict::Undetermined),
            ("Put*Policy", "Put*Policy", Verdict::Match),
            ("Put*Policy", "PutBucketAcl", Verdict::NoMatch),
            ("a*b*c", "a-b-c", Verdict::Undetermined),
            ("a*b*c", "a-c", Verdict::NoMatch),
            ("x*ab*b", "xab", Verdict::NoMatch),
            ("x*ab*b", "xabb", Verdict::Undetermined),
            ("*a*b*", "xa*bx", Verdict::Match),
            ("*a*b*", "xaxbx", Verdict::Undetermined),
        ] {
            assert_eq!(Readings::of_word(word).take(text), verdict, "{word} of {text}");
        }
    }

    #[test]
    fn a_backslash_may_be_an_escape_or_itself() {
        for (text, value, verdict) in [
            (r#"say \"no\""#, r#"say "no""#, Verdict::Undetermined),
            (r#"say \"no\""#, r#"say \"no\""#, Verdict::Undetermined),
            (r#"say \"no\""#, "say no", Verdict::NoMatch),
            (r"\*", "*", Verdict::Undetermined),
            (r"\*", "x", Verdict::Undetermined),
            (r"*\", r"x\", Verdict::Match),
        ] {
            assert_eq!(Readings::of_text(text).take(value), verdict, "{text} of {value}");
        }
    }
}
