//! Whatever happens to a trail in whatever order: once it ends, AWS is as the manifest says, or as far as the guard lets
//! it, and the conditions made sense all the time.
//!
//! Each sequence has an account of its own and a random number generator of its own. `CONVERGING_SEED` repeats a run,
//! `CONVERGING_SEQUENCES` and `CONVERGING_STEPS` say how much of it.

mod disturbances;
mod invariants;
mod manifests;
mod strength;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use jiff::SignedDuration;
use test_lab::Lab;
use trail_operator_reconcile::trail::{Change, Next};

use crate::keeping::place::Place;
use crate::keeping::{Keeper, Round, at_once, state};
use disturbances::{Faults, Others};

/// How old AWS's answers are in the lab that lags. Shorter than what operators bear with.
const LAG: Duration = Duration::from_millis(1500);
/// Rounds in which it has to be over once nothing disturbs any more.
const ROUNDS: usize = 12;

/// One history.
#[derive(Clone, Copy)]
struct Sequence {
    seed: u64,
    number: u64,
    /// Whether the account refuses what weakens the record.
    guarded: bool,
    lags: bool,
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, number, guarded, lags } = self;
        write!(f, "sequence {number} of CONVERGING_SEED={seed} (guarded: {guarded}, lags: {lags})")
    }
}

#[test]
fn whatever_happens_it_ends_as_declared() -> Result<()> {
    // The same for everybody, since not every seed makes all happen that must.
    let seed = setting("CONVERGING_SEED")?.unwrap_or(20_261_122);
    let count = setting("CONVERGING_SEQUENCES")?.unwrap_or(40);
    let sequence = |number| Sequence { seed, number, guarded: number % 4 == 3, lags: number % 5 == 4 };
    let happened = Mutex::new(BTreeSet::new());
    let sequences: Vec<_> = (0..count).map(sequence).collect();
    at_once(&sequences, async |sequence| Box::pin(run(*sequence, &happened)).await)?;
    let happened = happened.into_inner().unwrap_or_else(PoisonError::into_inner);
    let missed: Vec<_> = MUST_HAPPEN.into_iter().filter(|what| !happened.contains(*what)).collect();
    ensure!(
        count < 40 || missed.is_empty(),
        "CONVERGING_SEED={seed} proves little: {missed:?} did not happen"
    );
    Ok(())
}

/// What forty sequences cannot do without: changes, failures, and reasons of Ready.
const MUST_HAPPEN: [&str; 14] = [
    "CreateTrail",
    "UpdateTrail",
    "PutEventSelectors",
    "PutInsightSelectors",
    "StartLogging",
    "StopLogging",
    "AddTags",
    "RemoveTags",
    "InternalFailure",
    "AccessDeniedException",
    "Succeeded",
    "Progressing",
    "WeakeningRefused",
    "AccessDenied",
];

fn setting(name: &str) -> Result<Option<u64>> {
    let value = std::env::var(name).ok();
    value
        .map(|value| value.parse().with_context(|| format!("{name} is '{value}'; it must be a number")))
        .transpose()
}

/// One lab for those whose reads lag and one for the others: lag is for all accounts of a lab.
#[expect(clippy::unwrap_used, reason = "without a lab no test has anything to say")]
fn lab(lags: bool) -> &'static Lab {
    static PROMPT: OnceLock<Lab> = OnceLock::new();
    static LAGGING: OnceLock<Lab> = OnceLock::new();
    let lab = if lags { &LAGGING } else { &PROMPT };
    lab.get_or_init(|| {
        let lab = Lab::start().unwrap();
        lab.lag("cloudtrail", if lags { LAG } else { Duration::ZERO }).unwrap();
        lab
    })
}

/// A history under way.
struct History<'a> {
    /// Everything that happened in any history.
    seen: &'a Mutex<BTreeSet<String>>,
    keeper: Keeper<'a>,
    rng: Rng,
    sequence: Sequence,
    faults: Faults,
    others: Others,
    /// What happened, to be told when it ends badly.
    told: Vec<String>,
}

async fn run(sequence: Sequence, seen: &Mutex<BTreeSet<String>>) -> Result<()> {
    let account = (410_000_000_000 + sequence.number).to_string();
    let place = Place::new(lab(sequence.lags), account.leak())?;
    let mut rng = Rng::with_seed(sequence.seed.wrapping_add(sequence.number));
    let weakening =
        if sequence.guarded { "guardrails: {weakening: Refuse}" } else { "guardrails: {weakening: Allow}" };
    let (spec, data_events) = manifests::any(&mut rng, &place)?;
    let mut keeper = Keeper::new(&place, weakening, spec)?;
    keeper.record_data_events(data_events)?;
    let (faults, others, told) = <_>::default();
    let mut history = History { seen, keeper, rng, sequence, faults, others, told };
    let result = Box::pin(history.go()).await;
    let told = history.told.join("\n  ");
    result.with_context(|| format!("after this:\n  {told}\n"))
}

