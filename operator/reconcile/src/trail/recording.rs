//! What the trail records beyond its settings: selectors, Insights and aggregation, in an order in which Insights and
//! aggregation never lose the events they need. Pure.

use std::collections::BTreeSet;

use trail_operator_domain::selectors::{AdvancedSelector, ReadWrite, Selectors};

use super::{Change, FieldChange, Finding, change::field, guard};
use crate::{aws::Insights, reason::Reason};

const MANAGEMENT: &str = "Management";
const DATA: &str = "Data";
/// Looks at management events that change something, only (`cloudtrail.md` 2.7).
const CALL_RATE: &str = "ApiCallRateInsight";

/// What is declared to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Selectors.
    pub selectors: Selectors,
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

/// Changes in order, without those that AWS would refuse, and what stands in their way.
pub(super) fn changes(declared: &Recording, actual: &Recorded) -> (Vec<Change>, Vec<Finding>) {
    let mut findings = uncovered(&declared.insights, &declared.selectors);
    let insights_possible = findings.is_empty();
    let aggregation_possible = declared.aggregation.is_empty() || declared.selectors.record_data_events();
    if !aggregation_possible {
        findings.push(Finding::error(
            Reason::InvalidConfiguration,
            "spec.aggregation sums up data events, and the trail records none: add an EventSelector, or remove it",
        ));
    }
    let selectors = actual.selectors.as_ref().and_then(|actual| selectors(&declared.selectors, actual));
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
    // What analyses events is cut back before they go, and grows after they have come.
    let now = actual.selectors.as_ref();
    let insights_first = now.is_some_and(|now| uncovered(&declared.insights, now).is_empty());
    let aggregation_first = declared.aggregation.is_empty() || now.is_some_and(Selectors::record_data_events);
    let mut changes = Vec::new();
    let (first, last): (Vec<_>, Vec<_>) = [(insights, insights_first), (aggregation, aggregation_first)]
        .into_iter()
        .partition(|(_, first)| *first);
    changes.extend(first.into_iter().filter_map(|(change, _)| change));
    changes.extend(selectors);
    changes.extend(last.into_iter().filter_map(|(change, _)| change));
    (changes, findings)
}

fn selectors(declared: &Selectors, actual: &Selectors) -> Option<Change> {
    if declared.normalised() == actual.normalised() {
        return None;
    }
    let mut change = FieldChange::new(field::MANAGEMENT_EVENTS, describe(actual), describe(declared));
    change.weakening = guard::selectors_weaken(actual, declared);
    Some(Change::PutEventSelectors(change, declared.clone()))
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

/// Whether an Insight whose loss would weaken the record looks at events that the declared selectors take away. AWS does
/// not take it off then, and may refuse the selectors (`cloudtrail.md` 2.7: UNVERIFIED).
pub(super) fn strands_insights(declared: &Recording, actual: &Recorded) -> bool {
    actual.insights.as_ref().is_some_and(|kept| {
        guard::insights_weaken(kept, &declared.insights) && !uncovered(kept, &declared.selectors).is_empty()
    })
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn describe_insights(insights: &Insights) -> String {
    let told = insights.iter().map(|(type_, categories)| format!("{type_} ({})", listed(categories)));
    told.collect::<Vec<_>>().join(", ")
}

/// Selectors in few words. Texts from AWS are bounded where they are shown.
fn describe(selectors: &Selectors) -> String {
    match selectors.normalised() {
        Selectors::Default => "all management events".into(),
        Selectors::Basic(list) => {
            let told = list.iter().map(|selector| {
                let management = if selector.include_management_events { "management events" } else { "" };
                let excluded = listed(&selector.exclude_management_event_sources);
                let data = selector.data_resources.iter().map(|(type_, value)| format!("{type_} {value}"));
                let parts = [management.to_owned(), words("without ", &excluded)].into_iter().chain(data);
                let parts = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
                format!("{}: {parts}", half(selector.read_write_type))
            });
            told.collect::<Vec<_>>().join("; ")
        }
        Selectors::Advanced(list) => list.iter().map(describe_advanced).collect::<Vec<_>>().join("; "),
    }
}

fn half(read_write: ReadWrite) -> &'static str {
    match read_write {
        ReadWrite::All => "All",
        ReadWrite::ReadOnly => "ReadOnly",
        ReadWrite::WriteOnly => "WriteOnly",
    }
}

fn words(before: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{before}{text}") }
}

fn describe_advanced(selector: &AdvancedSelector) -> String {
    let fields = selector.fields.iter().map(|field| {
        let operators = [
            ("=", &field.equals),
            ("startsWith", &field.starts_with),
            ("endsWith", &field.ends_with),
            ("≠", &field.not_equals),
            ("notStartsWith", &field.not_starts_with),
            ("notEndsWith", &field.not_ends_with),
        ];
        let told = operators
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(operator, values)| format!("{} {operator} {}", field.field, listed(values)));
        told.collect::<Vec<_>>().join(", ")
    });
    let fields = fields.collect::<Vec<_>>().join(", ");
    if selector.name.is_empty() { fields } else { format!("{} ({fields})", selector.name) }
}

#[cfg(test)]
mod tests {
    use trail_operator_domain::selectors::FieldSelector;

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
        let members = if data_events { vec![data()] } else { vec![] };
        Recording {
            selectors: Selectors::declared(read_write, [], &members),
            insights: insights.iter().map(|(type_, of)| ((*type_).to_owned(), names(of))).collect(),
            aggregation: names(templates),
        }
    }

    fn recorded(of: &Recording) -> Recorded {
        Recorded {
            selectors: Some(of.selectors.clone()),
            insights: Some(of.insights.clone()),
            aggregation: Some(of.aggregation.clone()),
        }
    }

    fn operations(declared: &Recording, actual: &Recorded) -> Vec<&'static str> {
        changes(declared, actual).0.iter().map(Change::operation).collect()
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
            let (changes, findings) = changes(&what, &actual);
            assert_eq!(!findings.is_empty(), refused, "{what:?}: {findings:?}");
            assert!(findings.iter().all(|finding| finding.reason == Reason::InvalidConfiguration));
            let puts = changes.iter().any(|change| change.operation() == "PutEventSelectors");
            assert_eq!(puts, what.selectors.normalised() != Selectors::Default, "{what:?}");
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
        let (changes, _) = changes(&want, &recorded(&declared(ReadWrite::All, false, &[], &[])));
        let told = changes[0].fields()[0].to_string();
        assert_eq!(
            told,
            "managementEvents: 'all management events' → 'Management events selector (eventCategory = Management, readOnly = false)'"
        );
        assert!(changes[0].fields()[0].weakening);
    }
}
