"""Questions to the person at the terminal. Ctrl-C at any of them ends the command at once."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from registry.cli.failures import CommandError, usage_error


@contextmanager
def _interruptible() -> Iterator[None]:
    """A running event loop only notes the first Ctrl-C, and a prompt holds up the loop: here it interrupts again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def confirm(question: str, *, yes: bool) -> None:
    """Go on only when the answer is yes. Raises CommandError where it is no, or nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise usage_error("nobody is there to confirm this; add --yes")
    with _interruptible():
        agreed = typer.confirm(question, err=True)
    if not agreed:
        raise CommandError("nothing was done")


def ask(question: str) -> str:
    """A line that somebody types. Raises CommandError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise usage_error(f"nobody is there to ask: {question.lower()}? Name it by an option")
    with _interruptible():
        answer: str = typer.prompt(question, err=True)
    return answer


def read_password(prompt: str, *, from_stdin: bool, repeat: bool = False) -> str:
    """A password from a line of stdin, or asked for without echo. Never an option: those show in process lists."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise usage_error("there is no password on stdin")
        return password
    if not sys.stdin.isatty():
        raise usage_error("nobody is there to ask for the password; use --password-stdin")
    with _interruptible():
        answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=repeat, err=True)
    return answer
