//! How far a chain is verified, and whether what was verified earlier is still there.

use std::sync::Arc;

use jiff::Timestamp;

use super::chains::{Plan, Walked};
use super::context::Context;
use super::pair::{Findings, Pair};
use crate::finding::{Fault, Reason, Severity};
use crate::link::{Outcome, Place, Role};
use crate::names::{DigestName, Object};
use crate::request::{Anchor, Expiration};
use crate::source::ObjectSource;
use crate::time::shifted;

impl<S: ObjectSource> Context<S> {
    /// The digest up to which the chain was verified earlier must still be the same; `true` when it is.
    pub(super) async fn check_anchor(
        &self,
        pair: &Pair,
        plan: &Plan<'_>,
        walked: &Walked,
        found: &mut Findings,
    ) -> bool {
        let Some(anchor) = plan.anchor else { return plan.remembered.is_none() };
        let object = Object { bucket: anchor.bucket.clone(), key: anchor.key.clone() };
        match walked.outcomes.get(&object) {
            Some((Outcome::Verified(link), _)) if hex::encode(link.sha256) == anchor.sha256 => return true,
            Some((Outcome::Verified(_), _)) => {
                let message = "it is not the digest that was verified there earlier";
                found.add(&object, Fault::new(Reason::ChainBroken, message));
            }
            Some((Outcome::Faulty(_) | Outcome::Expired, _)) => {}
            Some((Outcome::Absent, _)) | None => self.anchor_gone(pair, plan, walked, &object, found).await,
        }
        false
    }

    async fn anchor_gone(
        &self,
        pair: &Pair,
        plan: &Plan<'_>,
        walked: &Walked,
        object: &Object,
        found: &mut Findings,
    ) {
        let Some(anchor) = plan.anchor.filter(|_| plan.complete) else { return };
        let rules = &self.request.expirations;
        if Expiration::explains(rules, object, anchor.end, self.request.now) {
            let message =
                "it was verified earlier and is gone, and a lifecycle rule of the bucket explains it";
            found.add(object, Fault::new(Reason::Expired, message));
        } else if plan.places.is_empty() && !self.any_digest(pair, plan.backfill).await {
            let message = format!("its digests were verified up to {}, and now there are none", anchor.end);
            found.add(&self.place_of(pair), Fault::new(Reason::ChainDisappeared, message));
        } else if !walked.walk.findings.iter().any(|(missing, _)| missing == object) {
            let message = format!(
                "it is not there, and it was verified earlier as the digest that ends at {}",
                anchor.end
            );
            found.add(object, Fault::new(Reason::DigestMissing, message));
        }
    }

    /// Whether the bucket holds any digest of that kind of this trail for the account and Region, however old. What cannot
    /// be listed counts as there.
    pub(super) async fn any_digest(&self, pair: &Pair, backfill: bool) -> bool {
        for location in &self.request.locations {
            let first = self.first_digests(location, pair.key(), Timestamp::UNIX_EPOCH, (backfill, 1)).await;
            if !first.is_ok_and(|first| first.is_empty()) {
                return true;
            }
        }
        false
    }

    /// The digest up to which the chain is verified now. It is the newest one before anything that was changed or could
    /// not be read, which the next run reads again; where the earlier anchor is in doubt, or not all could be listed, it
    /// stays where it was.
    pub(super) fn anchor(
        &self,
        pair: &Pair,
        plan: &Plan<'_>,
        walked: &Walked,
        sound: bool,
    ) -> Option<Anchor> {
        let walk = &walked.walk;
        let newest = walk.verified.first().filter(|_| sound && plan.complete);
        let Some((newest, _)) = newest else { return plan.remembered.cloned() };
        let held = shifted(newest.end, -self.request.hold);
        let faulty = walk
            .findings
            .iter()
            .filter(|(_, fault)| fault.severity > Severity::Warning)
            .filter_map(|(object, _)| self.end_of(pair, object));
        let held = faulty.chain(walked.unsettled.iter().copied()).filter(|end| *end > held);
        // What there was no room to read is nowhere named, so that nobody else would come back for it.
        let open = held.chain(walked.left_out.iter().copied()).min();
        walk.verified
            .iter()
            .find(|(place, _)| open.is_none_or(|open| place.end < open))
            .map(|(place, sha256)| Anchor {
                account_id: pair.account.clone(),
                region: pair.region.clone(),
                backfill: plan.backfill,
                bucket: place.object.bucket.clone(),
                key: place.object.key.clone(),
                end: place.end,
                sha256: hex::encode(sha256),
            })
            .or_else(|| plan.remembered.cloned())
    }

    /// End of a digest by its name.
    fn end_of(&self, pair: &Pair, object: &Object) -> Option<Timestamp> {
        let mut places = self.request.locations.iter().filter(|location| location.bucket == object.bucket);
        places
            .find_map(|location| DigestName::parse(&object.key, location, &pair.account, &pair.region))
            .map(|name| name.end)
    }

    /// The digests up to which the chains of an account and Region were verified at `through`, going by what is there now:
    /// the newest of each that ends until then, if it still verifies.
    pub(super) async fn recall_pair(self: Arc<Self>, pair: Pair) -> Recalled {
        let mut recalled = Recalled { anchors: Vec::new(), found: Findings::new(&pair) };
        let through = self.request.window.end;
        for backfill in [false, true] {
            let mut newest: Option<Place> = None;
            for location in &self.request.locations {
                let span = (self.request.window.start, through);
                match self.digests(location, pair.key(), span, super::listing::Whose::Own).await {
                    Ok(listed) => {
                        let last = listed.into_iter().rfind(|digest| digest.name.backfill == backfill);
                        let last = last.map(|digest| Place {
                            object: digest.object,
                            end: digest.name.end,
                            role: Role::Anchor,
                        });
                        newest = newest.into_iter().chain(last).max_by_key(|place| place.end);
                    }
                    Err(fault) => recalled.found.add(&pair.digests_in(location), fault),
                }
            }
            let Some(place) = newest else { continue };
            let plan = Plan::of(place.clone(), backfill);
            let walked = self.walk(&pair, &plan).await;
            for (object, fault) in &walked.walk.findings {
                recalled.found.add(object, fault.clone());
            }
            recalled.anchors.extend(self.anchor(&pair, &plan, &walked, true));
        }
        recalled
    }
}

/// What was recalled of one account and Region.
#[derive(Debug)]
pub(super) struct Recalled {
    pub anchors: Vec<Anchor>,
    pub found: Findings,
}
