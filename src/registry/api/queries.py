"""The parameters of a query as one model, for routes that skip FastAPI's parsing."""

from functools import lru_cache
from typing import TypeVar, cast

from pydantic import BaseModel
from starlette.datastructures import QueryParams
from starlette.requests import Request

from registry.api.bodies import validated

_Query = TypeVar("_Query", bound=BaseModel)
_REMEMBERED_BYTES = 256


def read_query(request: Request, model: type[_Query]) -> _Query:
    """The request's query as `model`, which is frozen; of a repeated parameter the last counts. Raises InvalidInput.

    Queries without a cursor come again and again, and to parse and validate one takes 20 µs.
    """
    sent = request.scope["query_string"]
    return cast("_Query", _remembered(model, sent) if len(sent) <= _REMEMBERED_BYTES else _read(model, sent))


def _read(model: type[BaseModel], sent: bytes) -> BaseModel:
    return validated(model, dict(QueryParams(sent)))


_remembered = lru_cache(maxsize=256)(_read)
