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
from dataclasses import dataclass
from typing import Final

import processors

SYSTEM_FOLDERS: Final = ("/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/lib", "/lib64", "/etc/ld.so.cache")
DEVICES: Final = ("/dev/zero", "/dev/urandom")

_SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH, _PORT, _CONNECT = 1, 1, 2, 1 << 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights over files a version of Landlock knows; between two versions as the older one."""
_KEEP_FILES: Final = 0b111 << 1 | _READ_FOLDER | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 14
"""Files and folders read, written, made, cut and removed: whatever a folder of one's own is for."""
_NET_RIGHTS, _SCOPES = 0b11, 0b11

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AND: Final = 0x54
_STREAM: Final = 1
_THREAD: Final = 0x10000

ALLOWED_TO_CRAWLS: Final = frozenset(
    {"socket", "connect", "bind", "socketpair", "fork", "vfork", "execve", "kill"}
)
"""Calls that a crawl needs: Landlock and the filter hold sockets and signals to what is its own."""

ALLOWED_TO_CLIENTS: Final = frozenset({"socket", "connect", "socketpair"})
"""Calls that a client of the recorder needs: its event loop wakes itself over a pair of sockets."""

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
    _begin()
    _restrict_files([_Place(path) for path in readable], ports=())
    _refuse_calls(_program())


def confine_crawl(readable: Iterable[str], *, listed: Iterable[str], port: int) -> None:
    """Confine a process that crawls by an operator's spider.

    It reads these folders and can run what stands in them, such as the workers of parsers; in ``listed`` it sees
    the names alone. It connects over TCP to this port alone, the recorder's, where the kernel can hold it to that
    (Linux 6.7), and sends no datagrams. It looks into no other process and signals none that is not its own.
    """
    _begin()
    places = [_Place(path, run=True) for path in readable]
    _restrict_files([*places, *(_Place(path, read=False) for path in listed)], ports=(port,))
    _refuse_calls(_program_of_crawl())


def confine_client(readable: Iterable[str], *, listed: Iterable[str], own: str, port: int) -> None:
    """Confine a process that requests things of strangers and reads what they answer.

    It reads ``readable``, sees the names in ``listed``, keeps files in the folder ``own`` alone, and starts no
    program and no process. It connects over TCP to this port alone, where the kernel can hold it to that (Linux
    6.7), and sends no datagrams.
    """
    _begin()
    places = [*map(_Place, readable), *(_Place(path, read=False) for path in listed), _Place(own, keep=True)]
    _restrict_files(places, ports=(port,))
    _refuse_calls(_program_of_client())


@dataclass(frozen=True, slots=True)
class _Place:
    """A file or folder, and what may be done there besides listing it; ``keep`` is everything but running it."""

    path: str
    read: bool = True
    run: bool = False
    write: bool = False
    keep: bool = False


def _begin() -> None:
    if (reason := why_unavailable()) is not None:
        raise KernelRulesUnavailable(reason)
    _checked(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")


def _landlock_version() -> int:
    return int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION))


def _restrict_files(places: Iterable[_Place], *, ports: Iterable[int]) -> None:
    version = _landlock_version()
    rights = (1 << max(count for since, count in _FILE_RIGHTS.items() if since <= version)) - 1
    wanted = struct.pack("QQQ", rights, _NET_RIGHTS, _SCOPES)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, wanted, ctypes.c_size_t(len(wanted)), 0), "Landlock")
    try:
        for place in (*places, *map(_Place, DEVICES), _Place("/dev/null", write=True)):
            _allow_place(ruleset, place, rights)
        for port in ports if version >= 4 else ():
            rule = struct.pack("=QQ", _CONNECT, port)
            _checked(_libc.syscall(_ADD_RULE, ruleset, _PORT, rule, 0), f"Landlock for port {port}")
        _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0), "Landlock")
    finally:
        os.close(ruleset)


