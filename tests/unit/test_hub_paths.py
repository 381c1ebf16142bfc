"""Which requests are a Hugging Face client's: those that the framework routes below the prefix."""

import pytest
from starlette.responses import Response
from starlette.routing import Match, Route

from registry.api.hub.paths import HUB_PREFIX, is_hub

_ROUTE = Route(HUB_PREFIX + "/{rest:path}", lambda _: Response())


@pytest.mark.parametrize("root", [None, "", "/", "/r", "/r/", "/h", "/hf", "/hf/x", "/hf/hf"])
@pytest.mark.parametrize(
    "path", ["", "/", "/hf", "/hf/", "/hf/x", "/hf/hf/x", "/hf/hf/hf/x", "/r", "/r/hf", "/r/hf/x", "/rhf/x", "/h/hf/x"]
)
def test_the_prefix_is_found_where_the_router_finds_it(root: str | None, path: str) -> None:
    scope = {"type": "http", "method": "GET", "path": path} | ({} if root is None else {"root_path": root})
    assert is_hub(scope) == (_ROUTE.matches(scope)[0] is Match.FULL)
