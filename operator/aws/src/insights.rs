//! Insights and event configuration between the SDK's types and plain sets (`cloudtrail.md` 2.7 and 2.8).

use std::collections::BTreeSet;

use aws_sdk_cloudtrail::{
    error::BuildError,
    types::{
        AggregationConfiguration, EventCategoryAggregation, InsightSelector, InsightType,
        SourceEventCategory, Template,
    },
};
use trail_operator_reconcile::aws::Insights;

/// A type without categories looks at management events.
pub(crate) fn insights(selectors: Vec<InsightSelector>) -> Insights {
    let mut insights = Insights::new();
    for selector in selectors {
        let Some(insight_type) = selector.insight_type else { continue };
        let mut categories = selector.event_categories.unwrap_or_default();
        if categories.is_empty() {
            categories.push(SourceEventCategory::Management);
        }
        let categories = categories.iter().map(|category| category.as_str().to_owned());
        insights.entry(insight_type.as_str().to_owned()).or_default().extend(categories);
    }
    insights
}

pub(crate) fn insight_selectors(insights: &Insights) -> Vec<InsightSelector> {
    let selectors = insights.iter().map(|(insight_type, categories)| {
        let categories = categories.iter().map(|category| SourceEventCategory::from(category.as_str()));
        InsightSelector::builder()
            .insight_type(InsightType::from(insight_type.as_str()))
            .set_event_categories(Some(categories.collect()))
            .build()
    });
    selectors.collect()
}

pub(crate) fn templates(configurations: &[AggregationConfiguration]) -> BTreeSet<String> {
    let templates = configurations.iter().flat_map(AggregationConfiguration::templates);
    templates.map(|template| template.as_str().to_owned()).collect()
}

/// One configuration, or none to switch aggregation off.
pub(crate) fn aggregation(templates: &BTreeSet<String>) -> Result<Vec<AggregationConfiguration>, BuildError> {
    if templates.is_empty() {
        return Ok(Vec::new());
    }
    let templates = templates.iter().map(|template| Template::from(template.as_str()));
    let configuration = AggregationConfiguration::builder()
        .event_category(EventCategoryAggregation::Data)
        .set_templates(Some(templates.collect()))
        .build()?;
    Ok(vec![configuration])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
        texts.map(str::to_owned).into()
    }

    #[test]
    fn insights_read_back_with_types_that_are_newer_than_the_sdk() {
        let declared = Insights::from([
            ("ApiCallRateInsight".to_owned(), set(["Data", "Management"])),
            ("NewInsight".to_owned(), set(["NewCategory"])),
        ]);
        assert_eq!(insights(insight_selectors(&declared)), declared);
    }

    #[test]
    fn insights_without_categories_look_at_management_events() {
        let bare = InsightSelector::builder().insight_type(InsightType::ApiErrorRateInsight);
        let empty = bare.clone().set_event_categories(Some(Vec::new()));
        for selector in [bare.build(), empty.build()] {
            assert_eq!(
                insights(vec![selector]),
                Insights::from([("ApiErrorRateInsight".to_owned(), set(["Management"]))])
            );
        }
    }

    #[test]
    fn templates_are_one_configuration_and_none_is_none() {
        let declared = set(["API_ACTIVITY", "NEW_TEMPLATE"]);
        let configurations = aggregation(&declared).unwrap();
        assert_eq!(configurations.len(), 1);
        assert_eq!(templates(&configurations), declared);
        assert!(aggregation(&BTreeSet::new()).unwrap().is_empty());
    }
}
