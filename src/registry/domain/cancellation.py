"""The end of loops that run code which may lose a cancellation."""

import asyncio


def check_cancelled() -> None:
    """Raise CancelledError in a task that was cancelled, where a library has taken that for something else.

    Some take it for the end of their own time-out, and return as if nothing had happened. A loop that goes on then
    waits for work for ever, and so does all that waits for its end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
