//! What the trail records beyond its settings: selectors, Insights and aggregation, in an order in which Insights and
//! aggregation never lose the events they need. Pure.

use std::collections::BTreeSet;

use trail_operator_domain::selectors::Selectors;

use super::{
    Change, DeclaredSelectors, FieldChange, Finding, Withheld,
    change::field,
    guard,
    selecting::{self, Keep, Selection},
};
use crate::{aws::Insights, reason::Reason};

const MANAGEMENT: &str = "Management";
const DATA: &str = "Data";
/// Looks at management events that change something, only (`cloudtrail.md` 2.7).
const CALL_RATE: &str = "ApiCallRateInsight";

/// What is declared to be recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// Selectors.
    pub selectors: DeclaredSelectors,
    /// Insights.
    pub insights: Insights,
    /// Templates of aggregation.
    pub aggregation: BTreeSet<String>,
}

/// What AWS has of it; `None` where it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Selectors.
    pub selectors: Option<Selectors>,
    /// Insights.
    pub insights: Option<Insights>,
    /// Templates of aggregation.
    pub aggregation: Option<BTreeSet<String>>,
}

/// What is to be done about it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// In order, without what AWS would refuse.
    pub(super) changes: Vec<Change>,
    /// Selectors that differ and stay.
    pub(super) withheld: Vec<Withheld>,
    /// What stands in the way.
    pub(super) findings: Vec<Finding>,
}

/// Compares. `guarded` says that nothing may be weakened.
pub(super) fn changes(declared: &Recording, actual: &Recorded, guarded: bool) -> Outcome {
    let all = declared.selectors.all();
    let mut findings = uncovered(&declared.insights, &all);
    let insights_possible = findings.is_empty();
    let aggregation_possible = declared.aggregation.is_empty() || all.record_data_events();
    if !aggregation_possible {
        findings.push(Finding::error(
            Reason::InvalidConfiguration,
            "spec.aggregation sums up data events, and the trail records none: add an EventSelector, or remove it",
        ));
    }
    if declared.selectors.is_empty() {
        findings.push(Finding::error(Reason::InvalidConfiguration, RECORDS_NOTHING));
    }
    let selection = actual.selectors.as_ref().map(|selectors| {
        let staying = Staying {
            insights: staying(&declared.insights, actual.insights.as_ref(), insights_possible, |from, to| {
                guarded && guard::insights_weaken(from, to)
            }),
            aggregation: staying(
                &declared.aggregation,
                actual.aggregation.as_ref(),
                aggregation_possible,
                |_, _| false,
            ),
        };
        selection(declared, selectors, &staying, guarded)
    });
    let after = selection.as_ref().map_or(&all, |selection| &selection.after);
    let insights = actual
        .insights
        .as_ref()
        .filter(|actual| insights_possible && **actual != declared.insights)
        .map(|actual| put_insights(actual, &declared.insights));
    let aggregation = actual
        .aggregation
        .as_ref()
        .filter(|actual| aggregation_possible && **actual != declared.aggregation)
        .map(|actual| put_aggregation(actual, &declared.aggregation));
    // What analyses events needs them; where they are withheld, so is it.
    let needs_more = !uncovered(&declared.insights, after).is_empty();
    let needs_data = !declared.aggregation.is_empty() && !after.record_data_events();
    let mut withheld = selection.as_ref().map(|one| one.withheld.clone()).unwrap_or_default();
    let why = withheld.first().map(|withheld| withheld.reason);
    let mut unless = |change: Option<Change>, lacks: bool| match (change, why.filter(|_| lacks)) {
        (Some(change), Some(reason)) => {
            let operation = change.operation();
            withheld.extend(change.fields().into_iter().map(|field| Withheld { operation, field, reason }));
            None
        }
        (change, _) => change,
    };
    let (insights, aggregation) = (unless(insights, needs_more), unless(aggregation, needs_data));
    // What analyses events is cut back before they go, and grows after they have come.
    let now = actual.selectors.as_ref();
    let insights_first = now.is_some_and(|now| uncovered(&declared.insights, now).is_empty());
    let aggregation_first = declared.aggregation.is_empty() || now.is_some_and(Selectors::record_data_events);
    let (first, last): (Vec<_>, Vec<_>) = [(insights, insights_first), (aggregation, aggregation_first)]
        .into_iter()
        .partition(|(_, first)| *first);
    let mut changes: Vec<_> = first.into_iter().filter_map(|(change, _)| change).collect();
    changes.extend(selection.and_then(|selection| selection.change));
    changes.extend(last.into_iter().filter_map(|(change, _)| change));
    Outcome { changes, withheld, findings }
}

