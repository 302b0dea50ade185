"""The facts of a collection that no WARC may hold: who, why, which machine, which address.

In: `Settings` and what the request says. Out: `Fact` by name, for `storage.ledger.crawl_facts`. An unknown fact
stands as unknown, with the reason. The outside is asked for one fact alone, our address, and only the page that
the operator names for it, since whoever is asked sees it.
"""

import ipaddress
import re
import socket
from collections.abc import Mapping
from typing import Final

from pipeline.config.parsing import DIRECT
from pipeline.config.settings import Settings
from pipeline.crawl.egress_check import probe
from storage.ledger.crawl_facts import Fact


def collection_facts(
    settings: Settings,
    *,
    requested_by: str | None = None,
    reason: str | None = None,
    case: str | None = None,
    request_id: str | None = None,
    request_number: str | None = None,
    egress: str | None = None,
    virtual_identity: str | None = None,
) -> Mapping[str, Fact]:
    """What is known before the first byte is fetched; ``egress`` is a profile's name, None for going directly.

    ``virtual_identity`` is the label of a login profile.
    ``request_number`` says which address of the request is fetched, from 1.
    """
    nightly = "the watch-list asks for it, no person does"
    return {
        "collector": Fact(settings.collector),
        "machine": Fact(socket.gethostname()),
        "egress_profile": Fact(egress or DIRECT),
        "egress_address": egress_address(settings, egress),
        "virtual_identity": known(virtual_identity, "none is used: the crawl logs in nowhere"),
        "requested_by": known(requested_by, nightly),
        "request": known(request_id, nightly),
        "reason": known(reason, "none was given" if request_id else nightly),
        "case": known(case, "none was given" if request_id else nightly),
        **({} if request_number is None else {"request_number": Fact(request_number)}),
    }


def egress_address(settings: Settings, egress: str | None) -> Fact:
    """The address that a site sees, as the page in the settings says, asked by the same egress profile."""
    url, by = settings.own_address_url, "direct" if egress is None else "a proxy"
    if url is None:
        return Fact(None, f"{by}; no outside service was asked which address that is")
    seen = probe(settings, egress or DIRECT, url)
    if seen.problem is not None:
        return Fact(None, f"{by}; {url} could not be asked: {seen.problem}")
    address = address_in(seen.answer or "") if seen.status == 200 else None
    if address is None:
        return Fact(None, f"{by}; {url} answered {seen.status} without exactly one address")
    return Fact(address)


_ADDRESS_LIKE: Final = re.compile(r"(?<![\w.:])[0-9A-Fa-f:.]{2,45}(?![\w.:])")


def address_in(answer: str) -> str | None:
    """The one IP address that a text holds; None where it holds none or several."""
    found: set[str] = set()
    for word in _ADDRESS_LIKE.findall(answer):
        try:
            found.add(str(ipaddress.ip_address(word)))
        except ValueError:
            continue
    return found.pop() if len(found) == 1 else None


def known(value: str | None, unknown_because: str) -> Fact:
    """The fact, or why it is not known; white space alone is no fact."""
    stripped = (value or "").strip()
    return Fact(stripped) if stripped else Fact(None, unknown_because)
