//! Token buckets: how many calls may begin when. Pure: the time comes in as an argument.
//!
//! A bucket is kept as the moment at which it is full again, which needs no ticking (known as GCRA, the generic cell
//! rate algorithm).

use std::time::Duration;

use tokio::time::Instant;

/// AWS's quotas are per operation; operations that share one of these share its bucket (`cloudtrail.md` 1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Reads: as many a second as [`Rates`] says of the service.
    Read,
    /// Changes: likewise.
    Write,
    /// StartLogging alone, 1 a second: recording never queues behind settings.
    Start,
    /// Get- and PutEventConfiguration, for which AWS states no quota: taken for 1 a second.
    EventConfiguration,
}

/// How many calls a second a service allows.
#[derive(Clone, Copy, Debug)]
struct Rates {
    read: u32,
    /// Reads that may begin together.
    burst: u32,
    write: u32,
}

/// At most what AWS allows. Where that is several calls, they begin one by one, and those that a slow network lets arrive
/// together find room in AWS's own bucket.
fn rates(service: &str) -> Rates {
    match service {
        // DescribeMetricFilters, PutMetricFilter and DeleteMetricFilter have 5 each (`cloudtrail.md` 1.6).
        "logs" => Rates { read: 5, burst: 1, write: 5 },
        // DescribeAlarms has 9, PutMetricAlarm and DeleteAlarms have 3 each (`cloudtrail.md` 6.1). AWS states none for
        // tags.
        "cloudwatch" => Rates { read: 9, burst: 1, write: 3 },
        // CloudTrail (`cloudtrail.md` 1.6). Reads of other services too, which allow more and are rare.
        _ => Rates { read: 10, burst: 10, write: 1 },
    }
}

/// AWS counts a call when it arrives, which is some time between its beginning and its end. Where one call a second may
/// be made, the next one begins a second after this much of the last one, or after its end if that came first: a slow
/// network must not let two arrive together, and CreateTrail, which takes a second or two, must not halve the rate.
const ARRIVAL: Duration = Duration::from_millis(500);
/// What the first throttled call costs its account; doubled by each further one.
const FIRST_PENALTY: Duration = Duration::from_secs(1);
/// How often it is doubled: 1, 2, 4, 8, 16, 32 s.
const DOUBLINGS: u32 = 5;

/// The buckets of one service in one account and Region, and whether AWS has throttled it.
#[derive(Clone, Debug)]
pub(crate) struct Buckets {
    read: Bucket,
    write: Bucket,
    start: Bucket,
    event_configuration: Bucket,
    throttled: Option<Throttled>,
    /// The last call of each class that may be made once a second.
    last: Vec<(Class, Call)>,
}

/// A call that was begun.
#[derive(Clone, Copy, Debug)]
struct Call {
    began: Instant,
    ended: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Throttled {
    since: Instant,
    until: Instant,
    /// How often in a row; none once a call has succeeded since.
    times: u32,
}

impl Buckets {
    /// All full.
    pub(crate) fn new(service: &str, now: Instant) -> Self {
        let Rates { read, burst, write } = rates(service);
        Self {
            read: Bucket::new(read, burst, now),
            write: Bucket::new(write, 1, now),
            start: Bucket::new(1, 1, now),
            event_configuration: Bucket::new(1, 1, now),
            throttled: None,
            last: Vec::new(),
        }
    }

    /// A call is about to begin: how long it has to wait for the last one of its class. Without a wait it has begun.
    pub(crate) fn pace(&mut self, class: Class, now: Instant) -> Duration {
        let every = self.bucket(class).every;
        if every < Duration::from_secs(1) {
            return Duration::ZERO;
        }
        let last = self.last.iter().find(|(of, _)| *of == class).map(|(_, last)| *last);
        let next = last.map(|last| {
            let arrival = last.ended.unwrap_or(now).saturating_duration_since(last.began).min(ARRIVAL);
            last.began + arrival + every
        });
        let wait = next.map_or(Duration::ZERO, |next| next.saturating_duration_since(now));
        if wait.is_zero() {
            self.last.retain(|(of, _)| *of != class);
            self.last.push((class, Call { began: now, ended: None }));
        }
        wait
    }

    /// The call that began then has ended.
    pub(crate) fn ended(&mut self, class: Class, began: Instant, now: Instant) {
        let this = self.last.iter_mut().find(|(of, last)| *of == class && last.began == began);
        if let Some((_, last)) = this {
            last.ended = Some(now);
        }
    }

