"""How many connections the operating system lets a process have."""

import resource

_OTHER_FILES = 256
"""Blobs that are read and written, databases, connections to other services."""


def affordable_connections(wanted: int) -> int:
    """`wanted`, or fewer where the process may not open as many files. Its soft limit becomes the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return wanted
    return max(10, min(wanted, hard - _OTHER_FILES))
