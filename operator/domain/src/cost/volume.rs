//! How many events of which kind there are in a month. Plain data; must not know prices.

use rust_decimal::Decimal;

use super::{Basis, Object};

/// A category of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// `Management`
    Management,
    /// `Data`
    Data,
    /// `NetworkActivity`
    NetworkActivity,
    /// `Insight`
    Insight,
    /// Whatever else a record says: `Aggregated`, and what AWS thinks of next.
    Other,
}

impl Category {
    /// From a record's `eventCategory`.
    pub fn of(name: &str) -> Self {
        match name {
            "Management" => Self::Management,
            "Data" => Self::Data,
            "NetworkActivity" => Self::NetworkActivity,
            "Insight" => Self::Insight,
            _ => Self::Other,
        }
    }
}

/// Whether events only read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// They do.
    Read,
    /// They change something.
    Write,
    /// Nobody says.
    Unsaid,
}

impl Access {
    /// As a record's `readOnly`.
    pub fn read_only(self) -> Option<bool> {
        match self {
            Self::Read => Some(true),
            Self::Write => Some(false),
            Self::Unsaid => None,
        }
    }

    /// From a record's `readOnly`.
    pub fn of(read_only: Option<bool>) -> Self {
        match read_only {
            Some(true) => Self::Read,
            Some(false) => Self::Write,
            None => Self::Unsaid,
        }
    }
}

/// Events of one kind in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The account they are delivered for, which pays for them.
    pub account: String,
    /// Their Region.
    pub region: String,
    /// The service they come from; empty where nobody says.
    pub source: String,
    /// Whether they only read.
    pub access: Access,
    /// How many in a month; less than nothing counts as nothing.
    pub events: Decimal,
    /// Where that comes from.
    pub basis: Basis,
}

/// Events that one trail recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// ARN of the trail.
    pub trail: String,
    /// The object whose selector recorded them; the trail's own where that is not known.
    pub object: Option<Object>,
    /// `Data` or `NetworkActivity`; others have no place here.
    pub category: Category,
    /// How many.
    pub volume: Volume,
}

/// Everything that happens in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volumes {
    /// Management events that happen, once each, however many trails record them.
    pub management: Vec<Volume>,
    /// Data and network activity events, once for each trail that records them.
    pub recorded: Vec<Recorded>,
}
