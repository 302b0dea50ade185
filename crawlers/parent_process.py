"""A process that ends with the one that started it, whichever way that ends."""

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
"""Number of linux/prctl.h."""


def end_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends, even by ``kill -9``; exits where it is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")
