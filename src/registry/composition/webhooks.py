"""Puts together what sends events to webhooks."""

from dataclasses import dataclass
from functools import partial

from registry.composition.backends import Records
from registry.domain.webhooks import EDGE_ID
from registry.ports.clock import Clock, IdSource
from registry.ports.webhooks import WebhookSender
from registry.services.edge.invalidation import EdgeInvalidation, leave_edge
from registry.services.webhooks.deliveries import Deliveries
from registry.services.webhooks.webhooks import Webhooks
from registry.settings import Settings

_LEASE_TIMEOUTS = 3
"""The lease of a delivery ends after so many times the time that one may take."""


@dataclass(frozen=True, slots=True)
class WebhookServices:
    webhooks: Webhooks
    deliveries: Deliveries


def assemble_webhooks(
    settings: Settings,
    records: Records,
    sender: WebhookSender,
    *,
    edge: EdgeInvalidation | None,
    clock: Clock,
    ids: IdSource,
) -> WebhookServices:
    """The services over these stores."""
    return WebhookServices(
        webhooks=Webhooks(
            records.webhooks,
            records.outbox,
            sender,
            clock=clock,
            ids=ids,
            max_webhooks=settings.max_webhooks,
        ),
        deliveries=Deliveries(
            records.webhooks,
            records.outbox,
            sender,
            clock=clock,
            lease_seconds=_LEASE_TIMEOUTS * settings.webhook_timeout_seconds,
            senders={EDGE_ID: partial(leave_edge, records.webhooks) if edge is None else edge.send_due},
        ),
    )
