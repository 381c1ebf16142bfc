"""`registry webhooks …`"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.failures import usage_error
from registry.cli.prompts import confirm
from registry.cli.session import Session, command
from registry.domain.events import EventType

if TYPE_CHECKING:
    from registry.client import Delivery

Id = Annotated[str, typer.Argument(metavar="WEBHOOK", help="The webhook's id.")]
_CHANGES = [EventType.PACKAGE_CREATED, EventType.PACKAGE_UPDATED, EventType.PACKAGE_DELETED]


def register(app: typer.Typer) -> None:
    webhooks = typer.Typer(help="Tell other servers what happens (for administrators).", no_args_is_help=True)
    command(webhooks, "add")(add)
    command(webhooks, "list")(list_webhooks)
    command(webhooks, "delete")(delete)
    command(webhooks, "deliveries")(deliveries)
    command(webhooks, "test")(test)
    command(webhooks, "replay")(replay)
    app.add_typer(webhooks, name="webhooks")


async def add(
    session: Session,
    *,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are sent to.")],
    event: Annotated[
        list[str] | None,
        typer.Option(
            "--event", "-e", help="A type of event. Repeatable; all changes of packages when left out.", metavar="TYPE"
        ),
    ] = None,
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help="Read your own secret (whsec_…) from stdin.")
    ] = False,
) -> None:
    """Register a webhook and show the secret that verifies its requests.

    The secret cannot be shown again.

    Examples:

      registry webhooks add https://ci.example.org/hooks/registry
      registry webhooks add https://ci.example.org/hooks -e package.created
    """
    secret = sys.stdin.readline().strip() if secret_stdin else None
    if secret == "":
        raise usage_error("there is no secret on stdin")
    async with session.client() as client:
        webhook = await client.webhooks.add(url, event or _CHANGES, secret=secret)
    if session.output.as_json:
        session.output.document(webhook.document)
    else:
        session.output.members({"id": webhook.id, "secret": webhook.secret})
        session.output.say("Keep the secret: it cannot be shown again.")


async def list_webhooks(session: Session) -> None:
    """List every webhook."""
    async with session.client() as client:
        await session.output.listing(
            client.webhooks.list_all(),
            columns=("ID", "URL", "EVENTS", "STATUS"),
            row=lambda webhook: (webhook.id, webhook.url, ", ".join(webhook.events), webhook.status),
        )


async def delete(
    session: Session,
    *,
    webhook: Id,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a webhook; what was still to be sent to it is not sent.

    Example:

      registry webhooks delete 01934d30-1f0a-7b52-8a3e-5d4c3b2a1908 --yes
    """
    confirm(f"Delete the webhook {webhook}?", yes=yes)
    async with session.client() as client:
        await client.webhooks.delete(webhook)
    session.output.say(f"Deleted {webhook}.")


async def deliveries(
    session: Session,
    *,
    webhook: Id,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to show.")] = 50,
) -> None:
    """List what was sent to a webhook, and what is to be sent, newest first.

    Example:

      registry webhooks deliveries 01934d30-1f0a-7b52-8a3e-5d4c3b2a1908 -n 10
    """
    from registry.client import first

    async with session.client() as client:
        await session.output.listing(
            first(client.webhooks.deliveries(webhook, page_size=min(limit, 200)), limit),
            columns=("ID", "EVENT", "STATUS", "ATTEMPTS", "ANSWER", "AT"),
            row=lambda delivery: (
                delivery.id,
                delivery.event,
                delivery.status,
                str(delivery.attempts),
                "" if delivery.response_status is None else str(delivery.response_status),
                f"{delivery.at:%Y-%m-%d %H:%M:%S}",
            ),
        )


async def test(session: Session, *, webhook: Id) -> None:
    """Send an event of the type webhook.test.

    Example:

      registry webhooks test 01934d30-1f0a-7b52-8a3e-5d4c3b2a1908
    """
    async with session.client() as client:
        delivery = await client.webhooks.test(webhook)
    _tell(session, webhook, delivery)


async def replay(
    session: Session,
    *,
    webhook: Id,
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery's id.")],
) -> None:
    """Send a delivery again, under its own id.

    Example:

      registry webhooks replay 01934d30-1f0a-7b52-8a3e-5d4c3b2a1908 \\
        01934d31-77c1-7d0e-9b1f-0a1b2c3d4e5f
    """
    async with session.client() as client:
        again = await client.webhooks.replay(webhook, delivery)
    _tell(session, webhook, again)


def _tell(session: Session, webhook: str, delivery: "Delivery") -> None:
    if session.output.as_json:
        session.output.document(delivery.document)
    else:
        session.output.members({"id": delivery.id, "event": delivery.event, "status": delivery.status})
        session.output.say(f"What becomes of it: registry webhooks deliveries {webhook}")
