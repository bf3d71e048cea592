//! Statements about costs, and the situations that they share.

mod added;
mod bill;
mod components;
mod counting;
mod extrapolation;
mod figures;
mod findings;
mod free_copy;
mod generated;
mod infracost;
mod money;
mod overrides;
mod price_lists;
mod prices;
mod shares;
mod storage;
mod worked;

use std::collections::BTreeSet;

use super::*;
use crate::selectors::{AdvancedSelector, FieldSelector, ReadWrite, Selectors};

const ACCOUNT: &str = "111122223333";
const HOME: &str = "us-east-1";

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn trail(name: &str) -> Trail {
    let arn = format!("arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/{name}");
    let object = Object { kind: ObjectKind::Trail, namespace: "security".into(), name: name.to_owned() };
    Trail { object: Some(object), ..Trail::new(arn, ACCOUNT, HOME) }
}

fn since(trail: Trail, time: i64) -> Trail {
    Trail { logging_since: Some(time), ..trail }
}

fn recording(trail: Trail, read_write: ReadWrite, excluded: &[&str]) -> Trail {
    let management = AdvancedSelector::management(read_write, excluded.iter().copied());
    Trail { selectors: Selectors::declared(Some(management), &[]), ..trail }
}

/// A trail of all S3 objects whose ARNs begin so, or of all there are, and of no management events.
fn objects(trail: Trail, prefixes: &[&str]) -> Trail {
    let mut fields = BTreeSet::from([
        FieldSelector::equals("eventCategory", ["Data"]),
        FieldSelector::equals("resources.type", ["AWS::S3::Object"]),
    ]);
    if !prefixes.is_empty() {
        fields.insert(FieldSelector::starts_with("resources.ARN", prefixes.iter().copied()));
    }
    let selector = AdvancedSelector { name: "objects".into(), fields };
    Trail { selectors: Selectors::Advanced(vec![selector]), ..trail }
}

fn volume(events: u64, access: Access) -> Volume {
    Volume {
        account: ACCOUNT.into(),
        region: HOME.into(),
        source: "ec2.amazonaws.com".into(),
        access,
        events: events.into(),
        basis: Basis::Measured,
    }
}

fn recorded(trail: &Trail, category: Category, events: u64) -> Recorded {
    let volume = Volume { source: "s3.amazonaws.com".into(), ..volume(events, Access::Read) };
    Recorded { trail: trail.arn.clone(), object: None, category, volume }
}

fn insights(kinds: &[InsightType], categories: &[InsightCategory]) -> Vec<InsightSelector> {
    let categories: BTreeSet<_> = categories.iter().copied().collect();
    kinds.iter().map(|kind| InsightSelector { kind: *kind, categories: categories.clone() }).collect()
}

fn bucket() -> Bucket {
    Bucket { name: "audit-logs".into(), region: HOME.into(), retention: Retention::Days(365), refuses: false }
}

fn situation(trails: Vec<Trail>, management: Vec<Volume>, recorded: Vec<Recorded>) -> Situation {
    Situation { trails, volumes: Volumes { management, recorded }, ..Situation::default() }
}

fn estimate(situation: &Situation) -> Estimate {
    situation.estimate(&Prices::built_in())
}

/// What all lines of a component cost.
fn of(estimate: &Estimate, component: Component) -> Decimal {
    estimate.lines.iter().filter(|line| line.component == component).map(|line| line.monthly).sum()
}

/// How much of a component there is.
fn quantity(estimate: &Estimate, component: Component) -> Decimal {
    estimate.lines.iter().filter(|line| line.component == component).map(|line| line.quantity).sum()
}
