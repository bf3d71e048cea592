//! What a JSON pattern says.
//!
//! Knows the shape of the language. Must not know how it is read, printed or evaluated.

/// Conditions and what joins them. `&&` binds tighter than `||` (`cloudtrail.md` 5.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expression {
    /// One condition.
    Condition(Condition),
    /// All of two or more, joined by `&&`.
    All(Vec<Expression>),
    /// Any of two or more, joined by `||`.
    Any(Vec<Expression>),
}

/// What is asked about one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Condition {
    /// Which field.
    pub selector: Selector,
    /// What is asked.
    pub test: Test,
}

/// The way to a field, from the whole record on. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector(pub Vec<Step>);

/// One step of a way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// `.name`, or `.['name']`: a member of an object.
    Member(String),
    /// `.*`: every member of an object.
    AnyMember,
    /// `[0]`: an element of a list.
    Element(u32),
    /// `[*]`: every element of a list.
    AnyElement,
}

/// What is asked of a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// `=`
    Equals(Value),
    /// `!=`
    NotEquals(Value),
    /// `<`, `<=`, `>`, `>=`
    Compares(Comparison, Number),
    /// `IS NULL`
    IsNull,
    /// `IS TRUE`
    IsTrue,
    /// `IS FALSE`
    IsFalse,
    /// `NOT EXISTS`
    NotExists,
}

/// How numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// What a field is compared with, as it is written. In words and texts `*` is any run of characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Without quotes; one that is written as a number is one.
    Word(String),
    /// What stands between double quotes, backslashes and all.
    Text(String),
    /// What stands between per cent signs: a regular expression.
    Regex(String),
}

/// A number, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(String);

impl Number {
    /// `None` unless it is written like one: `[+-]? digits [. digits] [eE [+-]? digits]`. No words such as `inf`.
    pub fn new(text: &str) -> Option<Self> {
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let unsigned = |text: &'_ str| -> String { text.strip_prefix(['+', '-']).unwrap_or(text).to_owned() };
        let whole = unsigned(text);
        let (mantissa, exponent) = whole.split_once(['e', 'E']).unwrap_or((&whole, "0"));
        let (digits, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let is_number = is_digits(digits) && is_digits(fraction) && is_digits(&unsigned(exponent));
        is_number.then(|| Self(text.to_owned()))
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What it is; infinite when it is too large.
    pub fn value(&self) -> f64 {
        self.0.parse().unwrap_or(f64::INFINITY)
    }
}

impl Value {
    /// The number that a word without quotes is.
    pub fn number(&self) -> Option<Number> {
        match self {
            Self::Word(word) => Number::new(word),
            Self::Text(_) | Self::Regex(_) => None,
        }
    }
}

impl Comparison {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }

    pub(super) fn holds(self, value: f64, than: f64) -> bool {
        match self {
            Self::Less => value < than,
            Self::AtMost => value <= than,
            Self::Greater => value > than,
            Self::AtLeast => value >= than,
        }
    }
}

impl Selector {
    /// Where a step stands that takes every member or element. There is at most one (`cloudtrail.md` 5.1).
    pub(super) fn wildcard(&self) -> Option<usize> {
        self.0.iter().position(|step| matches!(step, Step::AnyMember | Step::AnyElement))
    }
}

impl Expression {
    /// Every condition, from left to right.
    pub fn conditions(&self) -> Vec<&Condition> {
        match self {
            Self::Condition(condition) => vec![condition],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::conditions).collect(),
        }
    }
}
