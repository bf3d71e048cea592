//! Waiting for one's turn to call AWS: below its limits, and never too many calls at once.
//!
//! Knows services, accounts and Regions by name only. The arithmetic is in [`crate::bucket`].

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    time::{Instant, sleep},
};

use crate::bucket::{Buckets, Class};

/// The longest wait that is sat out. Whoever would wait longer is sent away and comes back: a worker that sleeps does
/// nothing for others.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Calls under way in the whole process: enough to fill every account's limits, too few to run out of sockets.
const IN_FLIGHT: usize = 64;
/// Of these, calls of one account: one whose calls all hang until they time out leaves room for the others.
const IN_FLIGHT_OF_ACCOUNT: usize = 16;

/// What has limits of its own: a service in one account and Region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    /// `cloudtrail`
    pub(crate) service: &'static str,
    pub(crate) account_id: String,
    pub(crate) region: String,
}

/// The limits of the process.
#[derive(Debug)]
pub(crate) struct Limits {
    buckets: Mutex<HashMap<Scope, Buckets>>,
    in_flight: Semaphore,
    of_accounts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// The right to make one call now, for as long as it is kept.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    class: Class,
    began: Instant,
    _in_flight: Option<SemaphorePermit<'a>>,
    _of_account: Option<OwnedSemaphorePermit>,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self {
            buckets: Mutex::new(HashMap::new()),
            in_flight: Semaphore::new(IN_FLIGHT),
            of_accounts: Mutex::new(HashMap::new()),
        }
    }

    /// Waits for a turn. Whoever stops waiting loses a token and nothing else.
    ///
    /// # Errors
    /// How long until it is worth asking again, when that is too long to wait here.
    pub(crate) async fn acquire(&self, scope: &Scope, class: Class) -> Result<Turn<'_>, Duration> {
        let wait = self.with(scope, |buckets, now| buckets.take(class, now, LONGEST_WAIT))?;
        if !wait.is_zero() {
            sleep(wait).await;
        }
        loop {
            // Only now, so that whoever waits for a token keeps nobody from calling, and first the account's own, so that
            // whoever waits for that keeps no other account from calling. They are never closed.
            let of_account = self.of_account(&scope.account_id).acquire_owned().await.ok();
            let in_flight = self.in_flight.acquire().await.ok();
            // AWS may have throttled another call meanwhile.
            let (began, wait) = self.with(scope, |buckets, now| match buckets.throttled_for(now) {
                Some(wait) => Err(wait),
                None => Ok((now, buckets.pace(class, now))),
            })?;
            if wait.is_zero() {
                return Ok(Turn { class, began, _in_flight: in_flight, _of_account: of_account });
            }
            drop((in_flight, of_account));
            sleep(wait).await;
        }
    }

    /// The call of this turn has ended, well or not.
    pub(crate) fn ended(&self, scope: &Scope, turn: &Turn<'_>) {
        self.with(scope, |buckets, now| buckets.ended(turn.class, turn.began, now));
    }

    /// The call of this turn was throttled. Answers how long no call may be made now.
    pub(crate) fn throttled(&self, scope: &Scope, turn: &Turn<'_>) -> Duration {
        self.with(scope, |buckets, now| buckets.throttled(turn.began, now, fastrand::f64()))
    }

    /// The call of this turn succeeded.
    pub(crate) fn succeeded(&self, scope: &Scope, turn: &Turn<'_>) {
        self.with(scope, |buckets, _| buckets.succeeded(turn.began));
    }

    fn of_account(&self, account_id: &str) -> Arc<Semaphore> {
        let mut of_accounts = self.of_accounts.lock();
        if let Some(known) = of_accounts.get(account_id) {
            return known.clone();
        }
        let new = || Arc::new(Semaphore::new(IN_FLIGHT_OF_ACCOUNT));
        of_accounts.entry(account_id.to_owned()).or_insert_with(new).clone()
    }

    fn with<T>(&self, scope: &Scope, f: impl FnOnce(&mut Buckets, Instant) -> T) -> T {
        let mut scopes = self.buckets.lock();
        let now = Instant::now();
        if let Some(buckets) = scopes.get_mut(scope) {
            return f(buckets, now);
        }
        let new = || Buckets::new(scope.service, now);
        f(scopes.entry(scope.clone()).or_insert_with(new), now)
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    fn scope(account_id: &str) -> Scope {
        Scope { service: "cloudtrail", account_id: account_id.to_owned(), region: "us-east-1".to_owned() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_wait_is_sat_out_and_a_long_one_is_told() {
        let limits = Limits::new();
        let start = Instant::now();
        let scope = scope("111122223333");
        let acquire = || async {
            let turn = limits.acquire(&scope, Class::Write).await;
            turn.map(|turn| limits.ended(&scope, &turn)).is_ok()
        };
        assert_eq!(join_all((0..6).map(|_| acquire())).await, [true; 6]);
        assert_eq!(start.elapsed().as_secs(), 5);
        limits.with(&scope, |buckets, now| {
            for _ in 0..6 {
                let _ = buckets.take(Class::Write, now, LONGEST_WAIT);
            }
        });
        let refused = limits.acquire(&scope, Class::Write).await;
        assert!(refused.is_err_and(|wait| wait > LONGEST_WAIT));
        assert_eq!(start.elapsed().as_secs(), 5, "nobody waited");
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_slows_one_account_and_nobody_else() {
        let limits = Limits::new();
        let (one, other) = (scope("111122223333"), scope("444455556666"));
        let elsewhere = Scope { region: "eu-west-1".to_owned(), ..one.clone() };
        let keys = Scope { service: "kms", ..one.clone() };
        let turn = limits.acquire(&one, Class::Read).await.unwrap();
        sleep(Duration::from_millis(1)).await;
        let wait = limits.throttled(&one, &turn);
        assert!(wait >= Duration::from_secs(1));
        let start = Instant::now();
        for class in [Class::Read, Class::Write, Class::Start] {
            assert_eq!(limits.acquire(&one, class).await.unwrap_err(), wait, "{class:?}");
            for free in [&other, &elsewhere, &keys] {
                assert!(limits.acquire(free, class).await.is_ok(), "{free:?}");
            }
        }
        assert!(start.elapsed().is_zero());
        sleep(wait).await;
        assert!(limits.acquire(&one, Class::Read).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_while_aws_throttles_does_not_call() {
        let limits = Limits::new();
        let scope = scope("111122223333");
        let turn = limits.acquire(&scope, Class::Write).await.unwrap();
        let waiting = limits.acquire(&scope, Class::Write);
        let throttled = async {
            sleep(Duration::from_millis(500)).await;
            limits.throttled(&scope, &turn);
        };
        let (waiting, ()) = tokio::join!(waiting, throttled);
        assert!(waiting.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_a_token_keeps_nobody_from_calling() {
        let limits = Limits::new();
        let accounts: Vec<_> = (0..=IN_FLIGHT).map(|n| scope(&format!("{n:012}"))).collect();
        let slow = scope("111122223333");
        let _first = limits.acquire(&slow, Class::Write).await.unwrap();
        let acquire = || async { limits.acquire(&slow, Class::Write).await.map(drop) };
        let sleepers = join_all((0..5).map(|_| acquire()));
        let others = async {
            let mut turns = Vec::new();
            for account in &accounts[..IN_FLIGHT - 1] {
                turns.push(limits.acquire(account, Class::Write).await.unwrap());
            }
            let start = Instant::now();
            let one_more = tokio::time::timeout(
                Duration::from_millis(1),
                limits.acquire(&accounts[IN_FLIGHT], Class::Write),
            );
            assert!(one_more.await.is_err(), "as many as there may be are under way");
            assert!(start.elapsed() < Duration::from_secs(1));
        };
        let (_, ()) = tokio::join!(sleepers, others);
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_whose_calls_hang_leaves_room_for_others() {
        let limits = Limits::new();
        let mut hanging = Vec::new();
        for n in 0..IN_FLIGHT_OF_ACCOUNT {
            let scope = Scope { region: format!("region-{n}"), ..scope("111122223333") };
            hanging.push(limits.acquire(&scope, Class::Read).await.unwrap());
        }
        let elsewhere = scope("111122223333");
        let mut one_more = std::pin::pin!(limits.acquire(&elsewhere, Class::Read));
        assert!(tokio::time::timeout(Duration::from_mins(1), &mut one_more).await.is_err());
        assert!(limits.acquire(&scope("444455556666"), Class::Read).await.is_ok());
        hanging.pop();
        assert!(one_more.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_stops_waiting_holds_nothing() {
        let limits = Limits::new();
        let scope = scope("111122223333");
        drop(limits.acquire(&scope, Class::Write).await);
        let given_up =
            tokio::time::timeout(Duration::from_millis(1), limits.acquire(&scope, Class::Write)).await;
        assert!(given_up.is_err());
        assert_eq!(limits.in_flight.available_permits(), IN_FLIGHT);
        let start = Instant::now();
        assert!(limits.acquire(&scope, Class::Write).await.is_ok());
        assert!(start.elapsed() <= Duration::from_secs(2));
    }
}
