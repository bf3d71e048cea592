//! One trail with what it costs, wherever that is known from, and the figures of several together. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr as _,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use trail_operator_crds::{CostBasis, CostStatus, Trail, condition};
use trail_operator_domain::cost::{Component, Decimal, Estimate, Line, Object, Service, dollars};
use trail_operator_reconcile::conditions::{Fact, Status};

use super::dearest::Dearest;

/// One trail.
#[derive(Clone, Debug)]
pub(super) struct Priced {
    /// Namespace and name.
    pub(super) name: (String, String),
    /// Its figures, as its status has them or would have them; `None` where nothing says how many events there are.
    pub(super) status: Option<CostStatus>,
    /// What the figure rests on, in words, or why there is none.
    pub(super) message: String,
    /// Whether it is within its budget, where it has one.
    pub(super) budget: Option<(Status, String)>,
    /// What only an estimate of our own knows.
    pub(super) detail: Option<Detail>,
}

/// What status does not hold.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    /// All of its account.
    pub(super) estimate: Estimate,
    /// The lines that are its own.
    pub(super) lines: Vec<Line>,
    /// Events a month that each EventSelector takes.
    pub(super) events: BTreeMap<Object, Decimal>,
    /// What costs most.
    pub(super) dearest: Vec<Dearest>,
}

/// One component of several trails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ComponentSum {
    pub(super) name: String,
    pub(super) quantity: Decimal,
    pub(super) unit: String,
    /// US dollars for one, on average.
    pub(super) unit_price: Decimal,
    pub(super) monthly: Decimal,
    /// Where the price comes from.
    pub(super) source: String,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ObjectSum {
    /// Kind, namespace, name.
    pub(super) object: [String; 3],
    pub(super) monthly: Decimal,
    /// Events a month, of an EventSelector whose events were counted.
    pub(super) events: Option<Decimal>,
}

impl Priced {
    /// As the operator says.
    pub(super) fn of_status(trail: &Trail) -> Self {
        let metadata = &trail.metadata;
        let status = trail.status.as_ref();
        let conditions = status.map(|status| status.conditions.as_slice()).unwrap_or_default();
        let find = |type_: &str| conditions.iter().find(|condition| condition.type_ == type_);
        let word = |condition: &Condition| match condition.status.as_str() {
            "True" => Status::True,
            "False" => Status::False,
            _ => Status::Unknown,
        };
        let unseen = "the operator has not estimated it yet";
        Self {
            name: (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default()),
            status: status.and_then(|status| status.cost.clone()),
            message: find(condition::COST_ESTIMATED).map_or(unseen, |found| &found.message).to_owned(),
            budget: find(condition::WITHIN_BUDGET).map(|found| (word(found), found.message.clone())),
            detail: None,
        }
    }

    /// As it was judged here.
    pub(super) fn of_facts(
        name: (String, String),
        status: Option<CostStatus>,
        facts: &[Fact],
        detail: Option<Detail>,
    ) -> Self {
        let find = |type_: &str| facts.iter().find(|fact| fact.type_ == type_);
        Self {
            name,
            status,
            message: find(condition::COST_ESTIMATED).map(|fact| fact.message.clone()).unwrap_or_default(),
            budget: find(condition::WITHIN_BUDGET).map(|fact| (fact.status, fact.message.clone())),
            detail,
        }
    }

    /// Namespace/name.
    pub(super) fn called(&self) -> String {
        format!("{}/{}", self.name.0, self.name.1)
    }

    /// US dollars a month, as far as they are known.
    pub(super) fn monthly(&self) -> Decimal {
        self.status.as_ref().map(|status| amount(&status.monthly)).unwrap_or_default()
    }

    fn lines(&self) -> &[Line] {
        self.detail.as_ref().map(|detail| detail.lines.as_slice()).unwrap_or_default()
    }
}

/// An amount as status writes it.
pub(super) fn amount(text: &str) -> Decimal {
    Decimal::from_str(text).unwrap_or_default()
}

/// US dollars a month of all together, as far as they are known.
pub(super) fn monthly(trails: &[Priced]) -> Decimal {
    trails.iter().map(Priced::monthly).sum()
}

/// What all cost together, in words that say where something is in no sum.
pub(super) fn told(trails: &[Priced]) -> String {
    let known = dollars(monthly(trails));
    if unknown(trails).is_empty() { known } else { format!("at least {known}") }
}

/// The weakest of what the figures rest on; `None` where there is none.
pub(super) fn basis(trails: &[Priced]) -> Option<CostBasis> {
    let strength = |basis: &CostBasis| match basis {
        CostBasis::Measured => 0,
        CostBasis::Metrics => 1,
        CostBasis::Declared => 2,
    };
    trails.iter().filter_map(|trail| Some(trail.status.as_ref()?.basis)).max_by_key(strength)
}

