//! Reads one object: opens it, inflates and hashes it as it comes, tries again what failed on the way.
//!
//! Evidence of change is believed only when a second read shows it too: an alarm must not come from a flipped bit on the
//! way. What cannot be read is never evidence.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use super::context::{Context, permit};
use super::hooks::{LogFileObserver, Observer};
use crate::content::{Content, ContentError, Reader};
use crate::finding::{Fault, Reason, Severity, shortened};
use crate::names::{Chain, Object};
use crate::source::{ObjectBody, ObjectSource, OpenObject, ReadError};

/// So much of an object is gathered before a hashing thread takes it.
const GATHERED: usize = 256 * 1024;
/// Objects up to this size are hashed where they are read: a change of threads would cost as much.
const SMALL: usize = 64 * 1024;
/// Files up to this size may be held whole, as many as there are requests in flight.
const HELD: usize = 1 << 20;

/// One object as it was read.
pub(super) struct Fetched {
    pub metadata: BTreeMap<String, String>,
    pub content: Content,
    /// Its bytes, where they were asked for.
    pub raw: Option<Vec<u8>>,
    /// Who saw them.
    pub observed: Option<Box<dyn LogFileObserver>>,
}

/// What was made of an object that was read.
pub(super) struct Judged<'a, T> {
    pub value: T,
    /// Kept while the value is: what is large is held by few at a time.
    pub large: Option<SemaphorePermit<'a>>,
}

/// How an object is read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    /// More inflated bytes are refused.
    pub limit: u64,
    /// Whether its bytes are wanted.
    pub keep: bool,
    /// Who is to see them as they come, of which chain.
    pub observer: Option<(&'a dyn Observer, &'a Chain)>,
    /// What damage means for this kind of file.
    pub unsound: fn(ContentError) -> Fault,
}

/// Why there is no object to judge.
#[derive(Debug)]
pub(super) enum Failure {
    Absent,
    Fault(Fault),
}

enum Attempt {
    Again(String),
    Outgrown,
    Failed(Failure),
    Unsound(ContentError),
}

impl<S: ObjectSource> Context<S> {
    /// Reads an object and judges it.
    pub async fn read<T>(
        &self,
        object: &Object,
        reading: Reading<'_>,
        judge: impl Fn(Fetched) -> Result<T, Fault>,
    ) -> Result<Judged<'_, T>, Failure> {
        let limits = &self.request.limits;
        let (mut tries, mut seen_before, mut most) = (0, false, HELD);
        loop {
            let large = if most > HELD { permit(&self.large).await } else { None };
            let result = match timeout(limits.transfer, self.attempt(object, reading, most)).await {
                Ok(result) => result,
                Err(_) => Err(Attempt::Again(format!("it was not there after {:?}", limits.transfer))),
            };
            let fault = match result {
                Ok(fetched) => match judge(fetched) {
                    Ok(value) => return Ok(Judged { value, large }),
                    Err(fault) => fault,
                },
                Err(Attempt::Unsound(error)) => (reading.unsound)(error),
                Err(Attempt::Failed(failure)) => return Err(failure),
                Err(Attempt::Outgrown) => {
                    // The reader's limit holds.
                    most = usize::MAX;
                    continue;
                }
                Err(Attempt::Again(why)) => {
                    tries += 1;
                    if tries >= limits.attempts {
                        let message =
                            format!("it could not be read after {tries} attempts: {}", shortened(&why));
                        return Err(Failure::Fault(Fault::new(Reason::ObjectUnreadable, message)));
                    }
                    drop(large);
                    tokio::time::sleep(pause(limits.pause, tries)).await;
                    continue;
                }
            };
            if fault.severity != Severity::Error || seen_before {
                return Err(Failure::Fault(fault));
            }
            seen_before = true;
        }
    }

    async fn attempt(&self, object: &Object, reading: Reading<'_>, most: usize) -> Result<Fetched, Attempt> {
        let idle = self.request.limits.idle;
        let _permit = permit(&self.requests).await;
        let opened = timeout(idle, self.source.get(&object.bucket, &object.key)).await;
        let opened = opened.map_err(|_| Attempt::Again(format!("no answer within {idle:?}")))?;
        let OpenObject { size, metadata, mut body } = opened.map_err(failed)?;
        let mut hashing = Hashing::new(object, reading, most);
        let (mut gathered, mut received, mut hashed) = (Vec::new(), 0_u64, 0_u64);
        loop {
            let piece = timeout(idle, body.next()).await;
            let piece =
                piece.map_err(|_| Attempt::Again(format!("nothing came for {idle:?}")))?.map_err(failed)?;
            let Some(piece) = piece else { break };
            received += piece.len() as u64;
            gathered.push(piece);
            if received > reading.limit {
                return Err(Attempt::Unsound(ContentError::TooLarge(reading.limit)));
            }
            if received - hashed >= GATHERED as u64 {
                hashed = received;
                hashing = self.hash(hashing, std::mem::take(&mut gathered)).await?;
            }
        }
        if let Some(size) = size.filter(|size| *size != received) {
            return Err(Attempt::Again(format!("the transfer ended after {received} of {size} bytes")));
        }
        if received <= SMALL as u64 {
            hashing.push(&gathered)?;
        } else {
            hashing = self.hash(hashing, gathered).await?;
        }
        let content = hashing.reader.finish().map_err(Attempt::Unsound)?;
        Ok(Fetched { metadata, content, raw: hashing.kept, observed: hashing.observed })
    }

    /// Inflates and hashes pieces on a thread where that may take long.
    async fn hash(&self, mut hashing: Box<Hashing>, pieces: Vec<Bytes>) -> Result<Box<Hashing>, Attempt> {
        self.compute(move || hashing.push(&pieces).map(|()| hashing))
            .await
            .unwrap_or_else(|| Err(Attempt::Again("hashing was interrupted".to_owned())))
    }

    /// Runs something on a thread where it may take long, as many at once as there are hashers.
    pub async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let permit = Arc::clone(&self.hashers).acquire_owned().await.ok()?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .ok()
    }
}

