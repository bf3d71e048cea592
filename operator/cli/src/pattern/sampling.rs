//! Events that CloudWatch Logs is asked about: some that match, some that do not, some of which it is not known. Pure.

use trail_operator_domain::patterns::Verdict;

/// CloudWatch Logs takes no longer event, and CloudTrail sends it none (`cloudtrail.md` 5.1).
const LONGEST: usize = 256 * 1024;

/// An event, and what is thought of it here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Its place in the input, from 0.
    pub(super) at: u64,
    pub(super) event: String,
    pub(super) verdict: Verdict,
}

/// For each pattern the first events of each verdict.
#[derive(Debug)]
pub(super) struct Samples {
    most: usize,
    each: Vec<[Vec<Sample>; 3]>,
}

impl Samples {
    /// None yet; at most so many of each verdict for each pattern.
    pub(super) fn of(patterns: usize, most: u32) -> Self {
        Self { most: usize::try_from(most).unwrap_or_default(), each: vec![<_>::default(); patterns] }
    }

    /// Keeps an event where there is room.
    pub(super) fn add(&mut self, at: u64, event: &str, verdicts: &[Verdict]) {
        if self.most == 0 || event.len() > LONGEST {
            return;
        }
        for (kinds, verdict) in self.each.iter_mut().zip(verdicts) {
            let [undetermined, matched, others] = kinds;
            let kind = match verdict {
                Verdict::Undetermined => undetermined,
                Verdict::Match => matched,
                Verdict::NoMatch => others,
            };
            if kind.len() < self.most {
                kind.push(Sample { at, event: event.to_owned(), verdict: *verdict });
            }
        }
    }

    /// For each pattern at most so many: of each verdict as many, and more of one where there are fewer of another.
    pub(super) fn take(self, most: u32) -> impl Iterator<Item = Vec<Sample>> {
        let most = usize::try_from(most).unwrap_or_default();
        self.each.into_iter().map(move |kinds| {
            let mut kinds = kinds.map(Vec::into_iter);
            let mut chosen = Vec::new();
            loop {
                let before = chosen.len();
                for kind in &mut kinds {
                    chosen.extend(kind.next().filter(|_| chosen.len() < most));
                }
                if chosen.len() == before {
                    break;
                }
            }
            chosen.sort_by_key(|sample: &Sample| sample.at);
            chosen
        })
    }
}
