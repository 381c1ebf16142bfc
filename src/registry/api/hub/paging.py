"""Pages of Hugging Face lists: clients ask for the next one by its whole URL."""

from urllib.parse import urlencode

from starlette.requests import Request

from registry.api.paging import listing_name
from registry.services.packages.cursors import CursorCodec


def next_link(request: Request, cursors: CursorCodec, next_after: str) -> str:
    """The Link header of a page that goes on after this place."""
    sealed = cursors.seal(listing_name(request), next_after)
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f'<{request.url.replace(query=urlencode([*query, ("cursor", sealed)]))}>; rel="next"'
