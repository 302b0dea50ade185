"""Measures how far this machine's clock is off: by SNTP against servers the operator names, or as chrony says.

In: the servers of the settings (``host`` or ``host:port``). Out: a `Clock` with the offset in seconds, or without
one and with the reason. The offset is this machine's clock minus the other one: positive where ours is ahead. It
is never guessed: the kernel's own estimate is no measurement, and is named only as the reason why there is none.
Source: SNTP, RFC 4330 section 5; of several answers the one with the shortest round trip counts (RFC 5905,
section 10). Nothing authenticates an SNTP answer (docs/limits.md).
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import ntplib

from pipeline.clock_sync import clock_state
from storage.ledger.entry import Clock

ANSWER_WITHIN_S: Final = 2.0
"""A server that says nothing for so long is not waited for: a person may be waiting for the capture."""
UNSYNCHRONISED: Final = 3
"""The leap indicator of a server that does not know the time itself (RFC 4330, section 4)."""
STRATA: Final = range(1, 16)
"""Stratum 0 is a refusal ("kiss of death"), 16 is a server without time (RFC 4330, section 4)."""
NTP_PORT: Final = 123

_CHRONY_OFFSET: Final = re.compile(r"^System time *: (\d+\.\d+) seconds (fast|slow) of NTP time$", re.MULTILINE)
_CHRONY_REFERENCE: Final = re.compile(r"^Reference ID *: (\S+) \((.*)\)$", re.MULTILINE)
_CHRONY_LEAP: Final = re.compile(r"^Leap status *: (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What one server answered: our clock's offset against it and the round trip, both in seconds."""

    server: str
    offset_s: float
    round_trip_s: float
    stratum: int


class NoServerAnswerError(Exception):
    """A time server gave no answer that can be used; the sentence says which and why."""


def measured_clock(servers: Sequence[str]) -> Clock:
    """The state of this machine's clock now; takes at most `ANSWER_WITHIN_S` seconds."""
    if servers:
        return _against(servers)
    return _by_chrony() or Clock(None, None, f"not measured: no time server is configured, {_kernel_says()}")


def _against(servers: Sequence[str]) -> Clock:
    answers: list[ServerAnswer] = []
    failures: list[str] = []
    with ThreadPoolExecutor(len(servers)) as threads:
        for asked in [threads.submit(ask_server, server) for server in servers]:
            try:
                answers.append(asked.result())
            except NoServerAnswerError as problem:
                failures.append(str(problem))
    if not answers:
        return Clock(None, None, f"not measured: {'; '.join(failures)}")
    best = min(answers, key=lambda answer: answer.round_trip_s)
    source = f"SNTP {best.server}, stratum {best.stratum}, round trip {best.round_trip_s * 1000:.1f} ms"
    return Clock(source, round(best.offset_s, 6))


def ask_server(server: str) -> ServerAnswer:
    """Ask one server once; raises `NoServerAnswerError`."""
    host, _, port = server.rpartition(":") if _has_port(server) else (server, "", str(NTP_PORT))
    try:
        answer = ntplib.NTPClient().request(host.strip("[]"), version=4, port=int(port), timeout=ANSWER_WITHIN_S)
    except (ntplib.NTPException, OSError) as problem:
        raise NoServerAnswerError(f"{server} gave no answer ({problem})") from problem
    if answer.leap == UNSYNCHRONISED or answer.stratum not in STRATA:
        raise NoServerAnswerError(
            f"{server} says that it does not know the time (leap {answer.leap}, stratum {answer.stratum})"
        )
    return ServerAnswer(server, -float(answer.offset), float(answer.delay), int(answer.stratum))


def _has_port(server: str) -> bool:
    """Whether a port follows; an IPv6 address with one stands in brackets."""
    return server.count(":") == 1 or "]:" in server


def _by_chrony() -> Clock | None:
    """What chronyd on this machine says of its own state; None where there is none that answers."""
    program = shutil.which("chronyc")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-n", "tracking"], capture_output=True, text=True, timeout=ANSWER_WITHIN_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return clock_of_chrony(done.stdout)


def clock_of_chrony(tracking: str) -> Clock | None:
    """Read the output of ``chronyc -n tracking``; None where it is none."""
    offset, reference = _CHRONY_OFFSET.search(tracking), _CHRONY_REFERENCE.search(tracking)
    leap = _CHRONY_LEAP.search(tracking)
    if offset is None or reference is None or leap is None:
        return None
    if leap[1] == "Not synchronised":
        return Clock("chrony", None, "not measured: chrony says that it is not synchronised")
    ahead = 1 if offset[2] == "fast" else -1
    return Clock(f"chrony, by {reference[2] or reference[1]}", ahead * float(offset[1]))


def _kernel_says() -> str:
    """What the kernel estimates of its own clock, in words."""
    state = clock_state()
    if state.synchronised is None:
        return "and the kernel does not say whether its clock is kept in step"
    if not state.synchronised:
        return "and the kernel's clock is not kept in step with any other"
    return f"and the kernel only estimates that its clock is off by at most {state.largest_error_us} microseconds"