/// What is not in the sums: trails of which nothing is known, and what has no known price.
pub(super) fn unknown(trails: &[Priced]) -> BTreeSet<String> {
    let of = |trail: &Priced| match &trail.status {
        None => vec![format!("Trail {}: {}", trail.called(), trail.message)],
        Some(status) => status.unknown.clone(),
    };
    trails.iter().flat_map(of).collect()
}

/// By component, in the order of a bill.
pub(super) fn components(trails: &[Priced]) -> Vec<ComponentSum> {
    let mut sums = BTreeMap::<usize, ComponentSum>::new();
    for component in
        trails.iter().filter_map(|trail| trail.status.as_ref()).flat_map(|status| &status.components)
    {
        let sum = sums.entry(place(&component.name)).or_insert_with(|| ComponentSum {
            name: component.name.clone(),
            quantity: Decimal::ZERO,
            unit: component.unit.clone(),
            unit_price: amount(&component.unit_price),
            monthly: Decimal::ZERO,
            source: source(trails, &component.name),
        });
        // The average of several prices; of one, that price with all its digits.
        if sum.unit_price != amount(&component.unit_price) {
            let (so_far, more) = (sum.quantity * sum.unit_price, amount(&component.unit_price));
            let quantity = amount(&component.monthly_quantity);
            let all = so_far + quantity * more;
            sum.unit_price = all.checked_div(sum.quantity + quantity).unwrap_or(more).round_dp(9);
        }
        sum.quantity += amount(&component.monthly_quantity);
        sum.monthly += amount(&component.monthly_cost);
    }
    sums.into_values().collect()
}

/// Where in a bill a component stands; the operator may know some that are not known here.
pub(super) fn place(component: &str) -> usize {
    Component::ALL.iter().position(|known| known.name() == component).unwrap_or(usize::MAX)
}

/// Where the prices of a component come from.
fn source(trails: &[Priced], component: &str) -> String {
    let lines = trails.iter().flat_map(Priced::lines).filter(|line| line.component.name() == component);
    let own: BTreeSet<_> = lines.map(|line| line.price_source.as_str()).collect();
    if !own.is_empty() {
        return own.into_iter().collect::<Vec<_>>().join("; ");
    }
    let dates = trails.iter().filter_map(|trail| trail.status.as_ref()?.price_list_date.as_deref());
    let dates: BTreeSet<_> = dates.collect();
    format!("the operator's prices of {}", dates.into_iter().collect::<Vec<_>>().join(", "))
}

/// By object, sorted. An EventSelector that takes nothing is there too.
pub(super) fn objects(trails: &[Priced]) -> Vec<ObjectSum> {
    let mut sums = BTreeMap::<[String; 3], ObjectSum>::new();
    let none =
        |object: &[String; 3]| ObjectSum { object: object.clone(), monthly: Decimal::ZERO, events: None };
    for cost in trails.iter().filter_map(|trail| trail.status.as_ref()).flat_map(|status| &status.objects) {
        let object = [cost.kind.clone(), cost.namespace.clone(), cost.name.clone()];
        sums.entry(object.clone()).or_insert_with(|| none(&object)).monthly += amount(&cost.monthly);
    }
    for (object, events) in
        trails.iter().filter_map(|trail| trail.detail.as_ref()).flat_map(|detail| &detail.events)
    {
        let object = [object.kind.name().to_owned(), object.namespace.clone(), object.name.clone()];
        *sums.entry(object.clone()).or_insert_with(|| none(&object)).events.get_or_insert_default() += events;
    }
    sums.into_values().collect()
}

/// One estimate that has the lines of all trails, each once: what a bill is laid beside.
pub(super) fn together(trails: &[Priced]) -> Option<Estimate> {
    let details = || trails.iter().filter_map(|trail| trail.detail.as_ref());
    let first = details().next()?;
    let lines: Vec<Line> = details().flat_map(|detail| detail.lines.clone()).collect();
    Some(Estimate { monthly: lines.iter().map(|line| line.monthly).sum(), lines, ..first.estimate.clone() })
}

/// How many of a component's units a trail uses a month.
pub(super) fn quantity(trail: &Priced, components: &[Component]) -> Decimal {
    let own = trail.lines().iter().filter(|line| components.contains(&line.component));
    own.map(|line| line.quantity).sum()
}

/// Whether CloudTrail itself charges for it.
pub(super) fn is_of_events(line: &Line) -> bool {
    line.component.service() == Service::CloudTrail
}
