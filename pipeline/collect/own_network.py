"""Whether a crawl reached no host because our own network is away.

In: `CrawlReport`. Out: a short phrase, None where a host answered or refused. No traffic leaves for it: the
reasons are the recorder's, the routes are the kernel's. One source alone may have a dead name server of its own,
so a phrase is a suspicion; `pipeline.collect.harvest_summary` makes a sentence of it where every source of a night
met the same.
"""

import errno
import os
from pathlib import Path
from typing import Final

from crawlers.model.report import CrawlReport
from processors.pages.outcome import Outcome

NO_ROUTE: Final = "no network can be reached"
NO_NAMES: Final = "no name resolves"
NO_ANSWER: Final = "no host answers"
NO_PROXY: Final = "the egress proxy cannot be reached"

KINDS: Final = {
    "egress proxy cannot be reached": NO_PROXY,
    "egress proxy did not answer": NO_PROXY,
    os.strerror(errno.ENETUNREACH): NO_ROUTE,
    os.strerror(errno.ENETDOWN): NO_ROUTE,
    os.strerror(errno.EHOSTUNREACH): NO_ROUTE,
    "Temporary failure in name resolution": NO_NAMES,  # EAI_AGAIN: the resolver got no answer (getaddrinfo(3))
    "no connection to": NO_ANSWER,
}
"""Words of the recorder and of the C library; the first that fits holds. A refused connection is an answer."""

PROXY: Final = tuple(words for words, kind in KINDS.items() if kind == NO_PROXY)
ANSWERS: Final = (os.strerror(errno.ECONNREFUSED), os.strerror(errno.ECONNRESET), "Name or service not known")
"""Of a host, or of the name server that knows no such name."""

ROUTE_UP: Final = 0x1
DEFAULT_ROUTE: Final = "00000000"
DEFAULT_ROUTE_6: Final = "0" * 32
ROUTE_REJECT: Final = 0x0200
"""Flags of linux/route.h."""


def own_network_fault(report: CrawlReport, *, proc: Path = Path("/proc")) -> str | None:
    """What is wrong with our network, as far as this crawl can tell; None where any host gave any answer."""
    if report.exchanges or set(report.outcomes) - {Outcome.UNREACHABLE.value}:
        return None
    unreachable = f": {Outcome.UNREACHABLE.value}: "
    met = (*filter(None, [report.problem]), *(each for each in report.failures if unreachable in each))
    kinds = [_kind(sentence) for sentence in met]
    if not kinds or None in kinds:
        return None
    away = "" if has_default_route(proc) else "; this machine has no default route"
    return f"{kinds[0]}{away}"


def _kind(sentence: str) -> str | None:
    if any(answer in sentence for answer in ANSWERS) and not any(words in sentence for words in PROXY):
        return None
    return next((kind for words, kind in KINDS.items() if words in sentence), None)


def has_default_route(proc: Path = Path("/proc")) -> bool:
    """Whether the kernel knows a way to the rest of the world, by IPv4 or IPv6 (``route`` in proc(5))."""
    return any(
        columns[1] == DEFAULT_ROUTE and int(columns[3], 16) & ROUTE_UP for columns in _rows(proc / "net" / "route")
    ) or any(
        columns[0] == DEFAULT_ROUTE_6
        and columns[1] == "00"
        and int(columns[8], 16) & (ROUTE_UP | ROUTE_REJECT) == 1
        for columns in _rows(proc / "net" / "ipv6_route")
    )


def _rows(table: Path) -> list[list[str]]:
    try:
        lines = table.read_text("ascii").splitlines()
    except OSError:
        return []  # a kernel without this protocol
    return [line.split() for line in lines if line[:1].isalnum() and not line.startswith("Iface")]
