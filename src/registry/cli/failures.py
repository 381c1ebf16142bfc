"""How a command ends when it cannot do what was asked: one line on stderr, and a status that scripts can use."""

from enum import IntEnum
from typing import NoReturn, Protocol

import typer

from registry.cli.text import one_line

EXIT_CODES_HELP = """Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found,
4 not signed in or not allowed, 5 conflict (the version exists, or
the package changed), 6 registry or network unavailable,
7 digest mismatch."""


class ExitCode(IntEnum):
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    CONFLICT = 5
    UNAVAILABLE = 6
    DIGEST_MISMATCH = 7


class CommandError(Exception):
    """Something that this side found out by itself."""

    def __init__(self, message: str, *, code: ExitCode = ExitCode.FAILED) -> None:
        self.code = code
        super().__init__(message)


class Connection(Protocol):
    """What advice on an error needs to know of the session that met it."""

    @property
    def sign_in_command(self) -> str: ...

    @property
    def reach_hint(self) -> str: ...

    def find_token(self) -> str | None: ...


def usage_error(message: str) -> CommandError:
    return CommandError(message, code=ExitCode.USAGE)


def fail(error: Exception, session: Connection | None = None) -> NoReturn:
    """Write the error in one line and leave. What is none of ours passes on, with its traceback: it is a bug."""
    from registry.client import ClientError, Unreachable

    if isinstance(error, BrokenPipeError) or not isinstance(error, CommandError | ClientError | OSError):
        raise error  # who closed the pipe (`| head`) wants to hear no more
    message = explain(error, session)
    if isinstance(error, Unreachable) and session is not None:
        message += f" {session.reach_hint}"
    typer.echo(f"registry: {one_line(message)}", err=True)
    raise typer.Exit(exit_code(error)) from error


def explain(error: Exception, session: Connection | None = None) -> str:
    """What is wrong and what to do, without the prefix."""
    from registry.client import NotSignedIn, ProblemError

    message = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        message = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, NotSignedIn):
        command = session.sign_in_command if session else "registry login"
        if session is None or session.find_token() is None:
            return f"Not signed in. Run `{command}`."
        return message.replace("Sign in again.", f"Run `{command}`.")
    if isinstance(error, ProblemError) and error.status >= 500 and error.request_id:
        message += f" (request {error.request_id})"
    return message


def exit_code(error: Exception) -> ExitCode:
    """The status by the kind of error, most special first."""
    import registry.client as client

    if isinstance(error, CommandError):
        return error.code
    if isinstance(error, client.ProblemError) and error.slug == "digest-mismatch":
        return ExitCode.DIGEST_MISMATCH
    kinds: list[tuple[ExitCode, tuple[type[Exception], ...]]] = [
        (ExitCode.USAGE, (client.AmbiguousReference,)),
        (ExitCode.NOT_FOUND, (client.NotFound,)),
        (ExitCode.REFUSED, (client.NotSignedIn, client.NotAllowed)),
        (ExitCode.CONFLICT, (client.Conflict, client.PreconditionFailed)),
        (ExitCode.UNAVAILABLE, (client.Unreachable, client.ServerFailed, client.TooManyRequests)),
        (ExitCode.DIGEST_MISMATCH, (client.DigestMismatch,)),
    ]
    return next((code for code, errors in kinds if isinstance(error, errors)), ExitCode.FAILED)
