//! Reads JSON patterns (`cloudtrail.md` 5.2): parentheses bind first, then `&&`, then `||`.
//!
//! Knows the grammar and what people write in its stead. Must not know what a pattern means.

use super::{
    Comparison, Condition, Expression, Number, PatternError, Selector, Test, Value, scanner::Scanner,
    selector, values,
};

/// How deep parentheses may stand in each other here: far more than anybody can read.
const DEEPEST: usize = 64;
/// Selectors with a wildcard that a pattern may have (`cloudtrail.md` 5.1).
const MOST_WILDCARDS: usize = 3;

/// Reads the pattern that the scanner stands at, braces and all, to its end.
pub(super) fn read(scanner: Scanner<'_>) -> Result<Expression, PatternError> {
    let mut reader = Reader { scanner, regexes: 0, wildcards: 0 };
    reader.scanner.next();
    let expression = reader.any(0)?;
    if !reader.scanner.eat("}") {
        return Err(reader.no_join(false));
    }
    reader.scanner.skip_space();
    if reader.scanner.peek().is_some() {
        return Err(reader
            .scanner
            .wrong("nothing may follow the closing brace; join conditions within the braces, by && or ||"));
    }
    Ok(expression)
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    regexes: usize,
    wildcards: usize,
}

impl Reader<'_> {
    fn any(&mut self, depth: usize) -> Result<Expression, PatternError> {
        self.joined("||", Expression::Any, |reader| {
            reader.joined("&&", Expression::All, |reader| reader.one(depth))
        })
    }

    fn joined(
        &mut self,
        join: &str,
        whole: fn(Vec<Expression>) -> Expression,
        part: impl Fn(&mut Self) -> Result<Expression, PatternError>,
    ) -> Result<Expression, PatternError> {
        let first = part(self)?;
        self.scanner.skip_space();
        if !self.scanner.rest().starts_with(join) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.scanner.eat(join) {
            parts.push(part(self)?);
            self.scanner.skip_space();
        }
        Ok(whole(parts))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, PatternError> {
        self.scanner.skip_space();
        match self.scanner.peek() {
            Some('$') => Ok(Expression::Condition(self.condition()?)),
            Some('(') if depth == DEEPEST => {
                Err(self.scanner.wrong(format!("parentheses stand more than {DEEPEST} deep in each other here; leave out those that change nothing")))
            }
            Some('(') => {
                let start = self.scanner.place();
                self.scanner.next();
                let expression = self.any(depth + 1)?;
                if self.scanner.eat(")") {
                    Ok(expression)
                } else if self.scanner.peek().is_none() || self.scanner.peek() == Some('}') {
                    Err(self.scanner.wrong_at(start, "this parenthesis is not closed"))
                } else {
                    Err(self.no_join(true))
                }
            }
            other => Err(self.scanner.wrong(no_condition(other))),
        }
    }

    fn condition(&mut self) -> Result<Condition, PatternError> {
        let start = self.scanner.place();
        let selector = selector::read(&mut self.scanner)?;
        self.wildcards += usize::from(selector.wildcard().is_some());
        if self.wildcards > MOST_WILDCARDS {
            return Err(self.scanner.wrong_at(
                start,
                format!("a pattern takes {MOST_WILDCARDS} selectors with a wildcard and this is one more; name the field or the element here"),
            ));
        }
        let test = self.test(&selector)?;
        Ok(Condition { selector, test })
    }

    fn test(&mut self, selector: &Selector) -> Result<Test, PatternError> {
        self.scanner.skip_space();
        let start = self.scanner.place();
        let symbol = self.scanner.take_while(|one| "=!<>~".contains(one));
        let comparison = match symbol {
            "" => return self.words(selector),
            "=" => return self.value().map(Test::Equals),
            "!=" => return self.value().map(Test::NotEquals),
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            ">" => Comparison::Greater,
            ">=" => Comparison::AtLeast,
            "==" => return Err(self.scanner.wrong_at(start, "equality is written with one sign: =")),
            "<>" | "!==" | "!" => return Err(self.scanner.wrong_at(start, "inequality is written !=")),
            "=<" | "=>" => return Err(self.scanner.wrong_at(start, "the equals sign comes last: <= or >=")),
            _ => {
                return Err(self.scanner.wrong_at(
                    start,
                    format!("{symbol} is no operator: there are = != < <= > >=; a regular expression follows =, as in $.eventName = %^Delete%"),
                ));
            }
        };
        Ok(Test::Compares(comparison, self.number(comparison)?))
    }

    fn value(&mut self) -> Result<Value, PatternError> {
        self.scanner.skip_space();
        values::read(&mut self.scanner, &mut self.regexes)
    }

    fn number(&mut self, comparison: Comparison) -> Result<Number, PatternError> {
        self.scanner.skip_space();
        let start = self.scanner.place();
        let value = self.value()?;
        value.number().ok_or_else(|| {
            let symbol = comparison.symbol();
            self.scanner.wrong_at(
                start,
                format!("{symbol} compares numbers, written without quotes and without *, as in 10, -1.5 or 1e3; texts can only be compared by = and !="),
            )
        })
    }

    /// `IS …` and `NOT EXISTS`.
    fn words(&mut self, selector: &Selector) -> Result<Test, PatternError> {
        let start = self.scanner.place();
        let first = self.scanner.take_while(char::is_alphabetic);
        self.scanner.skip_space();
        let place = self.scanner.place();
        let second = self.scanner.take_while(char::is_alphabetic);
        let (at, message) = match (first, second) {
            ("IS", "NULL") => return Ok(Test::IsNull),
            ("IS", "TRUE") => return Ok(Test::IsTrue),
            ("IS", "FALSE") => return Ok(Test::IsFalse),
            ("NOT", "EXISTS") => return Ok(Test::NotExists),
            ("IS", "NOT") => (
                start,
                format!(
                    "CloudWatch Logs knows no IS NOT: a text that is there is {selector} = \"*\", a value that is not something is !="
                ),
            ),
            ("EXISTS", _) => (
                start,
                format!(
                    "CloudWatch Logs knows NOT EXISTS, but no EXISTS: a text that is there is {selector} = \"*\""
                ),
            ),
            ("IS", _) => (place, "after IS comes NULL, TRUE or FALSE, in capitals".to_owned()),
            ("NOT", _) => {
                (place, "after NOT comes EXISTS, in capitals; there is no other NOT: use !=".to_owned())
            }
            _ => (start, no_operator(first)),
        };
        Err(self.scanner.wrong_at(at, message))
    }

    /// What stands where `&&`, `||` or the end belongs.
    fn no_join(&self, in_parentheses: bool) -> PatternError {
        let close = if in_parentheses { ")" } else { "}" };
        let rest = self.scanner.rest();
        let word = rest.split(|one: char| !one.is_alphabetic()).next().unwrap_or_default();
        let message = match rest.chars().next() {
            None => return self.scanner.wrong(format!("the pattern ends before its {close}")),
            Some('&') => "and is written &&".to_owned(),
            Some('|') => "or is written ||".to_owned(),
            Some(')') => "this parenthesis closes none; leave it out, or open one before".to_owned(),
            Some(',') => {
                "conditions are joined by && (both hold) or || (one holds), not by commas".to_owned()
            }
            Some(_) if word.eq_ignore_ascii_case("and") => "and is written &&".to_owned(),
            Some(_) if word.eq_ignore_ascii_case("or") => "or is written ||".to_owned(),
            Some(_) => format!(
                "after a condition comes &&, || or {close}; a value that holds blanks or signs must stand in double quotes"
            ),
        };
        self.scanner.wrong(message)
    }
}

