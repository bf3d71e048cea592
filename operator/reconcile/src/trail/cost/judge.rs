//! What an estimate comes to: two conditions and a part of status, written when money has really moved.

use std::{collections::BTreeMap, str::FromStr as _};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trail_operator_crds::{
    CostBasis, CostComponent, CostFinding, CostStatus, ObjectCost, TrailStatus as PreviousStatus, condition,
};
use trail_operator_domain::cost::{
    Basis, Component, Decimal, Estimate, Line, Object, cents, dollars, plain, unit_price, worth_writing,
};

use super::{Costs, Subject};
use crate::{
    conditions::{Fact, Status, whole_seconds},
    reason::Reason,
};

/// `status.cost.unknown` holds at most this many, `findings` this many.
const MOST_UNKNOWN: usize = 20;
const MOST_FINDINGS: usize = 10;

/// What a trail's costs come to in one round.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// `CostEstimated` and, where there is a budget, `WithinBudget`.
    pub facts: Vec<Fact>,
    /// `status.cost`
    pub status: Option<CostStatus>,
}

/// Judges the last estimate. Without one everything stays as it was.
pub fn judge(subject: &Subject, costs: Option<&Costs>, previous: &PreviousStatus, now: Timestamp) -> Judged {
    let Some(costs) = costs else {
        let known = |type_| Fact::known(&previous.conditions, type_);
        let budget = subject.declared.monthly_budget.and_then(|_| known(condition::WITHIN_BUDGET));
        let facts = known(condition::COST_ESTIMATED).into_iter().chain(budget).collect();
        return Judged { facts, status: previous.cost.clone() };
    };
    let Some(estimate) = &costs.estimate else {
        let message = "nothing says how many events there are: no log file was counted, the trail sends none to a log group, and spec.cost.volume is not set";
        let unknown = |type_| Fact::new(type_, Status::Unknown, Reason::NoVolume, message);
        let budget = subject.declared.monthly_budget.map(|_| unknown(condition::WITHIN_BUDGET));
        return Judged {
            facts: [unknown(condition::COST_ESTIMATED)].into_iter().chain(budget).collect(),
            status: None,
        };
    };
    let next = status(subject, costs, estimate, now);
    let status = match &previous.cost {
        Some(before) if !is_worth_writing(before, &next) => before.clone(),
        _ => next,
    };
    let budget = subject.declared.monthly_budget.map(|budget| within(budget, &status));
    let facts = [estimated(&status, costs)].into_iter().chain(budget).collect();
    Judged { facts, status: Some(status) }
}

/// Money never flaps: what was written stays until it has moved, or another day has come.
fn is_worth_writing(before: &CostStatus, next: &CostStatus) -> bool {
    let day = |status: &CostStatus| status.updated.as_ref().map(|time| time.0.as_second().div_euclid(86_400));
    let figure = |status: &CostStatus| amount(&status.monthly);
    let told = |status: &CostStatus| {
        let findings: Vec<_> = status.findings.iter().map(|finding| finding.reason.clone()).collect();
        (status.basis, status.unknown.clone(), findings)
    };
    let is_other_day = day(before) != day(next);
    told(before) != told(next) || is_other_day || worth_writing(figure(before), figure(next), is_other_day)
}

fn amount(text: &str) -> Decimal {
    Decimal::from_str(text).unwrap_or_default()
}

fn estimated(status: &CostStatus, costs: &Costs) -> Fact {
    let figure = dollars(amount(&status.monthly));
    let rests_on = status.sample.as_deref().unwrap_or_default();
    let unseen = match costs.unseen.as_slice() {
        [] => String::new(),
        all => format!("; {} could not be seen, so that it may cost more", all.join(", ")),
    };
    let old = match (&status.price_list_date, costs.stale) {
        (Some(date), true) => format!("; the prices are of {date}, more than a year ago"),
        _ => String::new(),
    };
    let beside = format!("{rests_on}{unseen}{old}");
    match status.unknown.first() {
        None => Fact::new(
            condition::COST_ESTIMATED,
            Status::True,
            Reason::Estimated,
            format!("{figure} a month: {beside}"),
        ),
        Some(unknown) => Fact::new(
            condition::COST_ESTIMATED,
            Status::Unknown,
            Reason::PriceUnknown,
            format!("{figure} a month without what has no known price ({unknown}): {beside}"),
        ),
    }
}

