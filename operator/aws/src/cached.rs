//! Answers that several askers share: what one has read serves the others, and what several want is read once.

use std::{collections::HashMap, hash::Hash, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;
use trail_operator_reconcile::aws_error::AwsError;

/// For how long an error is shared, at most: enough for those who ask together, too short to outlive its cause.
const ERROR_AGE: Duration = Duration::from_secs(5);
/// Answers that nobody asked for again for so long are forgotten.
const FORGET: Duration = Duration::from_hours(24);

/// The latest answer for each key.
#[derive(Debug)]
pub(crate) struct Cached<K, V> {
    slots: Mutex<HashMap<K, Arc<Slot<V>>>>,
}

#[derive(Debug)]
struct Slot<V> {
    kept: Mutex<Kept<V>>,
    /// Held by the one who reads; the others wait for it.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Kept<V> {
    answer: Option<Answer<V>>,
    /// How often what was read had become untrue.
    outdated: u64,
}

#[derive(Debug)]
struct Answer<V> {
    /// When reading it began: nothing that happened later is sure to be in it.
    began: Instant,
    /// `Kept::outdated` at that moment.
    outdated: u64,
    result: Result<V, AwsError>,
}

impl<K: Eq + Hash + Clone, V: Clone> Cached<K, V> {
    pub(crate) fn new() -> Self {
        Self { slots: Mutex::new(HashMap::new()) }
    }

    /// An answer that was read at most `max_age` ago, or whose reading began after this call: the one that is there,
    /// the one that somebody else is reading, or that of `read`. Whoever stops waiting stops nobody else.
    pub(crate) async fn get<F>(
        &self,
        key: &K,
        max_age: Duration,
        read: impl FnOnce() -> F,
    ) -> Result<V, AwsError>
    where
        F: Future<Output = Result<V, AwsError>>,
    {
        let asked = Instant::now();
        let slot = self.slot(key, asked);
        if let Some(result) = slot.kept.lock().fresh(asked, max_age) {
            return result;
        }
        let _reading = slot.reading.lock().await;
        if let Some(result) = slot.kept.lock().fresh(asked, max_age) {
            return result;
        }
        let began = Instant::now();
        let outdated = slot.kept.lock().outdated;
        let result = read().await;
        slot.kept.lock().answer = Some(Answer { began, outdated, result: result.clone() });
        result
    }

    /// What was read until now, and what is being read now, is not given to anybody who asks from now on.
    pub(crate) fn outdate(&self, key: &K) {
        self.slot(key, Instant::now()).kept.lock().outdated += 1;
    }

    fn slot(&self, key: &K, now: Instant) -> Arc<Slot<V>> {
        let mut slots = self.slots.lock();
        if let Some(slot) = slots.get(key) {
            return Arc::clone(slot);
        }
        slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.kept.lock().is_younger(now, FORGET));
        Arc::clone(slots.entry(key.clone()).or_default())
    }
}

/// Outdates at its end, however that comes.
pub(crate) struct Outdates<F: Fn()>(pub(crate) F);

impl<F: Fn()> Drop for Outdates<F> {
    fn drop(&mut self) {
        self.0();
    }
}

impl<V> Default for Slot<V> {
    fn default() -> Self {
        let kept = Kept { answer: None, outdated: 0 };
        Self { kept: Mutex::new(kept), reading: tokio::sync::Mutex::new(()) }
    }
}

impl<V: Clone> Kept<V> {
    fn fresh(&self, asked: Instant, max_age: Duration) -> Option<Result<V, AwsError>> {
        let answer = self.answer.as_ref()?;
        let max_age = if answer.result.is_err() { max_age.min(ERROR_AGE) } else { max_age };
        let young = asked.saturating_duration_since(answer.began) <= max_age;
        (young && answer.outdated == self.outdated).then(|| answer.result.clone())
    }

