"""Waivers of the operator's policy, shown where the refusal would have been."""

from collections.abc import Sequence

from starlette.requests import Request

from registry.api.hub.refusals import header_text
from registry.domain.policy import Waiver


def show_waivers(request: Request, waivers: Sequence[Waiver]) -> None:
    """Have the answer carry a header for each."""
    for waiver in waivers:
        request.scope["added_headers"].append((b"x-policy-waiver", header_text(str(waiver)).encode()))
