//! Whether a selector admits an event (`cloudtrail.md` 2.2).
//!
//! Knows how fields and operators are evaluated over a record. Where AWS documents nothing, or the record does not tell,
//! the answer is that it is not determined: it must never guess.

use std::ops::Not;

use super::{
    AdvancedSelector, FieldSelector, Record,
    basic::DYNAMODB_TABLE,
    operators::Operator,
    record::{Resource, ResourceArn},
};

/// Whether an event is admitted. Three answers, combined as in Kleene's logic: what is undetermined stays so unless the
/// other part decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Neither AWS's documentation nor the record tells.
    Undetermined,
}

impl Admission {
    /// Whether both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Undetermined,
        }
    }

    /// Whether at least one holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        !(!self).and(!other)
    }
}

impl Not for Admission {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Undetermined => Self::Undetermined,
        }
    }
}

impl From<bool> for Admission {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl AdvancedSelector {
    /// Whether it admits this event: whether all its fields do.
    pub fn admits(&self, record: &Record) -> Admission {
        // CloudTrail makes these itself; Insights and aggregation have switches of their own (`cloudtrail.md` 2.7, 2.8).
        if matches!(record.category.as_deref(), Some("Insight" | "Aggregated")) {
            return Admission::No;
        }
        // AWS takes no selector without exactly one category, so nobody knows what it would record.
        if self.category().is_none() {
            return Admission::Undetermined;
        }
        self.fields.iter().fold(Admission::Yes, |so_far, field| so_far.and(self.field_admits(field, record)))
    }

    fn field_admits(&self, field: &FieldSelector, record: &Record) -> Admission {
        match field.field.as_str() {
            "eventCategory" => field.admits_text(record.category.as_deref()),
            "eventSource" => field.admits_text(record.event_source.as_deref()),
            "eventName" => field.admits_text(record.event_name.as_deref()),
            "eventType" => field.admits_text(record.event_type.as_deref()),
            "readOnly" => field.admits_text(record.read_only.as_deref()),
            "userIdentity.arn" => field.admits_text(record.user_arn.as_deref()),
            "sessionCredentialFromConsole" => {
                field.admits_console(record.session_credential_from_console.as_deref())
            }
            "errorCode" => field.admits_rare(record.error_code.as_deref()),
            "vpcEndpointId" => field.admits_rare(record.vpc_endpoint_id.as_deref()),
            "resources.type" => field.admits_types(&record.resources),
            "resources.ARN" => {
                self.resource_type().map_or(Admission::Undetermined, |kind| field.admits_arns(kind, record))
            }
            _ => Admission::Undetermined,
        }
    }
}

impl FieldSelector {
    /// Positive values are OR-ed; every negative one must miss. `hit` tells whether a value hits.
    fn evaluate(&self, hit: impl Fn(Operator, &str) -> Admission) -> Admission {
        let positive = self.any_positive(&hit);
        self.negatives().fold(positive, |so_far, (operator, value)| so_far.and(!hit(operator, value)))
    }

    /// A field without positive values lets everything in. One without any values is taken by nobody.
    fn any_positive(&self, hit: impl Fn(Operator, &str) -> Admission) -> Admission {
        if self.each_value().next().is_none() {
            return Admission::Undetermined;
        }
        self.positives()
            .map(|(operator, value)| hit(operator, value))
            .reduce(Admission::or)
            .unwrap_or(Admission::Yes)
    }

    /// Over what every record has; where it is missing nobody knows.
    fn admits_text(&self, text: Option<&str>) -> Admission {
        self.evaluate(|operator, value| {
            text.map_or(Admission::Undetermined, |text| operator.hits(value, text).into())
        })
    }

    /// Over what few records have: a value cannot be hit by what is not there, and what that means for negative values
    /// is documented nowhere.
    fn admits_rare(&self, text: Option<&str>) -> Admission {
        self.evaluate(|operator, value| match text {
            Some(text) => operator.hits(value, text).into(),
            None if operator.is_negative() => Admission::Undetermined,
            None => Admission::No,
        })
    }

    /// Records have it only where it is true, and the documented values ask for nothing else.
    fn admits_console(&self, text: Option<&str>) -> Admission {
        self.evaluate(|operator, value| match (text, operator) {
            (Some(text), _) => operator.hits(value, text).into(),
            (None, Operator::Equals | Operator::NotEquals) if value == "true" => Admission::No,
            _ => Admission::Undetermined,
        })
    }

    /// Any of the event's resources may be of the type. AWS knows no operator but Equals here.
    fn admits_types(&self, resources: &[Resource]) -> Admission {
        self.evaluate(|operator, value| {
            if operator != Operator::Equals || resources.is_empty() {
                return Admission::Undetermined;
            }
            let each = resources.iter().map(|resource| resource.is_of(value));
            each.fold(Admission::No, Admission::or)
        })
    }

    /// Over the resources of the selector's type. An event with several of them is let in by any; what happens when a
    /// negative value hits some of them only is documented nowhere.
    fn admits_arns(&self, kind: &str, record: &Record) -> Admission {
        let of_kind = |resource: &&Resource| resource.is_of(kind) == Admission::Yes;
        let resources = record.resources.iter().filter(of_kind).collect::<Vec<_>>();
        if resources.is_empty() {
            return Admission::Undetermined;
        }
        let let_in = self.any_positive(|operator, value| {
            let each = resources.iter().map(|resource| resource.hit(kind, operator, value));
            each.fold(Admission::No, Admission::or)
        });
        let shut_out = resources.iter().map(|resource| {
            let each = self.negatives().map(|(operator, value)| resource.hit(kind, operator, value));
            each.fold(Admission::No, Admission::or)
        });
        let agreed = shut_out.reduce(|one, other| if one == other { one } else { Admission::Undetermined });
        let_in.and(!agreed.unwrap_or(Admission::Undetermined))
    }
}

impl Resource {
    /// Whether it is of this type. Tables' selectors record the calls on their streams too (`cloudtrail.md` 2.1).
    fn is_of(&self, kind: &str) -> Admission {
        self.kind.as_deref().map_or(Admission::Undetermined, |own| {
            (own == kind || (kind == DYNAMODB_TABLE && own == "AWS::DynamoDB::Stream")).into()
        })
    }

    /// Whether a value of `resources.ARN` in a selector of this type hits it.
    fn hit(&self, kind: &str, operator: Operator, value: &str) -> Admission {
        let (direct, text) = match &self.arn {
            ResourceArn::Whole(arn) => (operator.hits(value, arn).into(), arn),
            ResourceArn::Prefix(prefix) => (hits_beginning(operator, value, prefix), prefix),
            ResourceArn::Untold => return Admission::Undetermined,
        };
        // A stream that a table's selector takes: whether AWS compares the stream's ARN or its table's with whole values
        // is not known (`cloudtrail.md` 2.4).
        let borrowed = self.kind.as_deref() != Some(kind);
        let table = text.split_once("/stream/").map(|(table, _)| table).filter(|_| borrowed);
        if direct == Admission::No && table.is_some_and(|table| operator.hits(value, table)) {
            return Admission::Undetermined;
        }
        direct
    }
}

/// Whether a value hits an ARN of which only the beginning is told.
fn hits_beginning(operator: Operator, value: &str, beginning: &str) -> Admission {
    match operator {
        Operator::StartsWith | Operator::NotStartsWith if beginning.starts_with(value) => Admission::Yes,
        Operator::EndsWith | Operator::NotEndsWith => Admission::Undetermined,
        _ if value.starts_with(beginning) => Admission::Undetermined,
        _ => Admission::No,
    }
}
