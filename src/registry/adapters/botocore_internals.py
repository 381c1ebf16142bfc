"""What DynamoDB's and S3's adapters use of the inside of botocore: events and classes that it does not document.

`tests/unit/test_botocore_internals.py` fails by name when a new version changes one of them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from botocore.handlers import add_expect_header
from botocore.parsers import ResponseParserError

__all__ = ["ResponseParserError", "change_parameters", "parse_answers", "send_bodies_at_once"]


def send_bodies_at_once(client: Any) -> None:
    """Send no `Expect: 100-continue` with uploads.

    It costs a round trip for each part (30 instead of 40 ms for 8 MiB on loopback), and a server that ignores it would
    hold the part until the deadline.
    """
    client.meta.events.unregister("before-call.s3", add_expect_header)


def parse_answers(client: Any, operations: Iterable[str], parse: Callable[..., None]) -> None:
    """Have `parse` read the answers of these calls of DynamoDB in place of botocore's parser.

    It is called with `response_dict` (status_code, headers, body) and fills `customized_response_dict`. Reading items
    so takes half of the CPU of a page of packages.
    """
    for operation in operations:
        client.meta.events.register(f"before-parse.dynamodb.{operation}", parse)


def change_parameters(client: Any, change: Callable[..., None]) -> None:
    """Have `change` complete the `params` of each call of DynamoDB; `model.input_shape.members` are those it takes."""
    client.meta.events.register("before-parameter-build.dynamodb", change)