/// The sentence for a trail without any events.
pub(super) const RECORDS_NOTHING: &str = "the trail would record nothing: spec.managementEvents.readWriteType is None, and no EventSelector is accepted; add an EventSelector, or record management events";

/// What looks at events after this round.
struct Staying<'a> {
    insights: &'a Insights,
    aggregation: &'a BTreeSet<String>,
}

/// What is declared, unless what is there stays: the declared one cannot be, or may not be.
fn staying<'a, T>(
    declared: &'a T,
    actual: Option<&'a T>,
    possible: bool,
    refused: impl Fn(&T, &T) -> bool,
) -> &'a T {
    match actual {
        Some(actual) if !possible || refused(actual, declared) => actual,
        _ => declared,
    }
}

/// Nothing is given up that something which stays looks at: AWS does not take that off then, and may refuse the selectors
/// (`cloudtrail.md` 2.7: UNVERIFIED).
fn selection(declared: &Recording, actual: &Selectors, staying: &Staying<'_>, guarded: bool) -> Selection {
    let keep = Keep {
        management: guarded.then_some(Reason::WeakeningRefused),
        added: declared.selectors.hold.is_some().then_some(Reason::HeldForNow),
    };
    let selection = selecting::select(&declared.selectors, actual, keep);
    let after = &selection.after;
    let lacked = uncovered(staying.insights, actual);
    let strands = uncovered(staying.insights, after).iter().any(|finding| !lacked.contains(finding))
        || (!staying.aggregation.is_empty() && actual.record_data_events() && !after.record_data_events());
    if !strands {
        return selection;
    }
    let refused = guarded && *staying.insights != declared.insights;
    let reason = if refused { Reason::WeakeningRefused } else { Reason::InvalidConfiguration };
    let keep = Keep { management: keep.management.or(Some(reason)), added: keep.added.or(Some(reason)) };
    selecting::select(&declared.selectors, actual, keep)
}

fn put_insights(actual: &Insights, declared: &Insights) -> Change {
    let mut change =
        FieldChange::new(field::INSIGHTS, describe_insights(actual), describe_insights(declared));
    change.weakening = guard::insights_weaken(actual, declared);
    Change::PutInsightSelectors(change, declared.clone())
}

fn put_aggregation(actual: &BTreeSet<String>, declared: &BTreeSet<String>) -> Change {
    let change = FieldChange::new(field::AGGREGATION, listed(actual), listed(declared));
    Change::PutEventConfiguration(change, declared.clone())
}

