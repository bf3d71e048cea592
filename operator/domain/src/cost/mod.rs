//! What the trails of an account cost a month, and why (`cloudtrail.md` 9).
//!
//! Knows AWS's price components, the free copy of management events, and how events that were counted become a month and
//! dollars. Pure: times and counts are handed in. Must not know Kubernetes, AWS's client or how anything is printed but
//! money. What has no price of its own Region is unknown: it is never taken from another Region.

mod alarms;
mod basis;
mod bill;
mod component;
mod copies;
pub mod counting;
mod date;
mod estimate;
mod extrapolation;
mod findings;
mod flapping;
pub mod infracost;
mod money;
mod prices;
mod shares;
mod storage;
mod tiers;
mod trails;
mod volume;

#[cfg(test)]
mod tests;

pub use rust_decimal::Decimal;

pub use self::{
    alarms::{Alarm, Resolution},
    basis::{Basis, Quantity},
    bill::{BillRow, Compared, bill_rows, compare_bill},
    component::{Component, Service, UnknownComponent},
    copies::{FreeCopy, Recording},
    estimate::{Change, ComponentChange, Estimate, Line, Organization, Situation},
    extrapolation::{Extrapolated, Monthly, Sample, Window, extrapolate},
    findings::{Finding, Reason},
    flapping::worth_writing,
    money::{GIB, HOURS_A_MONTH, cents, dollars, plain, unit_price},
    prices::{Discount, Override, Overrides, PriceList, PriceRow, PriceTableError, PriceUnknown, Prices},
    shares::Share,
    storage::{PricedMonth, Retention},
    tiers::{Tier, TierPart, Tiers},
    trails::{
        Bucket, Delivered, InsightCategory, InsightSelector, InsightType, Kms, LogGroup, Object, ObjectKind,
        Reads, Regions, Topic, Trail,
    },
    volume::{Access, Category, Recorded, Volume, Volumes},
};
