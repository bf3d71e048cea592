//! What one selector is to itself and to another: contradictory, wider (`cloudtrail.md` 2.2).
//!
//! Knows the sets of texts that operators stand for. Says only what is sure, whatever the event: must not say of two
//! selectors what merely is likely.

use super::{AdvancedSelector, FieldSelector, operators::Operator};

impl AdvancedSelector {
    /// `false` when surely no event can ever match: some field shuts out everything that it lets in.
    pub fn can_match(&self) -> bool {
        !self.fields.iter().any(FieldSelector::is_contradiction)
    }

    /// Whether surely everything that `other` records is recorded by this one too. Names mean nothing here.
    pub fn covers(&self, other: &Self) -> bool {
        let of_the_same_kind = self.category().is_some()
            && self.category() == other.category()
            && self.resource_type() == other.resource_type();
        let wider = |wide: &FieldSelector| {
            other.fields.iter().any(|narrow| narrow.field == wide.field && wide.covers(narrow))
        };
        of_the_same_kind && self.fields.iter().all(wider)
    }
}

impl FieldSelector {
    /// Whether surely no event can match.
    pub(super) fn is_contradiction(&self) -> bool {
        if self.field == "readOnly" && self.each_value().next().is_some() {
            return !["true", "false"].iter().any(|flag| self.takes(flag));
        }
        let mut positives = self.positives().peekable();
        positives.peek().is_some() && positives.all(|positive| self.shuts_out(positive))
    }

    /// Whether everything that this positive value lets in is shut out again.
    fn shuts_out(&self, (operator, value): (Operator, &str)) -> bool {
        self.negatives().any(|(negative, shut)| match operator {
            Operator::StartsWith => negative == Operator::NotStartsWith && value.starts_with(shut),
            Operator::EndsWith => negative == Operator::NotEndsWith && value.ends_with(shut),
            _ => negative.hits(shut, value),
        })
    }

    /// Whether it takes this very text.
    fn takes(&self, text: &str) -> bool {
        let mut positives = self.positives().peekable();
        let let_in =
            positives.peek().is_none() || positives.any(|(operator, value)| operator.hits(value, text));
        let_in && !self.negatives().any(|(operator, value)| operator.hits(value, text))
    }

    /// Whether every text that `narrow` takes is taken here.
    fn covers(&self, narrow: &Self) -> bool {
        if self == narrow {
            return true;
        }
        let mut let_in = self.positives().peekable();
        let all_let_in = let_in.peek().is_none() || {
            let mut asked = narrow.positives().peekable();
            asked.peek().is_some()
                && asked.all(|positive| self.lets_in(positive) || narrow.shuts_out(positive))
        };
        self.each_value().next().is_some()
            && all_let_in
            && self.negatives().all(|negative| narrow.avoids(negative))
    }

    /// Whether everything that this positive value of another selector lets in is let in here.
    fn lets_in(&self, (operator, value): (Operator, &str)) -> bool {
        self.positives().any(|(wide, text)| match operator {
            Operator::StartsWith => wide == Operator::StartsWith && value.starts_with(text),
            Operator::EndsWith => wide == Operator::EndsWith && value.ends_with(text),
            _ => wide.hits(text, value),
        })
    }

    /// Whether it surely takes nothing that this negative value of another selector shuts out.
    ///
    /// What it lets in proves that only where an event has one text in the field. An event with several resources may
    /// be let in for one of them and hold another that is shut out.
    fn avoids(&self, (operator, shut): (Operator, &str)) -> bool {
        let by_shutting_out = self.negatives().any(|(own, value)| match own {
            Operator::NotStartsWith => operator != Operator::NotEndsWith && shut.starts_with(value),
            Operator::NotEndsWith => operator != Operator::NotStartsWith && shut.ends_with(value),
            _ => operator == Operator::NotEquals && shut == value,
        });
        by_shutting_out || (!self.field.starts_with("resources.") && self.lets_in_only_beside(operator, shut))
    }

    /// Whether no positive value lets in what this negative value shuts out.
    fn lets_in_only_beside(&self, operator: Operator, shut: &str) -> bool {
        let mut positives = self.positives().peekable();
        positives.peek().is_some()
            && positives.all(|positive| {
                let (own, value) = positive;
                let apart = match (own, operator) {
                    (Operator::Equals, _) => !operator.hits(shut, value),
                    (Operator::StartsWith, Operator::NotEquals) => !shut.starts_with(value),
                    (Operator::StartsWith, Operator::NotStartsWith) => {
                        !shut.starts_with(value) && !value.starts_with(shut)
                    }
                    (Operator::EndsWith, Operator::NotEquals) => !shut.ends_with(value),
                    (Operator::EndsWith, Operator::NotEndsWith) => {
                        !shut.ends_with(value) && !value.ends_with(shut)
                    }
                    _ => false,
                };
                apart || self.shuts_out(positive)
            })
    }
}
