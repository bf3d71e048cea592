//! Publishing events. A failure is logged: no round fails for want of an event.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client,
    runtime::events::{Event as KubeEvent, EventType as KubeEventType, Recorder, Reporter},
};
use trail_operator_reconcile::event::{Event, EventType};

use crate::kubernetes;

/// Publishes events about objects.
#[derive(Clone)]
pub(crate) struct Publisher {
    client: Client,
    reporter: Reporter,
}

impl Publisher {
    /// `instance` is the name of this process.
    pub(crate) fn new(client: Client, instance: String) -> Self {
        Self { client, reporter: Reporter { controller: "trail-operator".into(), instance: Some(instance) } }
    }

    /// Publishes what a round has to tell.
    pub(crate) async fn publish(&self, events: &[Event], about: &ObjectReference) {
        for event in events {
            let Event { type_, reason, action, note } = event;
            tracing::info!(event = reason.as_str(), action, note, "event");
            let event = KubeEvent {
                type_: match type_ {
                    EventType::Normal => KubeEventType::Normal,
                    EventType::Warning => KubeEventType::Warning,
                },
                reason: reason.as_str().into(),
                note: Some(note.clone()),
                action: action.clone(),
                secondary: None,
            };
            // A Recorder of its own for each: one that is kept folds events of the same reason within six minutes into
            // the first, with the first one's note. Here an event is told only when there is something new.
            let recorder = Recorder::new(self.client.clone(), self.reporter.clone());
            if let Err(error) = kubernetes::call("publishing an event", recorder.publish(&event, about)).await
            {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    reason = reason.as_str(),
                    "an event was lost"
                );
            }
        }
    }
}
