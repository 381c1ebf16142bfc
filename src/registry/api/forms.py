"""Small forms as browsers and OAuth2 clients send them (application/x-www-form-urlencoded)."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from registry.api.strict_json import announced_length, media_type_of, read_limited, unsupported_media_type
from registry.domain.errors import InvalidInput

FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 16 * 1024
MAX_FORM_FIELDS = 32


async def read_pairs(request: Request, *, max_bytes: int, max_fields: int) -> list[tuple[str, str]]:
    """The fields of a form, each as often as it comes. Raises HTTPException 415 and 400, TooLarge, InvalidInput."""
    found = media_type_of(request)
    if found != FORM:
        raise unsupported_media_type(found, FORM)
    body = await read_limited(request.stream(), limit=max_bytes, announced=announced_length(request))
    try:
        return parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=max_fields, separator="&"
        )
    except UnicodeDecodeError:
        raise HTTPException(400, "The form is not percent-encoded UTF-8.") from None
    except ValueError:
        raise InvalidInput(f"a form has at most {max_fields} fields") from None


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form. Raises as `read_pairs`, and InvalidInput for a field that comes twice."""
    pairs = await read_pairs(request, max_bytes=MAX_FORM_BYTES, max_fields=MAX_FORM_FIELDS)
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise InvalidInput("each field of a form may come once")
    return fields
