//! Whether anybody would hear the alarm: its actions, their topics, who has subscribed. Pure.

use trail_operator_domain::arn;

use super::{Input, Observed, input::Judgement, refusal};
use crate::{aws::Topic, aws_error::AwsError, conditions::Status, reason::Reason};

/// AWS's own key, whose policy nobody can change to let CloudWatch use it.
const AWS_MANAGED_KEY: &str = "alias/aws/sns";

/// Whether somebody would hear it. One topic that works is enough; where none does, the first sentence is the one of the
/// topic that is nearest to it.
pub(super) fn judge(input: &Input, observed: &Observed) -> Judgement {
    let alarm = match &observed.alarm {
        Some(alarm) => &alarm.description.settings,
        None => &input.alarm,
    };
    if !alarm.actions_enabled {
        return Judgement::new(
            Status::False,
            Reason::ActionsDisabled,
            "the actions of the alarm are switched off, so it changes its state and tells nobody; set spec.alarm.actionsEnabled to true",
        );
    }
    if alarm.alarm_actions.is_empty() {
        return Judgement::new(
            Status::False,
            Reason::NoAction,
            "the alarm has no action for the state ALARM, so it tells nobody; name an SNS topic in spec.alarm.alarmActions",
        );
    }
    let judged: Vec<_> = alarm.alarm_actions.iter().map(|topic| of_topic(input, observed, topic)).collect();
    let weight = |judgement: &&Judgement| match judgement.status {
        Status::True => 0,
        Status::Unknown => 1,
        Status::False => 2,
    };
    judged.iter().min_by_key(weight).cloned().unwrap_or_else(|| {
        Judgement::new(Status::Unknown, Reason::NoAction, "the actions of the alarm are not known")
    })
}

fn of_topic(input: &Input, observed: &Observed, topic: &str) -> Judgement {
    match observed.topics.get(topic) {
        Some(Ok(found)) => heard(topic, found),
        Some(Err(error)) => unread(input, topic, error),
        None => Judgement::new(
            Status::Unknown,
            Reason::Progressing,
            format!(
                "the alarm tells '{topic}', which the manifest does not name; nobody has asked whether it is heard"
            ),
        ),
    }
}

fn heard(topic: &str, found: &Topic) -> Judgement {
    if found.kms_master_key_id == AWS_MANAGED_KEY || found.kms_master_key_id.ends_with(":alias/aws/sns") {
        return Judgement::new(
            Status::False,
            Reason::TopicKeyUnusable,
            format!(
                "the topic '{topic}' is encrypted with {AWS_MANAGED_KEY}, which CloudWatch may not use, so nothing reaches it; encrypt it with a key of your own whose policy lets cloudwatch.amazonaws.com use it, or not at all"
            ),
        );
    }
    match (found.confirmed, found.pending) {
        (0, 0) => Judgement::new(
            Status::False,
            Reason::NoSubscription,
            format!("nobody has subscribed to the topic '{topic}'; subscribe whoever is to be woken"),
        ),
        (0, pending) => Judgement::new(
            Status::False,
            Reason::SubscriptionPending,
            format!(
                "{pending} subscription(s) to the topic '{topic}' wait to be confirmed, and none is; follow the link in the message that SNS has sent"
            ),
        ),
        (confirmed, _) => Judgement::new(
            Status::True,
            Reason::Confirmed,
            format!("the alarm tells '{topic}', to which {confirmed} subscription(s) are confirmed"),
        ),
    }
}

fn unread(input: &Input, topic: &str, error: &AwsError) -> Judgement {
    let elsewhere = arn::account(topic).filter(|account| *account != input.place.account_id);
    match (error.code.as_str(), elsewhere) {
        ("NotFound" | "NotFoundException", _) => Judgement::new(
            Status::False,
            Reason::TopicNotFound,
            format!(
                "there is no topic '{topic}', so the alarm tells nobody; make it, or name another in spec.alarm.alarmActions"
            ),
        ),
        (_, Some(account)) => Judgement::new(
            Status::Unknown,
            Reason::TopicInOtherAccount,
            format!(
                "the topic '{topic}' belongs to account {account} and cannot be looked into from here, so nobody knows whether it is heard; Security Hub cannot see it either"
            ),
        ),
        _ => {
            let (_, reason, message) = refusal::judge(error, input);
            Judgement::new(
                Status::Unknown,
                reason,
                format!("nobody knows whether the topic '{topic}' is heard: {message}"),
            )
        }
    }
}
