//! Every field of a Trail that reaches AWS: unset, set, changed, unset, and each time AWS is as declared, by the calls
//! that it takes and no other, and nothing is left to do.

mod table;

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, ensure};
use jiff::SignedDuration;
use serde_json::json;
use test_lab::Lab;

use crate::keeping::place::Place;
use crate::keeping::{Keeper, at_once, spec, state};

/// One field's way.
pub struct Row {
    pub field: &'static str,
    /// Whether the trail records S3 objects besides.
    pub data_events: bool,
    pub steps: Vec<Step>,
}

/// One manifest, and the calls that make AWS so.
pub struct Step {
    /// Members of the spec, with names of the place in braces.
    pub members: &'static str,
    pub calls: &'static [&'static str],
    /// What somebody else does before.
    pub before: fn(&mut Keeper<'_>) -> Result<()>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field)
    }
}

/// A lab of one's own: an account of it is the management account of an organization.
fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    #[expect(clippy::unwrap_used, reason = "without a lab no test has anything to say")]
    LAB.get_or_init(|| Lab::start().unwrap())
}

#[test]
fn each_field_can_be_set_changed_and_unset() -> Result<()> {
    let rows = table::rows(&serde_saphyr::from_str("{region: eu-central-1, s3: {bucketName: none}}")?);
    at_once(&rows, walk)
}

async fn walk(row: &Row) -> Result<()> {
    static ACCOUNTS: AtomicU64 = AtomicU64::new(400_000_000_001);
    let account = ACCOUNTS.fetch_add(1, Ordering::Relaxed).to_string();
    let place = Place::new(lab(), account.leak())?;
    if row.field == "isOrganizationTrail" {
        let organization =
            json!({"management": place.account(), "members": ["400000000999"], "trustedAccess": true});
        lab().organization(organization)?;
    }
    let mut keeper =
        Keeper::new(&place, "guardrails: {weakening: Allow}", spec(&place, row.steps[0].members)?)?;
    keeper.record_data_events(row.data_events)?;
    for (at, step) in row.steps.iter().enumerate() {
        Box::pin(take(&mut keeper, step))
            .await
            .with_context(|| format!("step {}: {}", at + 1, step.members))?;
    }
    Ok(())
}

async fn take(keeper: &mut Keeper<'_>, step: &Step) -> Result<()> {
    (step.before)(keeper)?;
    keeper.edit(spec(keeper.place, step.members)?);
    let start = keeper.mark()?;
    let round = keeper.round().await?;
    let (status, reason, message) = round.ready();
    ensure!((status, reason) == ("True", "Succeeded"), "Ready is {status}, {reason}: {message}");
    ensure!(round.report.status.drift.is_empty(), "drift: {:?}", round.report.status.drift);
    let calls = keeper.writes(start)?;
    ensure!(calls == step.calls, "AWS was changed by {calls:?} instead of {:?}", step.calls);

    let declared = state::declared(&keeper.trail, keeper.data_events(), keeper.place)?;
    let actual = state::read(keeper.place)?.context("there is no trail")?;
    let differing = state::differing(&declared, &actual);
    ensure!(differing.is_empty(), "AWS differs in {differing:?}: {actual:#?}");
    let strange: Vec<_> = actual
        .keys()
        .filter(|field| field.starts_with("tags.") && !declared.contains_key(*field))
        .filter(|field| !["tags.Foreign", "tags.trail-operator.dev/owner"].contains(&field.as_str()))
        .collect();
    ensure!(strange.is_empty(), "AWS still has {strange:?}");

    // What was read is asked anew by then, too.
    keeper.pass(SignedDuration::from_hours(1));
    let start = keeper.mark()?;
    let plan = keeper.plan().await?;
    ensure!(plan == <_>::default(), "more is planned: {plan:?}");
    let again = keeper.round().await?;
    ensure!(again.ready().0 == "True", "Ready is {:?} a round later", again.ready());
    let calls = keeper.writes(start)?;
    ensure!(calls.is_empty(), "another round changed AWS by {calls:?}");
    Ok(())
}
