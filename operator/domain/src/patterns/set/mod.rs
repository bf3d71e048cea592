//! Many patterns, evaluated together in one pass over an event.
//!
//! Knows how the conditions of all patterns are brought together and answered. Must not know what single values mean.

mod leaf;
mod paths;
mod read;
mod trie;

use std::collections::{BTreeSet, HashMap};

pub(crate) use self::paths::Paths;
use self::{
    leaf::{Leaf, State},
    trie::Trie,
};
use super::{
    Condition, Expression, Form, Pattern, Selector, Term, Test, Value, Verdict, judge::Scalar, terms,
};

/// Patterns, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Patterns {
    judged: Vec<Judged>,
    trie: Trie,
    slots: Vec<Slot>,
    /// What leaves say when nothing is there.
    nothing: Vec<State>,
}

/// What is kept from event to event, so that evaluating allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    states: Vec<State>,
    verdicts: Vec<Verdict>,
}

/// What was given is not the JSON object that a record of CloudTrail is. CloudWatch Logs matches no JSON pattern on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a record of CloudTrail, one JSON object: {0}")]
pub struct NotAnEvent(String);

/// How one pattern is judged.
#[derive(Clone, Debug)]
enum Judged {
    Always(Verdict),
    Terms(Vec<Term>),
    Tree(Tree),
}

/// An expression over leaves.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(usize),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

/// What is asked about one selector, by all patterns together.
#[derive(Clone, Debug, Default)]
struct Slot {
    /// Texts that are asked about by nothing but `=`, and the leaves that match them: one look answers them all.
    words: HashMap<Box<str>, Vec<usize>>,
    leaves: Vec<(usize, Leaf)>,
}

impl Patterns {
    /// All of these. What several ask alike is asked once.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a Pattern>) -> Self {
        let mut builder = Builder::default();
        let judged = patterns.into_iter().map(|pattern| match &pattern.form {
            Form::Everything => Judged::Always(Verdict::Match),
            // Whether a record of JSON has fields that blanks divide depends on every blank in it.
            Form::Delimited(_) => Judged::Always(Verdict::Undetermined),
            Form::Terms(terms) => Judged::Terms(terms.clone()),
            Form::Json(expression) => Judged::Tree(builder.tree(expression)),
        });
        let judged = judged.collect();
        let Builder { selectors, slots, nothing, .. } = builder;
        Self { judged, trie: Trie::new(&selectors), slots, nothing }
    }

    /// Whether each of them matches an event, one record of CloudTrail as JSON, in the order they were given.
    pub fn evaluate<'s>(&self, event: &str, scratch: &'s mut Scratch) -> Result<&'s [Verdict], NotAnEvent> {
        scratch.states.clone_from(&self.nothing);
        read::read(event, &self.trie, |slot, found| {
            let Some(slot) = self.slots.get(slot) else { return };
            slot.take(found, &mut scratch.states);
        })
        .map_err(|error| NotAnEvent(error.to_string()))?;
        scratch.verdicts.clear();
        let verdicts = self.judged.iter().map(|judged| match judged {
            Judged::Always(verdict) => *verdict,
            Judged::Terms(terms) => terms::judge(terms, event),
            Judged::Tree(tree) => tree.judge(&scratch.states),
        });
        scratch.verdicts.extend(verdicts);
        Ok(&scratch.verdicts)
    }
}

impl Slot {
    /// `None` is an object or a list.
    fn take(&self, found: Option<Scalar<'_>>, states: &mut [State]) {
        let matched = match found {
            Some(Scalar::Text(text)) => self.words.get(text).map(Vec::as_slice).unwrap_or_default(),
            _ => &[],
        };
        for place in matched {
            if let Some(state) = states.get_mut(*place) {
                *state = State::Match;
            }
        }
        for (place, leaf) in &self.leaves {
            if let Some(state) = states.get_mut(*place) {
                *state = leaf.after(*state, found);
            }
        }
    }
}

