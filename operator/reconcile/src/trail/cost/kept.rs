//! What AWS says of a trail's surroundings, in the model's words.

use trail_operator_domain::cost::{
    Bucket, InsightCategory, InsightSelector, InsightType, LogGroup, Retention,
};
use trail_operator_integrity::Expiration;

use crate::aws::Insights;

/// What Insights analyses. Types and categories that are not known have no known price either.
pub fn insight_selectors(insights: &Insights) -> Vec<InsightSelector> {
    let selector = |(kind, categories): (&String, &std::collections::BTreeSet<String>)| {
        let kind = match kind.as_str() {
            "ApiCallRateInsight" => InsightType::ApiCallRate,
            "ApiErrorRateInsight" => InsightType::ApiErrorRate,
            _ => return None,
        };
        let category = |name: &String| match name.as_str() {
            "Management" => Some(InsightCategory::Management),
            "Data" => Some(InsightCategory::Data),
            _ => None,
        };
        Some(InsightSelector { kind, categories: categories.iter().filter_map(category).collect() })
    };
    insights.iter().filter_map(selector).collect()
}

/// A trail's bucket with the lifecycle rules that let go of its log files. Of several the first to let go counts.
pub fn bucket(name: &str, key_prefix: &str, region: &str, rules: &[Expiration]) -> Bucket {
    let folder = match key_prefix {
        "" => "AWSLogs/".to_owned(),
        prefix => format!("{prefix}/AWSLogs/"),
    };
    let concerned = rules.iter().filter(|rule| folder.starts_with(&rule.prefix));
    let days = concerned.map(|rule| rule.days).min();
    Bucket {
        name: name.to_owned(),
        region: region.to_owned(),
        retention: days.map_or(Retention::Unlimited, Retention::Days),
        refuses: false,
    }
}

/// A log group that keeps events so many days; for ever where no number is set.
pub fn log_group(region: &str, retention_days: Option<u32>) -> LogGroup {
    LogGroup {
        region: region.to_owned(),
        retention: retention_days.map_or(Retention::Unlimited, Retention::Days),
        incoming_bytes: None,
    }
}
