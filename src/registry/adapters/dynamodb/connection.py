"""Opening the table, by aioboto3's client. Its calls about items take a short way unless that is switched off."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

import aioboto3
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials

from registry.adapters.botocore_internals import change_parameters, open_wire
from registry.adapters.dynamodb.calls import OnDate, OnUnits, ask_for_units, call_policy
from registry.adapters.dynamodb.client import DynamoTable, utc_now
from registry.adapters.dynamodb.direct import DirectClient
from registry.adapters.dynamodb.errors import translate
from registry.adapters.dynamodb.parsing import read_items_quickly
from registry.adapters.engine_calls import EngineCalls, OnCall, ignore_call

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class DynamoLimits:
    """How long an answer may take. `deadline_seconds` holds for one call with all its tries.

    It stays below `change_positions.MAX_WRITE`: those who follow the changes would miss a write that took longer.
    """

    connect_seconds: float = 1.0
    read_seconds: float = 2.0
    deadline_seconds: float = 4.0
    connections: int = 64


@asynccontextmanager
async def open_table(
    name: str,
    *,
    endpoint_url: str | None = None,
    session: aioboto3.Session | None = None,
    limits: DynamoLimits | None = None,
    on_call: OnCall = ignore_call,
    on_units: OnUnits | None = None,
    on_date: OnDate | None = None,
    now: Callable[[], datetime] = utc_now,
    direct: bool = True,
) -> AsyncIterator[DynamoTable]:
    """The table through a client of its own, one for the process. Region and credentials: as every AWS program.

    With `on_units`, DynamoDB is asked what each call consumes. `on_date` gets the date of each good answer, and `now`
    is the time that hosts agree on. `direct` calls take the short way (see `direct.py`) unless they have to go through
    a proxy.
    """
    limits, session = limits or DynamoLimits(), session or aioboto3.Session()
    config = AioConfig(
        connect_timeout=limits.connect_seconds,
        read_timeout=limits.read_seconds,
        max_pool_connections=limits.connections,
        retries={"total_max_attempts": 1},  # DynamoTable tries again, with a deadline
        # The next two take 40 % off a call's CPU: mypy has checked the calls, and the user agent is built each time.
        parameter_validation=False,
        user_agent="registry",
        tcp_keepalive=True,
    )
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(session.client("dynamodb", endpoint_url=endpoint_url, config=config))
        read_items_quickly(client)
        if on_units is not None:
            change_parameters(client, ask_for_units)
        # A direct call goes to the endpoint of the region, never to one of the account.
        if direct and getattr(client.meta.config, "account_id_endpoint_mode", None) != "required":
            wire = await stack.enter_async_context(open_wire(client, client.meta.endpoint_url))
            if wire is not None:
                # A coroutine, whatever its types say.
                credentials = await cast("Awaitable[AioCredentials | None]", session.get_credentials())
                shorter = DirectClient(client, wire, credentials, ask_for_units=on_units is not None)
                client = cast("DynamoDBClient", shorter)
        calls = EngineCalls(call_policy(limits.deadline_seconds), translate, on_call=on_call)
        yield DynamoTable(client, name, calls=calls, on_units=on_units, on_date=on_date, now=now)