    /// Takes a token, which may be used after the wait that is answered.
    ///
    /// # Errors
    /// How long until it is worth asking again, when that is longer than `longest` or the account is throttled.
    /// Nothing is taken.
    pub(crate) fn take(
        &mut self,
        class: Class,
        now: Instant,
        longest: Duration,
    ) -> Result<Duration, Duration> {
        if let Some(wait) = self.throttled_for(now) {
            return Err(wait);
        }
        let bucket = self.bucket(class);
        let wait = bucket.wait(now);
        if wait > longest {
            return Err(wait);
        }
        bucket.take(now);
        Ok(wait)
    }

    /// For how long no call may be made because AWS throttles.
    pub(crate) fn throttled_for(&self, now: Instant) -> Option<Duration> {
        let until = self.throttled?.until;
        (until > now).then(|| until - now)
    }

    /// AWS throttled a call that began then. Calls that were under way together count once. `jitter`, between 0 and 1,
    /// keeps several users of an account from coming back together. Answers how long no call may be made now.
    pub(crate) fn throttled(&mut self, began: Instant, now: Instant, jitter: f64) -> Duration {
        let before = self.throttled.filter(|throttled| began <= throttled.since);
        let throttled = before.unwrap_or_else(|| {
            let times = self.throttled.map_or(0, |throttled| throttled.times);
            let penalty = FIRST_PENALTY * 2_u32.pow(times.min(DOUBLINGS));
            let until = now + penalty.mul_f64(1.0 + jitter / 4.0);
            Throttled { since: now, until, times: times + 1 }
        });
        self.throttled = Some(throttled);
        for bucket in [&mut self.read, &mut self.write, &mut self.start, &mut self.event_configuration] {
            bucket.empty_until(throttled.until);
        }
        throttled.until.saturating_duration_since(now)
    }

    /// A call that began then succeeded.
    pub(crate) fn succeeded(&mut self, began: Instant) {
        if let Some(throttled) = self.throttled.as_mut().filter(|throttled| began > throttled.since) {
            throttled.times = 0;
        }
    }

    fn bucket(&mut self, class: Class) -> &mut Bucket {
        match class {
            Class::Read => &mut self.read,
            Class::Write => &mut self.write,
            Class::Start => &mut self.start,
            Class::EventConfiguration => &mut self.event_configuration,
        }
    }
}

#[derive(Clone, Debug)]
struct Bucket {
    /// Time in which one token comes.
    every: Duration,
    /// Time in which the whole bucket fills.
    whole: Duration,
    full_at: Instant,
}

impl Bucket {
    fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        let every = Duration::from_secs(1) / per_second;
        Self { every, whole: every * burst, full_at: now }
    }

    /// Until there is a token that nobody has taken.
    fn wait(&self, now: Instant) -> Duration {
        (self.full_at.max(now) + self.every).saturating_duration_since(now + self.whole)
    }

    fn take(&mut self, now: Instant) {
        self.full_at = self.full_at.max(now) + self.every;
    }

