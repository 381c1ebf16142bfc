"""How far a scan goes. What lies beyond a limit is reported as not scanned."""

from dataclasses import dataclass

KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """`depth` counts archives in archives, the content itself included. Sizes are in bytes, after decompression.

    `total_bytes` and `files` hold for one content with everything nested in it; `spool_bytes` is how much of a nested
    file stays in memory before it goes to a temporary file.
    """

    depth: int = 3
    file_bytes: int = 512 * MIB
    total_bytes: int = 64 * 1024 * MIB
    files: int = 100_000
    opcodes: int = 20_000_000
    findings: int = 200
    spool_bytes: int = 8 * MIB


class LimitReached(Exception):
    """The scan stops looking here; `str(error)` says why."""
