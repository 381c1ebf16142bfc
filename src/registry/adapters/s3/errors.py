"""S3's errors in the words of the registry.

NotFound              no such object
Unavailable
├── EngineThrottling  over its capacity: worth another try soon
├── EngineDown        no answer, or none that can be understood
├── UploadGone        the multipart upload was completed or ended by somebody else
├── CallMissing       this server lacks the call
└── Misconfigured     no such bucket, or credentials that it does not take: an operator has to act
"""

from typing import Any, cast

from aiohttp import ClientError as AiohttpError
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as BotocoreConnectionError,
)

from registry.adapters.botocore_internals import ResponseParserError
from registry.adapters.engine_calls import EngineDown, EngineThrottling
from registry.domain.errors import NotFound, RegistryError, Unavailable

_THROTTLING = frozenset({"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests"})
_UNKNOWN_USER = "XAdminUserNotFound"
"""versitygw's word, with the status 404, for InvalidAccessKeyId."""
_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
_PASSING = frozenset({"RequestTimeout", "OperationAborted", "BadDigest"})
"""Refusals with a status below 500 that another try may not meet; a body damaged on its way is one."""
_SILENCE = (
    BotocoreConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
    ResponseParserError,
    AiohttpError,
    OSError,
)


class UploadGone(Unavailable):
    """There is no such multipart upload (any more)."""


class CallMissing(Unavailable):
    """The server is no complete S3: it does not know this call."""


class Misconfigured(Unavailable):
    """The bucket or the credentials are wrong. Details are for the operator's log, not for callers."""


def error_code(error: BaseException) -> str:
    """S3's name for what went wrong, empty for other errors."""
    if not isinstance(error, ClientError):
        return ""
    return str(cast("dict[str, Any]", error.response).get("Error", {}).get("Code", ""))


def no_bucket() -> Misconfigured:
    """What a missing bucket means."""
    return Misconfigured("The package store has no bucket; `registry bucket create` makes it.", retry_after_seconds=30)


def translate(error: Exception) -> Exception:
    """What `error` means to the registry; an error that means nothing known is returned as it is."""
    if isinstance(error, RegistryError):
        return error
    if isinstance(error, ClientError):
        return _translate_answer(error)
    if isinstance(error, NoCredentialsError | CredentialRetrievalError):
        return Misconfigured("The package store has no credentials for its bucket.", retry_after_seconds=30)
    if isinstance(error, _SILENCE):
        return EngineDown(f"The package store does not answer ({type(error).__name__}).")
    return error


def _translate_answer(error: ClientError) -> Exception:
    code = error_code(error)
    status = cast("dict[str, Any]", error.response).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _GONE:
        return NotFound("The stored bytes are gone.")
    if code == "NoSuchUpload":
        return UploadGone("The upload was ended before it was complete; send the file again.")
    if code in _THROTTLING or status in (429, 503):
        return EngineThrottling("The package store is at its capacity; try again.", retry_after_seconds=2)
    if status in (401, 403) or code == _UNKNOWN_USER:
        return Misconfigured("The package store's bucket does not take its credentials.", retry_after_seconds=30)
    if code == "NoSuchBucket":
        return no_bucket()
    if status == 501 or code in ("NotImplemented", "MethodNotAllowed"):
        return CallMissing("The package store's server lacks a call.")
    if status >= 500 or code in _PASSING:
        return EngineDown(f"The package store fails ({code}).")
    return error
