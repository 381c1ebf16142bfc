"""How the C library hands out memory to this process."""

import ctypes

_M_ARENA_MAX = -8  # mallopt(3)


def share_one_heap() -> None:
    """Let all threads allocate from one heap. To be called before there are threads; other C libraries ignore it.

    By default glibc gives threads heaps of their own, up to eight for each core, and each keeps what it had at its
    busiest moment: a hundred downloads, read by 16 threads, left three times the memory that their chunks had together.
    Python's small objects do not come from there, and its lock keeps threads from asking at the same time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
