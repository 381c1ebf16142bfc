"""Why there is no manifest of a content."""


class Unreadable(Exception):
    """The archive, or the file under `path` in it, cannot be read completely. `reason` fits after "its" path."""

    def __init__(self, reason: str, *, path: str | None = None) -> None:
        self.reason = reason
        self.path = path
        super().__init__(reason)