impl History<'_> {
    async fn go(&mut self) -> Result<()> {
        for _ in 0..setting("CONVERGING_STEPS")?.unwrap_or(12) {
            self.step()?;
            let round = self.round().await?;
            if self.rng.bool() {
                self.wait(round.report.next).await;
            }
        }
        self.faults.clear(self.keeper.place)?;
        self.told.push("everything is quiet".into());
        Box::pin(self.settle()).await
    }

    /// Something happens.
    fn step(&mut self) -> Result<()> {
        let Self { keeper, rng, faults, others, .. } = self;
        let told = match rng.u8(0..10) {
            0..3 => {
                let (spec, data_events) = manifests::edited(rng, keeper)?;
                keeper.record_data_events(data_events)?;
                keeper.edit(spec);
                format!(
                    "generation {}: {}",
                    keeper.generation(),
                    manifests::told(&keeper.trail, data_events)?
                )
            }
            3..7 => others.interfere(rng, keeper)?,
            7..9 => faults.another(rng, keeper.place)?,
            _ => {
                keeper.restart()?;
                "the operator is restarted".into()
            }
        };
        self.told.push(told);
        Ok(())
    }

    /// A round, and what has to hold after every one.
    async fn round(&mut self) -> Result<Round> {
        let before = strength::of(self.keeper.place)?;
        let round = self.keeper.round().await?;
        self.note(&round);
        invariants::hold(&round.previous, &round.report.status, self.keeper.generation(), self.keeper.now)?;
        if self.sequence.guarded {
            let after = strength::of(self.keeper.place)?;
            strength::is_kept(before.as_ref(), after.as_ref(), round.previous.destination.as_ref())?;
        }
        Ok(round)
    }

    fn note(&mut self, round: &Round) {
        let (status, reason, message) = round.ready();
        let done: Vec<_> = round.applied.done.iter().map(Change::operation).collect();
        let failed: Vec<_> = round.applied.failed.iter().map(|failure| &failure.error).collect();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(done.iter().map(|operation| (*operation).to_owned()));
        seen.extend(failed.iter().map(|error| error.code.clone()));
        seen.insert(reason.to_owned());
        let (now, next) = (self.keeper.now, round.report.next);
        self.told.push(format!(
            "    at {now}: done {done:?}, failed {failed:?}, Ready is {status}, {reason}: {message}; next {next:?}"
        ));
    }

    /// Time passes until the controller would come back. AWS's reads get newer meanwhile.
    async fn wait(&mut self, next: Next) {
        if self.sequence.lags {
            tokio::time::sleep(LAG).await;
        }
        self.keeper.until_next(next).await;
    }

    /// Nothing happens any more: it has to come to an end, and that end is right.
    async fn settle(&mut self) -> Result<()> {
        self.wait(Next::Interval).await;
        self.keeper.request();
        for _ in 0..ROUNDS {
            let round = self.round().await?;
            let (_, reason, _) = round.ready();
            let is_over =
                ["Succeeded", "WeakeningRefused"].contains(&reason) && round.report.next == Next::Interval;
            if is_over && round.applied.done.is_empty() {
                return Box::pin(self.is_as_declared(&round)).await;
            }
            if reason == "RepeatedDrift" {
                // What others fought over is put right within the hour.
                self.keeper.pass(SignedDuration::from_hours(1));
            }
            self.wait(round.report.next).await;
        }
        anyhow::bail!("not settled after {ROUNDS} rounds")
    }

    async fn is_as_declared(&mut self, last: &Round) -> Result<()> {
        let (place, data_events) = (self.keeper.place, self.keeper.data_events());
        let declared = state::declared(&self.keeper.trail, data_events, place)?;
        let actual = state::read(place)?.context("there is no trail")?;
        let mut differing = state::differing(&declared, &actual);
        let status = &last.report.status;
        let mut told: BTreeSet<_> = status.drift.iter().map(|drift| drift.field.clone()).collect();
        if !actual["managementEvents"].to_string().contains("AWS::S3::Object") {
            // Nobody can ask for templates of a trail without data events and be sure of the answer.
            differing.remove("aggregation.templates");
            told.remove("aggregation.templates");
        }
        ensure!(differing == told, "AWS differs in {differing:?}, status tells of {told:?}: {actual:#?}");
        let (ready, reason, _) = last.ready();
        let fits = if differing.is_empty() { ready == "True" } else { reason == "WeakeningRefused" };
        ensure!(fits, "Ready is {ready}, {reason}, while AWS differs in {differing:?}");
        ensure!(reason != "WeakeningRefused" || self.sequence.guarded, "nothing had to be withheld");
        self.others.are_respected(&declared, &actual)?;
        let trails = strength::all(place)?;
        ensure!(trails.len() == 1, "there are {} trails: {trails:#?}", trails.len());

        self.keeper.request();
        let mark = self.keeper.mark()?;
        let round = self.round().await?;
        let writes = self.keeper.writes(mark)?;
        ensure!(writes.is_empty(), "one more round changed AWS by {writes:?}");
        let plan = self.keeper.plan().await?;
        ensure!(plan.changes.is_empty(), "more is planned: {:?}", plan.changes);
        ensure!(round.ready().1 == reason, "Ready went on to {:?}", round.ready());
        Ok(())
    }
}