/// Insights that AWS would refuse since these selectors do not record what they look at (`cloudtrail.md` 2.7).
fn uncovered(insights: &Insights, selectors: &Selectors) -> Vec<Finding> {
    let management = selectors.management_events();
    let data = selectors.record_data_events();
    let mut findings = Vec::new();
    for (type_, categories) in insights {
        if categories.contains(MANAGEMENT) && type_ == CALL_RATE && !management.has_writes() {
            findings.push(format!(
                "spec.insightSelectors: {type_} looks at management events that change something, and the trail records none: set spec.managementEvents.readWriteType to All or WriteOnly, or remove it"
            ));
        } else if categories.contains(MANAGEMENT) && !management.has_any() {
            findings.push(format!(
                "spec.insightSelectors: {type_} looks at management events, and the trail records none: record them, or remove it"
            ));
        }
        if categories.contains(DATA) && !data {
            findings.push(format!(
                "spec.insightSelectors: {type_} for Data looks at data events, and the trail records none: add an EventSelector, or remove the category"
            ));
        }
    }
    findings.into_iter().map(|message| Finding::error(Reason::InvalidConfiguration, message)).collect()
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn describe_insights(insights: &Insights) -> String {
    let told = insights.iter().map(|(type_, categories)| format!("{type_} ({})", listed(categories)));
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use trail_operator_domain::selectors::{AdvancedSelector, FieldSelector, ReadWrite};

    use super::*;

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn data() -> AdvancedSelector {
        let fields = [
            FieldSelector::equals("eventCategory", ["Data"]),
            FieldSelector::equals("resources.type", ["AWS::S3::Object"]),
        ];
        AdvancedSelector { name: "Objects".into(), fields: fields.into() }
    }

    fn declared(
        read_write: ReadWrite,
        data_events: bool,
        insights: &[(&str, &[&str])],
        templates: &[&str],
    ) -> Recording {
        let added = if data_events { vec![data()] } else { vec![] };
        let management = Some(AdvancedSelector::management(read_write, []));
        Recording {
            selectors: DeclaredSelectors { management, added, ..DeclaredSelectors::default() },
            insights: insights.iter().map(|(type_, of)| ((*type_).to_owned(), names(of))).collect(),
            aggregation: names(templates),
        }
    }

    fn recorded(of: &Recording) -> Recorded {
        Recorded {
            selectors: Some(of.selectors.all()),
            insights: Some(of.insights.clone()),
            aggregation: Some(of.aggregation.clone()),
        }
    }

    fn operations(declared: &Recording, actual: &Recorded) -> Vec<&'static str> {
        changes(declared, actual, false).changes.iter().map(Change::operation).collect()
    }

    #[test]
    fn insights_and_aggregation_come_after_their_events_and_go_before_them() {
        let nothing = declared(ReadWrite::All, false, &[], &[]);
        let everything = declared(ReadWrite::All, true, &[(CALL_RATE, &[DATA])], &["API_ACTIVITY"]);
        assert_eq!(
            operations(&everything, &recorded(&nothing)),
            ["PutEventSelectors", "PutInsightSelectors", "PutEventConfiguration"]
        );
        assert_eq!(
            operations(&nothing, &recorded(&everything)),
            ["PutInsightSelectors", "PutEventConfiguration", "PutEventSelectors"]
        );
        assert_eq!(operations(&everything, &recorded(&everything)), [""; 0]);
    }

    #[test]
    fn what_aws_would_refuse_is_refused_before_it_is_asked_and_holds_up_nothing_else() {
        let rate = (CALL_RATE, [MANAGEMENT].as_slice());
        let error = ("ApiErrorRateInsight", [MANAGEMENT].as_slice());
        let of_data = (CALL_RATE, [DATA].as_slice());
        for (what, refused) in [
            (declared(ReadWrite::ReadOnly, false, &[rate], &[]), true),
            (declared(ReadWrite::ReadOnly, false, &[error], &[]), false),
            (declared(ReadWrite::WriteOnly, false, &[rate], &[]), false),
            (declared(ReadWrite::All, false, &[of_data], &[]), true),
            (declared(ReadWrite::All, true, &[of_data], &[]), false),
            (declared(ReadWrite::All, false, &[], &["API_ACTIVITY"]), true),
            (declared(ReadWrite::All, true, &[], &["API_ACTIVITY"]), false),
        ] {
            let actual = recorded(&declared(ReadWrite::All, false, &[], &[]));
            let Outcome { changes, findings, .. } = changes(&what, &actual, false);
            assert_eq!(!findings.is_empty(), refused, "{what:?}: {findings:?}");
            assert!(findings.iter().all(|finding| finding.reason == Reason::InvalidConfiguration));
            let puts = changes.iter().any(|change| change.operation() == "PutEventSelectors");
            assert_eq!(puts, what.selectors.all() != Selectors::Default, "{what:?}");
        }
    }

    #[test]
    fn what_could_not_be_read_is_not_written() {
        let want = declared(ReadWrite::WriteOnly, true, &[(CALL_RATE, &[DATA])], &["API_ACTIVITY"]);
        assert_eq!(operations(&want, &Recorded::default()), [""; 0]);
    }

    #[test]
    fn a_change_of_selectors_tells_both_in_words() {
        let want = declared(ReadWrite::WriteOnly, false, &[], &[]);
        let changes = changes(&want, &recorded(&declared(ReadWrite::All, false, &[], &[])), false).changes;
        let told = changes[0].fields()[0].to_string();
        assert_eq!(told, "managementEvents: 'all' → 'writes only'");
        assert!(changes[0].fields()[0].weakening);
    }
}
