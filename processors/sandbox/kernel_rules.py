"""What the kernel takes from a process that runs an operator's code: files, sockets, programs, other processes.

In: the folders that it may read. Out: nothing; the process and what it starts are confined from then on, for good.
Landlock (kernel 5.13 and later; documentation: userspace-api/landlock.rst) leaves it reading these folders alone;
seccomp (userspace-api/seccomp_filter.rst) refuses sockets, new programs and processes, and looking into others.
Raises `KernelRulesUnavailable`. Numbers: linux/landlock.h, linux/audit.h, asm/unistd.h, read 2026-11-29.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Iterator
from typing import Final

import processors

SYSTEM_FOLDERS: Final = ("/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/lib", "/lib64", "/etc/ld.so.cache")
DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/urandom")

_SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights over files a version of Landlock knows; between two versions as the older one."""
_NET_RIGHTS, _SCOPES = 0b11, 0b11

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_THREAD: Final = 0x10000
_ARCHITECTURES: Final = {
    "x86_64": (
        0xC000003E,
        {
            "socket": 41, "connect": 42, "bind": 49, "socketpair": 53, "fork": 57, "vfork": 58, "execve": 59,
            "kill": 62, "ptrace": 101, "mount": 165, "add_key": 248, "request_key": 249, "keyctl": 250,
            "perf_event_open": 298, "open_by_handle_at": 304, "process_vm_readv": 310, "process_vm_writev": 311,
            "bpf": 321, "execveat": 322, "userfaultfd": 323, "io_uring_setup": 425, "pidfd_send_signal": 424,
            "pidfd_open": 434, "pidfd_getfd": 438,
        },
        56,
        435,
    ),
    "aarch64": (
        0xC00000B7,
        {
            "socket": 198, "socketpair": 199, "bind": 200, "connect": 203, "execve": 221, "kill": 129,
            "ptrace": 117, "mount": 40, "add_key": 217, "request_key": 218, "keyctl": 219, "perf_event_open": 241,
            "open_by_handle_at": 265, "process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280,
            "execveat": 281, "userfaultfd": 282, "io_uring_setup": 425, "pidfd_send_signal": 424,
            "pidfd_open": 434, "pidfd_getfd": 438,
        },
        220,
        435,
    ),
}  # fmt: skip
"""By machine: its audit number, the calls that are refused, and the numbers of ``clone`` and ``clone3``."""

_libc = ctypes.CDLL(None, use_errno=True)


class KernelRulesUnavailable(Exception):
    """This kernel cannot confine a process so; whoever keeps the machine runs Linux 5.13 or later with
    Landlock.
    """


def why_unavailable() -> str | None:
    """Why no process can be confined here; None where one can. Changes nothing."""
    if platform.machine() not in _ARCHITECTURES:
        return f"no rules are known for machines of type {platform.machine()}"
    return None if _landlock_version() > 0 else "this kernel has no Landlock, or it is switched off"


def program_folders() -> tuple[str, ...]:
    """What a parser needs to read: Python with its libraries, and the package of the parsers."""
    own = os.path.dirname(processors.__file__)  # noqa: PTH120  no pathlib in this package
    return (*dict.fromkeys((sys.prefix, sys.base_prefix)), own, *SYSTEM_FOLDERS)


def confine(readable: Iterable[str]) -> None:
    """Confine this process; every later call to open something else fails with EACCES or EPERM."""
    if (reason := why_unavailable()) is not None:
        raise KernelRulesUnavailable(reason)
    _checked(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")
    _restrict_files(readable)
    _refuse_calls()


def _landlock_version() -> int:
    return int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION))


def _restrict_files(readable: Iterable[str]) -> None:
    version = _landlock_version()
    rights = (1 << max(count for since, count in _FILE_RIGHTS.items() if since <= version)) - 1
    wanted = struct.pack("QQQ", rights, _NET_RIGHTS, _SCOPES)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, wanted, ctypes.c_size_t(len(wanted)), 0), "Landlock")
    try:
        for path in (*readable, *DEVICES):
            _allow_reading(ruleset, path)
        _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0), "Landlock")
    finally:
        os.close(ruleset)


def _allow_reading(ruleset: int, path: str) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        folder = os.path.isdir(path)  # noqa: PTH112  no pathlib in this package
        rule = struct.pack("=Qi", _READ_FILE | (_READ_FOLDER if folder else 0), place)
        _checked(_libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0), f"Landlock for {path}")
    finally:
        os.close(place)


def _refuse_calls() -> None:
    program = b"".join(_program())
    kept = ctypes.create_string_buffer(program)
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(kept))
    _checked(_libc.prctl(_SET_SECCOMP, _FILTER, described, 0, 0), "seccomp")


def _program() -> Iterator[bytes]:
    """Offsets are those of ``struct seccomp_data``: number 0, architecture 4, first argument 16."""
    architecture, refused, clone, clone3 = _ARCHITECTURES[platform.machine()]
    refuse = _step(_RETURN, _REFUSE | errno.EPERM)
    yield _step(_LOAD, 4)
    yield _step(_EQUAL, architecture, hit=1)
    yield refuse
    yield _step(_LOAD, 0)
    yield _step(_AT_LEAST, 0x40000000, miss=1)  # the calls of x32, numbered anew
    yield refuse
    for number in refused.values():
        yield _step(_EQUAL, number, miss=1)
        yield refuse
    # the C library makes a thread with `clone` where there is no `clone3`, whose arguments no filter can see
    yield _step(_EQUAL, clone3, miss=1)
    yield _step(_RETURN, _REFUSE | errno.ENOSYS)
    yield _step(_EQUAL, clone, miss=3)
    yield _step(_LOAD, 16)
    yield _step(_ANY_BIT, _THREAD, hit=1)
    yield refuse
    yield _step(_RETURN, _ALLOW)


def _step(code: int, value: int, *, hit: int = 0, miss: int = 0) -> bytes:
    """One step of the filter; ``hit`` and ``miss`` are how many steps a comparison leaves out."""
    return struct.pack("HBBI", code, hit, miss, value)


def _checked(answer: int, what: str) -> int:
    if answer < 0:
        raise KernelRulesUnavailable(f"{what}: {os.strerror(ctypes.get_errno())}")
    return answer
