//! Reads selectors (`cloudtrail.md` 5.2).
//!
//! Knows how fields are written. Must not know conditions.

use super::{PatternError, Selector, Step, print::is_of_name, scanner::Scanner};

/// Reads the selector that the scanner stands at.
pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<Selector, PatternError> {
    let start = scanner.place();
    scanner.next();
    let mut steps = Vec::new();
    loop {
        let place = scanner.place();
        let step = match scanner.peek() {
            Some('.') => after_dot(scanner)?,
            Some('[') => in_brackets(scanner)?,
            _ => break,
        };
        let is_wildcard = |step: &Step| matches!(step, Step::AnyMember | Step::AnyElement);
        if is_wildcard(&step) && steps.iter().any(is_wildcard) {
            return Err(scanner.wrong_at(
                place,
                "a selector takes one wildcard (.* or [*]) and this is its second; name the field or the element here",
            ));
        }
        steps.push(step);
    }
    if steps.is_empty() {
        return Err(scanner.wrong_at(
            start,
            "$ stands for the whole record and needs the name of a field, as in $.eventName or $.userIdentity.type",
        ));
    }
    Ok(Selector(steps))
}

fn after_dot(scanner: &mut Scanner<'_>) -> Result<Step, PatternError> {
    scanner.next();
    if scanner.eat("*") {
        return Ok(Step::AnyMember);
    }
    if scanner.peek() == Some('[') {
        return match in_brackets(&mut scanner.clone())? {
            Step::Member(_) => in_brackets(scanner),
            _ => Err(scanner.wrong("an element of a list is written without the dot, as in $.resources[0]")),
        };
    }
    let name = scanner.take_while(is_of_name);
    if name.is_empty() {
        return Err(scanner.wrong(
            "here the name of a field is missing: letters, digits, _ and -; a name with other characters is written .['the name'], and .* stands for every field",
        ));
    }
    Ok(Step::Member(name.to_owned()))
}

fn in_brackets(scanner: &mut Scanner<'_>) -> Result<Step, PatternError> {
    let start = scanner.place();
    scanner.next();
    let step = match scanner.peek() {
        Some('*') => {
            scanner.next();
            Step::AnyElement
        }
        Some(quote @ ('\'' | '"')) => {
            scanner.next();
            let name = scanner.take_while(|one| one != quote);
            if name.is_empty() || scanner.next().is_none() {
                return Err(scanner.wrong_at(
                    start,
                    "between .[' and '] stands the name of a field, as in $.['cluster.name']",
                ));
            }
            Step::Member(name.to_owned())
        }
        _ => {
            let place = scanner.place();
            let digits = scanner.take_while(|one| one.is_ascii_digit());
            let Ok(index) = digits.parse() else {
                return Err(scanner.wrong_at(
                    place,
                    "between [ and ] stands the place of an element, counted from 0, or * for every element, as in $.resources[0].type",
                ));
            };
            Step::Element(index)
        }
    };
    if scanner.eat("]") {
        return Ok(step);
    }
    Err(scanner.wrong("here a ] is missing"))
}