/// An object that is partly read.
struct Hashing {
    reader: Reader,
    kept: Option<Vec<u8>>,
    most: usize,
    observed: Option<Box<dyn LogFileObserver>>,
}

impl Hashing {
    fn new(object: &Object, reading: Reading<'_>, most: usize) -> Box<Self> {
        let observed = reading.observer.map(|(observer, chain)| observer.log_file(chain, object));
        let kept = reading.keep.then(Vec::new);
        Box::new(Self { reader: Reader::new(reading.limit), kept, most, observed })
    }

    fn push(&mut self, pieces: &[Bytes]) -> Result<(), Attempt> {
        let Self { reader, kept, most, observed } = self;
        let mut outgrown = false;
        for piece in pieces {
            let pushed = reader.push(piece, |raw| {
                if let Some(observed) = observed {
                    observed.piece(raw);
                }
                match kept {
                    Some(kept) if kept.len() + raw.len() <= *most => kept.extend_from_slice(raw),
                    Some(_) => outgrown = true,
                    None => {}
                }
            });
            pushed.map_err(Attempt::Unsound)?;
            if outgrown {
                return Err(Attempt::Outgrown);
            }
        }
        Ok(())
    }
}

fn failed(error: ReadError) -> Attempt {
    match error {
        ReadError::Retry(why) => Attempt::Again(why),
        ReadError::NotFound => Attempt::Failed(Failure::Absent),
        error @ (ReadError::AccessDenied(_) | ReadError::Unreadable(_)) => {
            Attempt::Failed(Failure::Fault(unreadable(&error)))
        }
    }
}

/// What it means that a task of our own ended before it was done: nothing is known, and that is said.
pub(super) fn interrupted(what: &str) -> Fault {
    let message = format!("{what} ended before it was done, by an error of this program; please report it");
    Fault::new(Reason::ObjectUnreadable, message)
}

/// What a read that no repetition helps means.
pub(super) fn unreadable(error: &ReadError) -> Fault {
    let (reason, what) = match error {
        ReadError::AccessDenied(_) => (Reason::AccessDenied, "reading it is not allowed"),
        ReadError::NotFound | ReadError::Unreadable(_) | ReadError::Retry(_) => {
            (Reason::ObjectUnreadable, "it cannot be read")
        }
    };
    Fault::new(reason, format!("{what}: {}", shortened(&error.to_string())))
}

/// The pause before the next try: doubled each time, and jittered.
pub(super) fn pause(first: Duration, tries: u32) -> Duration {
    let whole = first * 2_u32.pow(tries.min(10) - 1);
    whole.mul_f64(0.5 + fastrand::f64() / 2.0)
}