/// What stands where a condition belongs.
fn no_condition(found: Option<char>) -> &'static str {
    match found {
        None => "the pattern ends where a condition belongs, such as $.eventName = \"DeleteTrail\"",
        Some('}' | ')') => "here a condition is missing, such as $.eventName = \"DeleteTrail\"",
        Some('!') => {
            "there is no ! for a whole condition; use != or NOT EXISTS, or turn the condition around"
        }
        Some('{') => "a pattern has one pair of braces; conditions are grouped by parentheses",
        Some('"') => {
            "each value needs a condition of its own: write the field before it, as in ($.eventName = \"A\") || ($.eventName = \"B\")"
        }
        Some(_) => {
            "here a condition belongs, and it begins with a field: $. and its name, as in $.eventName = \"DeleteTrail\""
        }
    }
}

/// What stands where an operator belongs.
fn no_operator(word: &str) -> String {
    const OPERATORS: &str = "= != < <= > >=, IS NULL, IS TRUE, IS FALSE or NOT EXISTS";
    match word.to_ascii_uppercase().as_str() {
        "" => format!("here an operator is missing: {OPERATORS}"),
        "IS" | "NOT" | "EXISTS" => "IS NULL, IS TRUE, IS FALSE and NOT EXISTS are written in capitals".to_owned(),
        "IN" => "CloudWatch Logs knows no IN: write one condition for each value and join them by ||".to_owned(),
        "CIDR" => "CloudWatch Logs knows no ranges of addresses: compare with a word such as 10.0.*, or a regular expression such as %^10\\.0\\.%".to_owned(),
        "LIKE" | "CONTAINS" | "MATCHES" | "STARTSWITH" | "ENDSWITH" => {
            format!("CloudWatch Logs knows no {word}: use = with * at an end of the text, or = with a regular expression between per cent signs")
        }
        "EQ" | "EQUALS" => "equality is written =".to_owned(),
        "NE" => "inequality is written !=".to_owned(),
        _ => format!("{word} is no operator: after a field comes {OPERATORS}"),
    }
}