    /// The first token comes at that moment, the others after it one by one.
    fn empty_until(&mut self, moment: Instant) {
        self.full_at = self.full_at.max(moment + self.whole - self.every);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONGEST: Duration = Duration::from_secs(5);

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_is_granted_then_the_rate() {
        let now = Instant::now();
        let mut buckets = Buckets::new("cloudtrail", now);
        let waits: Vec<_> = (0..13).map(|_| buckets.take(Class::Read, now, LONGEST)).collect();
        assert!(waits[..10].iter().all(|wait| *wait == Ok(Duration::ZERO)), "{waits:?}");
        assert_eq!(waits[10..], [Ok(millis(100)), Ok(millis(200)), Ok(millis(300))]);
    }

    #[test]
    fn what_is_put_for_fifteen_alarms_is_put_within_five_seconds_and_as_fast_as_aws_allows() {
        for (service, per_second) in [("logs", 5), ("cloudwatch", 3)] {
            let now = Instant::now();
            let mut buckets = Buckets::new(service, now);
            for before in 0..15 {
                let wait = Duration::from_secs(1) / per_second * before;
                assert!(wait < LONGEST, "{service}");
                assert_eq!(buckets.take(Class::Write, now, LONGEST), Ok(wait), "{service}");
                assert_eq!(buckets.pace(Class::Write, now + wait), Duration::ZERO, "{service}");
            }
        }
    }

    #[test]
    fn a_long_wait_is_told_and_nothing_is_taken() {
        let now = Instant::now();
        let mut buckets = Buckets::new("cloudtrail", now);
        let waits: Vec<_> = (0..6).map(|_| buckets.take(Class::Write, now, LONGEST)).collect();
        assert_eq!(waits, [0, 1000, 2000, 3000, 4000, 5000].map(|wait| Ok(millis(wait))));
        for _ in 0..3 {
            assert_eq!(buckets.take(Class::Write, now, LONGEST), Err(millis(6000)));
        }
        assert_eq!(buckets.take(Class::Write, now + millis(1000), LONGEST), Ok(millis(5000)));
    }

    #[test]
    fn recording_and_reading_do_not_wait_for_settings() {
        let now = Instant::now();
        let mut buckets = Buckets::new("cloudtrail", now);
        while buckets.take(Class::Write, now, LONGEST).is_ok() {}
        for class in [Class::Start, Class::Read, Class::EventConfiguration] {
            assert_eq!(buckets.take(class, now, LONGEST), Ok(Duration::ZERO), "{class:?}");
        }
    }

    #[test]
    fn each_throttling_in_a_row_takes_twice_as_long() {
        let mut now = Instant::now();
        let mut buckets = Buckets::new("cloudtrail", now);
        for penalty in [1, 2, 4, 8, 16, 32, 32] {
            assert_eq!(buckets.throttled(now, now, 0.0), Duration::from_secs(penalty));
            assert_eq!(
                buckets.take(Class::Start, now, LONGEST),
                Err(Duration::from_secs(penalty)),
                "a throttled account is told so at once, whatever the class and the wait"
            );
            now += Duration::from_secs(penalty) + millis(1);
        }
        buckets.succeeded(now);
        assert_eq!(buckets.throttled(now, now, 1.0), millis(1250), "and up to a quarter more");
    }

    #[test]
    fn a_call_a_second_counts_from_when_the_last_one_has_arrived() {
        let start = Instant::now();
        for (took, next) in [(Some(3), 1003), (Some(300), 1300), (Some(900), 1500), (None, 1500)] {
            let mut buckets = Buckets::new("cloudtrail", start);
            assert_eq!(buckets.pace(Class::Write, start), Duration::ZERO);
            if let Some(took) = took {
                buckets.ended(Class::Write, start, start + millis(took));
            }
            let early = start + millis(next - 1);
            assert_eq!(buckets.pace(Class::Write, early), millis(1), "{took:?}");
            assert_eq!(buckets.pace(Class::Start, early), Duration::ZERO, "each class for itself");
            assert_eq!(buckets.pace(Class::Write, start + millis(next)), Duration::ZERO, "{took:?}");
            assert!(buckets.pace(Class::Write, start + millis(next)) >= millis(1000), "one at a time");
        }
    }

    #[test]
    fn calls_under_way_together_are_throttled_once() {
        let began = Instant::now();
        let mut buckets = Buckets::new("cloudtrail", began);
        let now = began + millis(200);
        for _ in 0..5 {
            assert_eq!(buckets.throttled(began, now, 0.0), millis(1000));
        }
        buckets.succeeded(began);
        let later = now + millis(1500);
        assert_eq!(
            buckets.throttled(later, later, 0.0),
            millis(2000),
            "a success from before proves nothing"
        );
    }

    #[test]
    fn after_throttling_there_is_no_burst() {
        let now = Instant::now();
        let mut buckets = Buckets::new("cloudtrail", now);
        let after = now + buckets.throttled(now, now, 0.0);
        let waits: Vec<_> = (0..3).map(|_| buckets.take(Class::Read, after, LONGEST)).collect();
        assert_eq!(waits, [Ok(Duration::ZERO), Ok(millis(100)), Ok(millis(200))]);
    }

    proptest! {
        #[test]
        fn no_window_has_more_than_its_rate_and_one_burst(
            steps in proptest::collection::vec((0..400_u64, any::<bool>(), 0..20_u8), 1..300)
        ) {
            let mut now = Instant::now();
            let mut buckets = Buckets::new("cloudtrail", now);
            let (mut reads, mut writes) = (Vec::new(), Vec::new());
            for (pause, read, event) in steps {
                now += millis(pause);
                if event == 0 {
                    buckets.throttled(now, now, 0.5);
                }
                let (class, granted) =
                    if read { (Class::Read, &mut reads) } else { (Class::Write, &mut writes) };
                if let Ok(wait) = buckets.take(class, now, LONGEST) {
                    prop_assert!(wait <= LONGEST);
                    granted.push(now + wait);
                }
            }
            for (granted, rate, burst) in [(&mut reads, 10.0, 10.0), (&mut writes, 1.0, 1.0)] {
                granted.sort();
                for (first, from) in granted.iter().enumerate() {
                    for (last, to) in granted.iter().enumerate().skip(first) {
                        let calls = f64::from(u32::try_from(last - first + 1).unwrap());
                        prop_assert!(calls <= rate * (*to - *from).as_secs_f64() + burst + 1e-6);
                    }
                }
            }
        }
    }
}