impl Tree {
    fn judge(&self, states: &[State]) -> Verdict {
        match self {
            Self::Leaf(place) => states.get(*place).map_or(Verdict::Undetermined, |state| state.verdict()),
            Self::All(parts) => {
                let mut verdict = Verdict::Match;
                for part in parts {
                    verdict = verdict.and(part.judge(states));
                    if verdict == Verdict::NoMatch {
                        break;
                    }
                }
                verdict
            }
            Self::Any(parts) => {
                let mut verdict = Verdict::NoMatch;
                for part in parts {
                    verdict = verdict.or(part.judge(states));
                    if verdict == Verdict::Match {
                        break;
                    }
                }
                verdict
            }
        }
    }
}

/// What a leaf asks: those that ask the same are one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Question {
    /// Whether the value is one of these texts.
    OneOf(BTreeSet<String>),
    Test(Test),
}

#[derive(Default)]
struct Builder {
    selectors: Vec<Selector>,
    slots: Vec<Slot>,
    nothing: Vec<State>,
    by_selector: HashMap<Selector, usize>,
    known: HashMap<(usize, Question), usize>,
}

impl Builder {
    fn tree(&mut self, expression: &Expression) -> Tree {
        match expression {
            Expression::Condition(condition) => self.condition(condition),
            Expression::All(parts) => Tree::All(parts.iter().map(|part| self.tree(part)).collect()),
            Expression::Any(parts) => self.any(parts),
        }
    }

    fn condition(&mut self, condition: &Condition) -> Tree {
        let question = match plain_text(condition) {
            Some(text) => Question::OneOf(BTreeSet::from([text.to_owned()])),
            None => Question::Test(condition.test.clone()),
        };
        Tree::Leaf(self.leaf(&condition.selector, question))
    }

    /// Alternatives that compare one selector with plain texts are one question.
    fn any(&mut self, parts: &[Expression]) -> Tree {
        let mut texts: Vec<(&Selector, BTreeSet<String>)> = Vec::new();
        let mut trees = Vec::new();
        for part in parts {
            let plain = match part {
                Expression::Condition(condition) => {
                    plain_text(condition).map(|text| (&condition.selector, text))
                }
                Expression::All(_) | Expression::Any(_) => None,
            };
            match plain {
                None => trees.push(self.tree(part)),
                Some((selector, text)) => match texts.iter_mut().find(|(known, _)| *known == selector) {
                    Some((_, known)) => drop(known.insert(text.to_owned())),
                    None => texts.push((selector, BTreeSet::from([text.to_owned()]))),
                },
            }
        }
        let of_texts = texts
            .into_iter()
            .map(|(selector, texts)| Tree::Leaf(self.leaf(selector, Question::OneOf(texts))));
        trees.extend(of_texts.collect::<Vec<_>>());
        match trees.pop() {
            Some(only) if trees.is_empty() => only,
            last => {
                trees.extend(last);
                Tree::Any(trees)
            }
        }
    }

    fn leaf(&mut self, selector: &Selector, question: Question) -> usize {
        let next = self.slots.len();
        let place = *self.by_selector.entry(selector.clone()).or_insert(next);
        if place == next {
            self.selectors.push(selector.clone());
            self.slots.push(Slot::default());
        }
        if let Some(known) = self.known.get(&(place, question.clone())) {
            return *known;
        }
        let leaf = self.nothing.len();
        if let Some(slot) = self.slots.get_mut(place) {
            match &question {
                Question::OneOf(texts) => {
                    for text in texts {
                        slot.words.entry(text.as_str().into()).or_default().push(leaf);
                    }
                    self.nothing.push(State::NoMatch);
                }
                Question::Test(test) => {
                    let test = Leaf::new(test, selector);
                    self.nothing.push(test.nothing());
                    slot.leaves.push((leaf, test));
                }
            }
        }
        self.known.insert((place, question), leaf);
        leaf
    }
}

/// The text that a field must equal, where that is all there is to the condition: no star, no other reading.
fn plain_text(condition: &Condition) -> Option<&str> {
    match &condition.test {
        Test::Equals(value @ (Value::Word(text) | Value::Text(text)))
            if value.is_text() && !text.contains('*') =>
        {
            Some(text)
        }
        _ => None,
    }
}
