//! CloudTrail's public keys, fetched once per Region (`cloudtrail.md` 4.3).
//!
//! Digests of the hourly chain are signed by keys of the window; a backfill digest by a key of the time it was made.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::context::{Context, permit};
use super::fetch::{pause, unreadable};
use crate::finding::{Fault, Reason};
use crate::report::Range;
use crate::request::Request;
use crate::signature::KeyRing;
use crate::source::{ObjectSource, ReadError};
use crate::time::{WINDOW, shifted};

/// Most hours for which keys of backfill digests are fetched: their times stand in metadata that nobody signed.
const MOST_HOURS: usize = 512;

type Ring = Arc<OnceCell<Result<Arc<KeyRing>, Fault>>>;

/// The rings fetched so far.
pub(super) struct Keys {
    window: Range,
    rings: Mutex<HashMap<(String, Option<i64>), Ring>>,
}

impl Keys {
    pub fn new(request: &Request) -> Self {
        let anchors = request.anchors.iter().map(|anchor| shifted(anchor.end, -WINDOW));
        let start = anchors.fold(request.window.start, Timestamp::min);
        Self {
            window: Range { start, end: shifted(request.window.end, SignedDuration::from_hours(2)) },
            rings: Mutex::default(),
        }
    }

    /// The ring of a Region for the window, or for an hour.
    fn ring(&self, region: &str, hour: Option<i64>) -> Result<Ring, Fault> {
        let mut rings = self.rings.lock();
        let key = (region.to_owned(), hour);
        if hour.is_some() && rings.len() > MOST_HOURS && !rings.contains_key(&key) {
            let message = format!("more than {MOST_HOURS} hours need public keys of their own");
            return Err(Fault::new(Reason::TooMuch, message));
        }
        Ok(Arc::clone(rings.entry(key).or_default()))
    }
}

impl<S: ObjectSource> Context<S> {
    /// The keys of a Region for the window, or those round the time at which a digest was made.
    pub async fn keys(&self, region: &str, made: Option<Timestamp>) -> Result<Arc<KeyRing>, Fault> {
        let hour = made.map(|made| made.as_second().div_euclid(3600));
        let range = match hour.and_then(|hour| Timestamp::from_second(hour * 3600).ok()) {
            Some(hour) => Range { start: shifted(hour, -WINDOW), end: shifted(hour, WINDOW + WINDOW) },
            None => self.keys.window,
        };
        let ring = self.keys.ring(region, hour)?;
        ring.get_or_init(|| self.fetch_keys(region, range)).await.clone()
    }

    async fn fetch_keys(&self, region: &str, range: Range) -> Result<Arc<KeyRing>, Fault> {
        let limits = &self.request.limits;
        let mut tries = 0;
        loop {
            let answer = {
                let _permit = permit(&self.requests).await;
                timeout(limits.idle, self.source.public_keys(region, range.start, range.end)).await
            };
            let error = match answer {
                Ok(Ok(keys)) => return Ok(Arc::new(KeyRing::new(keys))),
                Ok(Err(error)) => error,
                Err(_) => ReadError::Retry(format!("no answer within {:?}", limits.idle)),
            };
            tries += 1;
            if !matches!(error, ReadError::Retry(_)) || tries >= limits.attempts {
                let Fault { reason, message, .. } = unreadable(&error);
                return Err(Fault::new(reason, format!("CloudTrail's public keys in {region}: {message}")));
            }
            tokio::time::sleep(pause(limits.pause, tries)).await;
        }
    }
}