def _allow_place(ruleset: int, place: _Place, known_rights: int) -> None:
    try:
        opened = os.open(place.path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        folder = os.path.isdir(place.path)  # noqa: PTH112  no pathlib in this package
        rights = (
            (_READ_FILE if place.read else 0)
            | (_WRITE_FILE if place.write else 0)
            | (_EXECUTE if place.run else 0)
            | (_READ_FOLDER if folder else 0)
            | (_KEEP_FILES & known_rights if place.keep else 0)
        )
        rule = struct.pack("=Qi", rights, opened)
        _checked(_libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0), f"Landlock for {place.path}")
    finally:
        os.close(opened)


def _refuse_calls(steps: Iterator[bytes]) -> None:
    program = b"".join(steps)
    kept = ctypes.create_string_buffer(program)
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(kept))
    _checked(_libc.prctl(_SET_SECCOMP, _FILTER, described, 0, 0), "seccomp")


def _refusing(names: Iterable[str]) -> Iterator[bytes]:
    """Offsets are those of ``struct seccomp_data``: number 0, architecture 4, arguments from 16 on, 8 bytes
    each.
    """
    architecture, refused, _, _ = _ARCHITECTURES[platform.machine()]
    refuse = _step(_RETURN, _REFUSE | errno.EPERM)
    yield _step(_LOAD, 4)
    yield _step(_EQUAL, architecture, hit=1)
    yield refuse
    yield _step(_LOAD, 0)
    yield _step(_AT_LEAST, 0x40000000, miss=1)  # the calls of x32, numbered anew
    yield refuse
    for name in names:
        if name in refused:
            yield _step(_EQUAL, refused[name], miss=1)
            yield refuse


def _program_of_crawl() -> Iterator[bytes]:
    """Sockets that carry a stream, and processes of its own; nothing else that leaves the process."""
    _, refused, _, _ = _ARCHITECTURES[platform.machine()]
    yield from _refusing(name for name in refused if name not in ALLOWED_TO_CRAWLS)
    yield from _streams_alone(refused["socket"])


def _program_of_client() -> Iterator[bytes]:
    """Sockets that carry a stream, and threads; nothing else that leaves the process."""
    _, refused, clone, clone3 = _ARCHITECTURES[platform.machine()]
    yield from _refusing(name for name in refused if name not in ALLOWED_TO_CLIENTS)
    yield from _threads_alone(clone, clone3)
    yield from _streams_alone(refused["socket"])


def _streams_alone(socket_call: int) -> Iterator[bytes]:
    """The end of a program: of sockets only those that carry a stream, and any other call. The number of the call
    is loaded.
    """
    yield _step(_EQUAL, socket_call, miss=4)
    yield _step(_LOAD, 24)
    yield _step(_AND, 0xF)
    yield _step(_EQUAL, _STREAM, hit=1)
    yield _step(_RETURN, _REFUSE | errno.EPERM)
    yield _step(_RETURN, _ALLOW)


def _program() -> Iterator[bytes]:
    """No socket, no program, no process, no look into another one; threads alone."""
    _, refused, clone, clone3 = _ARCHITECTURES[platform.machine()]
    yield from _refusing(refused)
    yield from _threads_alone(clone, clone3)
    yield _step(_RETURN, _ALLOW)


def _threads_alone(clone: int, clone3: int) -> Iterator[bytes]:
    """No process but threads. The number of the call is loaded, and is loaded again at the end."""
    # the C library makes a thread with `clone` where there is no `clone3`, whose arguments no filter can see
    yield _step(_EQUAL, clone3, miss=1)
    yield _step(_RETURN, _REFUSE | errno.ENOSYS)
    yield _step(_EQUAL, clone, miss=3)
    yield _step(_LOAD, 16)
    yield _step(_ANY_BIT, _THREAD, hit=1)
    yield _step(_RETURN, _REFUSE | errno.EPERM)
    yield _step(_LOAD, 0)


def _step(code: int, value: int, *, hit: int = 0, miss: int = 0) -> bytes:
    """One step of the filter; ``hit`` and ``miss`` are how many steps a comparison leaves out."""
    return struct.pack("HBBI", code, hit, miss, value)


def _checked(answer: int, what: str) -> int:
    if answer < 0:
        raise KernelRulesUnavailable(f"{what}: {os.strerror(ctypes.get_errno())}")
    return answer
