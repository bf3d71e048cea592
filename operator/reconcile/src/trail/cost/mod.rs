//! What a trail costs: from what was counted of it and what AWS says of its account, to two conditions and a part of status.
//!
//! Pure. Knows what stands for a month and whose part is whose; what is charged for, and at what price, is the domain's to
//! say. Times, counts and answers of AWS are handed in.

mod counted;
mod judge;
mod kept;
mod metrics;
mod share;
mod situation;
mod subject;

pub use counted::{Counted, Month, Tally, event};
pub use judge::{Judged, judge, own_lines};
pub use kept::{bucket, insight_selectors, log_group};
pub use metrics::{DayOfLogs, Metrics};
pub use share::share;
pub use situation::{Account, Costs, estimate, estimate_month};
pub use subject::{Declared, Subject};

#[cfg(test)]
mod tests;
