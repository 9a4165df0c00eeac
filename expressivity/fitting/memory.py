"""Keep freed memory in the process while fitting.

glibc returns every freed block above a threshold to the kernel; a fit frees and allocates
the same megabytes hundreds of times a second, and each return costs a page fault per 4 KiB:
measured, up to half of the wall time (docs/performance.md).
"""

import ctypes
import functools

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEEP_BELOW = 1 << 30


@functools.cache
def keep_freed_memory() -> bool:
    """Ask glibc to keep freed blocks below 1 GiB; False where there is no glibc.

    >>> keep_freed_memory() in (True, False)
    True
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    kept = mallopt(_M_MMAP_THRESHOLD, _KEEP_BELOW) and mallopt(_M_TRIM_THRESHOLD, _KEEP_BELOW)
    return bool(kept)
