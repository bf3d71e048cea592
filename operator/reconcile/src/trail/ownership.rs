//! Whose a trail is, and whether it may be taken over. Pure; see "Whose trail it is" in docs/trail.md.

use jiff::Timestamp;
use trail_operator_crds::{AdoptionPolicy, OWNER_TAG};

use super::{Change, FieldChange, Input, Mark, ObservedTrail, Plan, change::field, plan::pending};
use crate::reason::Reason;

/// Whose a trail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership<'a> {
    /// The owner tag is ours.
    Ours,
    /// It was ours, and the tag is gone.
    Lost,
    /// It was ours, and the tag names somebody else.
    Taken(&'a str),
    /// It carries no owner tag and was never ours.
    Unowned,
    /// The owner tag names somebody else.
    Theirs(&'a str),
    /// Its tags may not be read.
    Unknown,
}

impl<'a> Ownership<'a> {
    /// Judges by the owner tag, and by whether status says that the trail was ours.
    pub fn of(trail: &'a ObservedTrail, input: &Input) -> Self {
        match trail.owner() {
            _ if trail.tags.is_none() => Self::Unknown,
            Some(owner) if owner == input.owner => Self::Ours,
            Some(owner) if input.acquired => Self::Taken(owner),
            Some(owner) => Self::Theirs(owner),
            None if input.acquired => Self::Lost,
            None => Self::Unowned,
        }
    }
}

/// Names of trails that AWS Control Tower keeps begin so (`cloudtrail.md` 8; remembered there, so the whole family is
/// left alone).
const CONTROL_TOWER: &str = "aws-controltower-";

/// The mark that makes or keeps the trail ours, if one is due; or why the trail is left alone.
pub(super) fn claim(input: &Input, trail: &ObservedTrail, now: Timestamp) -> Result<Option<Change>, Plan> {
    let place = format!("account {} and {}", input.account_id, input.region);
    let name = &input.trail_name;
    let ownership = Ownership::of(trail, input);
    if name.to_ascii_lowercase().starts_with(CONTROL_TOWER) && ownership != Ownership::Ours {
        return Err(conflict(format!(
            "the trail '{name}' in {place} is kept by AWS Control Tower and is never taken over; declare a trail of another name"
        )));
    }
    let named = |owner: &str| input.adopt_from.as_deref() == Some(owner);
    if input.adopts_from_the_living
        && matches!(ownership, Ownership::Taken(owner) | Ownership::Theirs(owner) if named(owner))
    {
        return Err(conflict(format!(
            "spec.adoptFrom names an object of this cluster that is still there; the trail '{name}' in {place} is left to it: delete that object first (deletionPolicy Retain leaves the trail logging)"
        )));
    }
    match ownership {
        Ownership::Ours => Ok(None),
        Ownership::Lost => Ok(Some(mark(input, Mark::Restored, ""))),
        Ownership::Taken(owner) | Ownership::Theirs(owner) if named(owner) => {
            Ok(Some(mark(input, Mark::Adopted, owner)))
        }
        Ownership::Taken(owner) if !input.owner_tag_restored => Ok(Some(mark(input, Mark::Reclaimed, owner))),
        Ownership::Taken(_) => Err(conflict(format!(
            "somebody else has put his owner tag on the trail '{name}' in {place}, again after it was put right once (see its tag {OWNER_TAG}); it is left alone: delete one of the two objects, or name that owner in spec.adoptFrom"
        ))),
        Ownership::Unowned if input.last_write.may_be_invisible(now) => {
            Err(pending("the trail was created and AWS does not show its owner tag yet"))
        }
        Ownership::Unowned if input.adoption_policy == AdoptionPolicy::IfUnowned && input.has_rival => {
            Err(rivalry(input))
        }
        Ownership::Unowned if input.adoption_policy == AdoptionPolicy::IfUnowned => {
            Ok(Some(mark(input, Mark::Adopted, "")))
        }
        Ownership::Unowned => Err(conflict(format!(
            "a trail named '{name}' exists in {place} and was not made by this object; it is left alone: set spec.adoptionPolicy to IfUnowned to take it over, or use another spec.trailName"
        ))),
        Ownership::Theirs(_) => Err(conflict(format!(
            "the trail '{name}' in {place} belongs to another object or cluster (see its tag {OWNER_TAG}); it is left alone: name that owner in spec.adoptFrom to take it over, or use another spec.trailName"
        ))),
        Ownership::Unknown => Err(conflict(format!(
            "the tags of the trail '{name}' in {place} may not be read, so nobody knows whose it is; it is left alone: allow cloudtrail:ListTags on it, or use another spec.trailName"
        ))),
    }
}

fn mark(input: &Input, mark: Mark, from: &str) -> Change {
    // Whose tag it was names another object, which is nothing for this one's events and status.
    let from = if from.is_empty() { "" } else { "another owner" };
    Change::MarkOwner(mark, FieldChange::new(field::tag(OWNER_TAG), from, &input.owner))
}

/// An older object goes first, so that it is always the same one that has the trail.
pub(super) fn rivalry(input: &Input) -> Plan {
    conflict(format!(
        "another Trail of this cluster, older than this one, declares the trail '{}' of account {} and {}: delete one of the two, or use another spec.trailName",
        input.trail_name, input.account_id, input.region
    ))
}

/// The trail is somebody else's business.
pub(super) fn conflict(message: String) -> Plan {
    Plan::stopped(Reason::ManagementConflict, message)
}
