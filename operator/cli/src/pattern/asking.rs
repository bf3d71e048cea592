//! What CloudWatch Logs itself says of a pattern and some events, and where that is not what is said here.

use anyhow::{Result, anyhow, bail};
use trail_operator_aws::AlarmsInRegion;
use trail_operator_domain::patterns::Verdict;

use super::{counting::name_of, declared::Asked, sampling::Sample};
use crate::{events::Access, output};

/// A request has no more bytes of events.
const MOST_BYTES: usize = 512 * 1024;

/// What came of asking about one pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) asked: u64,
    pub(super) matched: u64,
    /// Of those that are undetermined here: how many match, and how many do not.
    pub(super) settled: (u64, u64),
    pub(super) disagreements: Vec<Disagreement>,
}

/// An event about which CloudWatch Logs and the evaluation here say the opposite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Disagreement {
    pub(super) at: u64,
    pub(super) event_name: String,
    /// What CloudWatch Logs says.
    pub(super) matches: bool,
}

/// CloudWatch Logs in the Region of the caller.
pub(super) async fn here(access: &Access) -> Result<AlarmsInRegion> {
    let Some(region) = access.region().await else {
        bail!("--aws: neither the environment nor a profile names a Region; give --region");
    };
    Ok(access.account().await?.alarms(&region))
}

/// Asks, having said how much.
pub(super) async fn ask(here: &AlarmsInRegion, asked: &Asked, samples: &[Sample]) -> Result<Answer> {
    let batches = batches(samples);
    output::tell(format_args!(
        "asking CloudWatch Logs about {} events, in {} calls of TestMetricFilter",
        samples.len(),
        batches.len()
    ));
    let mut answer = Answer::default();
    for batch in batches {
        let messages: Vec<_> = batch.iter().map(|sample| sample.event.as_str()).collect();
        let matched = here.test_metric_filter(asked.pattern.text(), &messages).await.map_err(|error| {
            if error.code == "InvalidParameterException" {
                return anyhow!(
                    "CloudWatch Logs does not take the pattern {}: {}",
                    asked.name,
                    error.message
                );
            }
            anyhow!(error)
                .context("cannot ask CloudWatch Logs, which takes the permission logs:TestMetricFilter")
        })?;
        for (place, sample) in batch.iter().enumerate() {
            answer.add(sample, matched.contains(&place));
        }
    }
    Ok(answer)
}

/// As many as one call takes.
pub(super) fn batches(samples: &[Sample]) -> Vec<Vec<&Sample>> {
    let mut batches: Vec<(usize, Vec<&Sample>)> = Vec::new();
    for sample in samples {
        let length = sample.event.len();
        match batches.last_mut() {
            Some((bytes, batch))
                if batch.len() < AlarmsInRegion::MOST_MESSAGES && *bytes + length <= MOST_BYTES =>
            {
                *bytes += length;
                batch.push(sample);
            }
            _ => batches.push((length, vec![sample])),
        }
    }
    batches.into_iter().map(|(_, batch)| batch).collect()
}

impl Answer {
    pub(super) fn add(&mut self, sample: &Sample, matches: bool) {
        self.asked += 1;
        self.matched += u64::from(matches);
        match (sample.verdict, matches) {
            (Verdict::Undetermined, true) => self.settled.0 += 1,
            (Verdict::Undetermined, false) => self.settled.1 += 1,
            (Verdict::Match, true) | (Verdict::NoMatch, false) => {}
            (Verdict::Match, false) | (Verdict::NoMatch, true) => self.disagreements.push(Disagreement {
                at: sample.at,
                event_name: name_of(&sample.event),
                matches,
            }),
        }
    }
}
