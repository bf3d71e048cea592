//! Log file validation of one trail: when to run, what to read, what follows. Pure; the engine and the threads are
//! elsewhere.
//!
//! A run begins from status alone, so that a restart neither repeats nor skips: it first looks back over what was
//! verified already (`look`), which gives the digests from which it goes on (`onward`) if they are those that status
//! holds a hash of; then it reads again what was amiss before (`again`). docs/decisions/0011 says why.

mod coverage;
mod findings;
mod judge;
mod ledger;
mod merge;
mod requests;
mod schedule;
#[cfg(test)]
mod tests;

pub use coverage::{Coverage, Pair};
pub use findings::Open;
pub use judge::{Judged, judge};
pub use ledger::{Claim, Counted, Explained, Ledger, Location, Seal};
pub use merge::{Run, goes_on_from, merge, through};
pub use requests::{Facts, Subject, again, deep, look, onward, start};
pub use schedule::{Work, due};
