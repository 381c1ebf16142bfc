"""A conflict is 412 where the request has a precondition, and 409 where it has none (RFC 9110, section 13)."""

import pytest
from starlette.requests import Request

from registry.api.error_handlers import on_any_error
from registry.domain.errors import RevisionConflict


@pytest.mark.parametrize(("headers", "status"), [([], 409), ([(b"if-match", b'"1"')], 412)])
async def test_the_status_depends_on_the_precondition(headers: list[tuple[bytes, bytes]], status: int) -> None:
    request = Request(
        {"type": "http", "method": "PUT", "path": "/x", "query_string": b"", "headers": headers, "server": ("a", 80)}
    )
    assert (await on_any_error(request, RevisionConflict("others were faster"))).status_code == status