    fn is_younger(&self, now: Instant, age: Duration) -> bool {
        self.answer.as_ref().is_some_and(|answer| now.saturating_duration_since(answer.began) < age)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::sleep;

    use super::*;

    const ZERO: Duration = Duration::ZERO;
    const TOOK: Duration = Duration::from_secs(1);

    /// Something that takes a second to read and counts how often it was.
    #[derive(Default)]
    struct Source {
        reads: AtomicU32,
        broken: bool,
    }

    impl Source {
        async fn read(&self) -> Result<u32, AwsError> {
            let read = self.reads.fetch_add(1, Ordering::Relaxed) + 1;
            sleep(TOOK).await;
            if self.broken { Err(AwsError::new("Read", "Broken", read.to_string())) } else { Ok(read) }
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_serves_until_it_is_too_old() {
        let (cached, source) = (Cached::new(), Source::default());
        assert_eq!(cached.get(&"a", seconds(60), || source.read()).await, Ok(1));
        sleep(seconds(59)).await;
        assert_eq!(cached.get(&"a", seconds(60), || source.read()).await, Ok(1), "60 s after reading began");
        assert_eq!(cached.get(&"b", seconds(60), || source.read()).await, Ok(2), "each key has its own");
        sleep(seconds(60)).await;
        assert_eq!(cached.get(&"a", seconds(60), || source.read()).await, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn zero_asks() {
        let (cached, source) = (Cached::new(), Source::default());
        for read in 1..4 {
            assert_eq!(cached.get(&"a", ZERO, || source.read()).await, Ok(read));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_together_share_an_answer_and_an_error_too() {
        for broken in [false, true] {
            let (cached, source) = (Cached::new(), Source { broken, ..Source::default() });
            let ask = || cached.get(&"a", ZERO, || source.read());
            let all = tokio::join!(ask(), ask(), ask(), ask(), ask());
            assert_eq!(source.reads.load(Ordering::Relaxed), 1);
            assert_eq!(all.0.is_err(), broken);
            for other in [all.1, all.2, all.3, all.4] {
                assert_eq!(other, all.0);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_being_read_before_one_asked_may_lack_what_one_wrote() {
        let (cached, source) = (Cached::new(), Source::default());
        let first = cached.get(&"a", ZERO, || source.read());
        let late = |max_age| {
            let (cached, source) = (&cached, &source);
            async move {
                sleep(TOOK / 2).await;
                cached.get(&"a", max_age, || source.read()).await
            }
        };
        let (first, fresh, also_fresh, old) = tokio::join!(first, late(ZERO), late(ZERO), late(TOOK));
        assert_eq!(first, Ok(1));
        assert_eq!((fresh, also_fresh), (Ok(2), Ok(2)), "asked together, so read once more for both");
        assert!(old.is_ok_and(|read| read <= 2), "has no need of its own");
        assert_eq!(source.reads.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_is_not_kept_for_long() {
        let (cached, source) = (Cached::new(), Source { broken: true, ..Source::default() });
        let ask = || cached.get(&"a", seconds(3600), || source.read());
        let first = ask().await;
        sleep(seconds(3)).await;
        assert_eq!(ask().await, first);
        sleep(seconds(3)).await;
        assert_ne!(ask().await, first);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_outdates_what_was_read_and_what_is_being_read() {
        let (cached, source) = (Cached::new(), Source::default());
        let ask = || cached.get(&"a", seconds(3600), || source.read());
        assert_eq!(ask().await, Ok(1));
        cached.outdate(&"a");
        let write = async {
            sleep(TOOK / 2).await;
            cached.outdate(&"a");
        };
        let (second, ()) = tokio::join!(ask(), write);
        assert_eq!(second, Ok(2), "asked before the write");
        assert_eq!(ask().await, Ok(3));
        assert_eq!(ask().await, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_stops_waiting_stops_nobody_else() {
        let (cached, source) = (Cached::new(), Source::default());
        let given_up = tokio::time::timeout(TOOK / 2, cached.get(&"a", ZERO, || source.read()));
        let (given_up, other) = tokio::join!(given_up, cached.get(&"a", ZERO, || source.read()));
        assert!(given_up.is_err());
        assert_eq!(other, Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_asks_for_is_forgotten() {
        let (cached, source) = (Cached::new(), Source::default());
        let _ = cached.get(&"a", ZERO, || source.read()).await;
        sleep(FORGET + TOOK).await;
        let _ = cached.get(&"b", ZERO, || source.read()).await;
        assert_eq!(cached.slots.lock().keys().copied().collect::<Vec<_>>(), ["b"]);
    }
}