fn within(budget: Decimal, status: &CostStatus) -> Fact {
    let fact = |status, reason, message: String| Fact::new(condition::WITHIN_BUDGET, status, reason, message);
    let monthly = amount(&status.monthly);
    let (figure, limit) = (dollars(monthly), dollars(budget));
    if monthly > budget {
        let dearest = status.components.iter().max_by_key(|component| amount(&component.monthly_cost));
        let dearest = dearest.map(|component| {
            format!("; most of it is {} with {}", component.name, dollars(amount(&component.monthly_cost)))
        });
        let message = format!("{figure} a month, of {limit} allowed{}", dearest.unwrap_or_default());
        return fact(Status::False, Reason::BudgetExceeded, message);
    }
    match status.unknown.first() {
        Some(unknown) => fact(
            Status::Unknown,
            Reason::PriceUnknown,
            format!("{figure} of {limit} are known of, and not what this costs: {unknown}"),
        ),
        None => fact(Status::True, Reason::WithinBudget, format!("{figure} a month, of {limit} allowed")),
    }
}

fn status(subject: &Subject, costs: &Costs, estimate: &Estimate, now: Timestamp) -> CostStatus {
    let own = own_lines(subject, estimate);
    let objects = objects(subject, &own);
    let monthly: Decimal = own.iter().map(|line| line.monthly).sum();
    let findings = estimate.findings.iter().filter(|finding| finding.trail == subject.trail.arn);
    CostStatus {
        basis: basis(own.iter().map(|line| line.basis).max().unwrap_or(Basis::Measured)),
        monthly: plain(monthly),
        currency: estimate.currency.to_owned(),
        components: components(&own),
        objects,
        unknown: estimate.unknown.iter().map(ToString::to_string).take(MOST_UNKNOWN).collect(),
        findings: findings
            .map(|finding| CostFinding {
                reason: finding.reason.name().to_owned(),
                message: finding.message.clone(),
                monthly: finding.monthly.map(plain),
            })
            .take(MOST_FINDINGS)
            .collect(),
        price_list_date: Some(estimate.price_list_date.clone()),
        sample: Some(costs.sample.clone()).filter(|sample| !sample.is_empty()),
        counted: costs.counted.status(),
        updated: Some(Time(whole_seconds(now))),
    }
}

/// The lines that are the trail's own: an estimate has those of its whole account.
pub fn own_lines<'a>(subject: &Subject, estimate: &'a Estimate) -> Vec<&'a Line> {
    estimate.lines.iter().filter(|line| is_own(subject, line)).collect()
}

/// Whether a line is of this trail, or of an alarm on its log group.
fn is_own(subject: &Subject, line: &Line) -> bool {
    let of_alarm = |object: &Object| subject.alarms.iter().any(|alarm| alarm.object.as_ref() == Some(object));
    line.trail.as_deref() == Some(subject.trail.arn.as_str()) || line.object.as_ref().is_some_and(of_alarm)
}

fn basis(basis: Basis) -> CostBasis {
    match basis {
        Basis::Measured => CostBasis::Measured,
        Basis::Metrics => CostBasis::Metrics,
        Basis::Declared => CostBasis::Declared,
    }
}

/// By component, over all accounts and Regions, in whole cents that add up to the sum.
fn components(lines: &[&Line]) -> Vec<CostComponent> {
    let mut sums = BTreeMap::<Component, (Decimal, Decimal)>::new();
    for line in lines {
        let (quantity, monthly) = sums.entry(line.component).or_default();
        *quantity = quantity.saturating_add(line.quantity);
        *monthly = monthly.saturating_add(line.monthly);
    }
    let whole = cents(&sums.values().map(|(_, monthly)| *monthly).collect::<Vec<_>>());
    sums.into_iter()
        .zip(whole)
        .map(|((component, (quantity, monthly)), cents)| CostComponent {
            name: component.name().to_owned(),
            monthly_quantity: quantity.round_dp(3).normalize().to_string(),
            unit: component.unit().to_owned(),
            unit_price: unit_price(monthly.checked_div(quantity).unwrap_or_default().round_dp(9)),
            monthly_cost: plain(cents),
        })
        .collect()
}

/// By object, in whole cents that add up to the sum. What no object declares is the Trail's.
fn objects(subject: &Subject, lines: &[&Line]) -> Vec<ObjectCost> {
    let mut sums = BTreeMap::from([(&subject.object, Decimal::ZERO)]);
    for line in lines {
        let sum = sums.entry(line.object.as_ref().unwrap_or(&subject.object)).or_default();
        *sum = sum.saturating_add(line.monthly);
    }
    let whole = cents(&sums.values().copied().collect::<Vec<_>>());
    let cost = |(object, cents): (&Object, Decimal)| ObjectCost {
        kind: object.kind.name().to_owned(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
        monthly: plain(cents),
    };
    sums.into_keys().zip(whole).map(cost).collect()
}
