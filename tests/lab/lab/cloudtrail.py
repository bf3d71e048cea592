"""The CloudTrail service: its operations by name, over the store, the keys and the surroundings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lab import (
    admin_operations,
    event_operations,
    selector_operations,
    shapes,
    tag_operations,
    trail_operations,
    visibility,
)
from lab.clock import Clock, iso
from lab.errors import AwsError
from lab.keys import Keys
from lab.model import Caller, Json, Surroundings, Trail
from lab.store import Store

if TYPE_CHECKING:
    from lab.delivery import Deliveries
    from lab.organizations import Organizations
    from lab.trace import Trace

Operation = Callable[["CloudTrail", Caller, Json], Json]

OPERATIONS: dict[str, Operation] = {
    "CreateTrail": trail_operations.create,
    "UpdateTrail": trail_operations.update,
    "DeleteTrail": trail_operations.delete,
    "GetTrail": trail_operations.get,
    "DescribeTrails": trail_operations.describe,
    "ListTrails": trail_operations.list_trails,
    "GetTrailStatus": trail_operations.get_status,
    "StartLogging": trail_operations.start_logging,
    "StopLogging": trail_operations.stop_logging,
    "PutEventSelectors": selector_operations.put_event_selectors,
    "GetEventSelectors": selector_operations.get_event_selectors,
    "PutInsightSelectors": selector_operations.put_insight_selectors,
    "GetInsightSelectors": selector_operations.get_insight_selectors,
    "PutEventConfiguration": selector_operations.put_event_configuration,
    "GetEventConfiguration": selector_operations.get_event_configuration,
    "AddTags": tag_operations.add_tags,
    "RemoveTags": tag_operations.remove_tags,
    "ListTags": tag_operations.list_tags,
    "ListPublicKeys": event_operations.list_public_keys,
    "LookupEvents": event_operations.lookup_events,
    "RegisterOrganizationDelegatedAdmin": admin_operations.register,
    "DeregisterOrganizationDelegatedAdmin": admin_operations.deregister,
}


class CloudTrail:
    def __init__(
        self,
        around: Surroundings,
        clock: Clock,
        keys: Keys,
        store: Store,
        trace: Trace,
        organizations: Organizations,
    ) -> None:
        self.around = around
        self.clock = clock
        self.keys = keys
        self.store = store
        self.trace = trace
        self.organizations = organizations
        # Set once both exist: deliveries write status into the store, operations end digest chains.
        self.deliveries: Deliveries
        # Management accounts that have called CloudTrail for an organization themselves.
        self.linked_roles: set[str] = set()

    def call(self, caller: Caller, operation: str, body: Json) -> Json:
        handler = OPERATIONS.get(operation)
        if handler is None:
            raise AwsError("UnknownOperationException", f"CloudTrail has no operation {operation} in the lab.", 404)
        shapes.check(operation, body)
        return handler(self, caller, body)

    def readable(self, caller: Caller, name: str) -> Trail:
        return visibility.read(self.store.visible(), caller, self.around.organization(caller.account), name)

    @staticmethod
    def iso(moment: float | None) -> str:
        return iso(moment) if moment else ""

    def reset(self) -> None:
        self.store.clear()
        self.keys.clear()
        self.linked_roles.clear()
        self.deliveries.clear()
