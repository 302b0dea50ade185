"""The facts of a collection that no WARC may hold: who, why, which machine, which address, which clock.

In: `Settings` and what the request says. Out: `Fact` by name, for `storage.ledger.crawl_facts`. An unknown fact
stands as unknown, with the reason; nothing is asked of the outside to learn it, since that would be seen.
"""

import socket
from collections.abc import Mapping

from pipeline.clock_sync import clock_state
from pipeline.config.parsing import DIRECT
from pipeline.config.settings import Settings
from storage.ledger.crawl_facts import Fact
from storage.ledger.entry import Clock


def collection_facts(
    settings: Settings,
    *,
    requested_by: str | None = None,
    reason: str | None = None,
    case: str | None = None,
    request_id: str | None = None,
    egress: str | None = None,
) -> Mapping[str, Fact]:
    """What is known before the first byte is fetched; ``egress`` is a profile's name, None for going directly."""
    nightly = "the watch-list asks for it, no person does"
    return {
        "collector": Fact(settings.collector),
        "machine": Fact(socket.gethostname()),
        "egress_profile": Fact(egress or DIRECT),
        "egress_address": Fact(
            None,
            f"{'direct' if egress is None else 'a proxy'}; no outside service was asked which address that is",
        ),
        "virtual_identity": Fact(None, "none is used: the crawl logs in nowhere"),
        "requested_by": known(requested_by, nightly),
        "request": known(request_id, nightly),
        "reason": known(reason, "none was given" if request_id else nightly),
        "case": known(case, "none was given" if request_id else nightly),
    }


def known(value: str | None, unknown_because: str) -> Fact:
    """The fact, or why it is not known; white space alone is no fact."""
    stripped = (value or "").strip()
    return Fact(stripped) if stripped else Fact(None, unknown_because)


def clock_now() -> Clock:
    """How this machine's clock stands; its offset is never guessed."""
    state = clock_state()
    if state.synchronised is None:
        return Clock(None, None, "the kernel does not say whether its clock is kept in step")
    if not state.synchronised:
        return Clock("kernel (adjtimex)", None, "the kernel's clock is not kept in step with any other")
    return Clock(
        "kernel (adjtimex)",
        None,
        f"kept in step, off by at most {state.largest_error_us} microseconds by the kernel's own estimate; "
        "the offset itself was not measured",
    )
