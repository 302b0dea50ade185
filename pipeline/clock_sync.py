"""What the kernel knows of this machine's clock: whether something keeps it in step, and how far it may be off.

Source: adjtimex(2), a read-only call. Unknown stands as None, never as zero.
"""

import ctypes
from dataclasses import dataclass
from typing import Final

TIME_ERROR: Final = 5
"""adjtimex(2): the clock is not synchronised to a reliable server."""


class _Timex(ctypes.Structure):
    """The first members of `struct timex`; the rest only gives it its size."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 192),
    )


@dataclass(frozen=True)
class ClockState:
    """Whether the clock is kept in step, and its largest error in microseconds; None where nobody knows."""

    synchronised: bool | None
    largest_error_us: int | None


def clock_state() -> ClockState:
    """Ask the kernel."""
    answer = _Timex()
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        state = libc.adjtimex(ctypes.byref(answer))
    except AttributeError:
        return ClockState(None, None)
    if state < 0:
        return ClockState(None, None)  # os.strerror(ctypes.get_errno()): forbidden in some containers
    if state == TIME_ERROR:
        return ClockState(synchronised=False, largest_error_us=None)
    return ClockState(synchronised=True, largest_error_us=answer.maxerror)
