//! Patterns of fields that blanks divide (`cloudtrail.md` 5.3).
//!
//! Knows how they are written. Records of CloudTrail are no such text: nothing here evaluates them.

use super::{Number, PatternError, Value, scanner::Scanner, values};

/// One field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `...`: any number of fields.
    Rest,
    /// A name, and no condition.
    Named(String),
    /// Conditions: one of these lists must hold, all that is in it.
    Tested(Vec<Vec<Clause>>),
}

/// A condition of a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clause {
    /// The name of the field.
    pub name: String,
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`.
    pub operator: &'static str,
    /// What it is compared with.
    pub value: Value,
}

const OPERATORS: [&str; 6] = ["!=", "<=", ">=", "=", "<", ">"];

/// Reads the pattern that the scanner stands at, brackets and all, to its end.
pub(super) fn read(mut scanner: Scanner<'_>) -> Result<Vec<Field>, PatternError> {
    scanner.next();
    let mut fields = Vec::new();
    let mut regexes = 0;
    loop {
        fields.push(field(&mut scanner, &mut regexes)?);
        scanner.skip_space();
        if scanner.eat("]") {
            break;
        }
        if !scanner.eat(",") {
            return Err(scanner.wrong(
                "after a field comes a comma and the next field, or ] at the end; a value that holds blanks or signs must stand in double quotes",
            ));
        }
    }
    scanner.skip_space();
    if scanner.peek().is_some() {
        return Err(scanner.wrong("nothing may follow the closing bracket"));
    }
    Ok(fields)
}

fn field(scanner: &mut Scanner<'_>, regexes: &mut usize) -> Result<Field, PatternError> {
    scanner.skip_space();
    if scanner.eat("...") {
        return Ok(Field::Rest);
    }
    let mut alternatives: Vec<Vec<Clause>> = vec![Vec::new()];
    loop {
        let name = name(scanner)?;
        let Some(clause) = clause(scanner, name, regexes)? else {
            let is_alone = alternatives.iter().all(Vec::is_empty);
            return if is_alone {
                Ok(Field::Named(name.to_owned()))
            } else {
                Err(scanner.wrong("here a condition is missing: one of = != < <= > >= and a value"))
            };
        };
        if let Some(last) = alternatives.last_mut() {
            last.push(clause);
        }
        scanner.skip_space();
        if scanner.eat("||") {
            alternatives.push(Vec::new());
        } else if !scanner.eat("&&") {
            return Ok(Field::Tested(alternatives));
        }
    }
}

fn name<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, PatternError> {
    scanner.skip_space();
    let name = scanner.take_while(|one| one.is_alphanumeric() || one == '_');
    if name.is_empty() {
        return Err(scanner.wrong(
            "here the name of a field is missing: letters, digits and _, or ... for any number of fields, as in [ip, ..., status = 4*]",
        ));
    }
    Ok(name)
}

fn clause(
    scanner: &mut Scanner<'_>,
    name: &str,
    regexes: &mut usize,
) -> Result<Option<Clause>, PatternError> {
    scanner.skip_space();
    let Some(operator) = OPERATORS.into_iter().find(|operator| scanner.eat(operator)) else {
        return Ok(None);
    };
    scanner.skip_space();
    let start = scanner.place();
    let value = values::read(scanner, regexes)?;
    let is_number = matches!(&value, Value::Word(word) if Number::new(word).is_some());
    if !matches!(operator, "=" | "!=") && !is_number {
        return Err(scanner.wrong_at(start, format!("{operator} compares numbers, and this is none")));
    }
    Ok(Some(Clause { name: name.to_owned(), operator, value }))
}
