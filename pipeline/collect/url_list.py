"""Checks the web addresses that a person asks to archive, before anything is fetched.

In: text with one address per line (empty lines and repeats are dropped). Out: the addresses in order, and of every
other line what is wrong with it. Raises `BadUrls` where nothing is left to fetch, or too much. Only what can be
told from the text alone is checked here, by the policy the recorder has (`crawlers.address_policy`); what a name
resolves to the recorder checks at the moment of connecting.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from crawlers.address_policy import AddressPolicy, AddressRefused
from storage.ledger.refused_lines import CheckedLines, RefusedLine

MOST_URLS: Final = 256
"""One mapped task each; Airflow's grid and this machine stay usable with so many (architecture, section 6)."""

LONGEST_URL: Final = 8000
"""Characters: RFC 9110, section 4.1 asks everyone to take at least 8000 octets; hardly any server takes more."""

LONGEST_SHOWN: Final = 120
"""Characters of a refused line that are shown and kept."""

MOST_REFUSED: Final = 1000
"""Refused lines of one list: as many as it may have addresses."""

_USER_INFO = re.compile(r"//[^/?#]*@")
_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f<>\"`{}|\\^]")


class BadUrls(ValueError):
    """Nothing was fetched; the lines named in ``problems`` have to be corrected."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join((*problems, "Nothing was fetched.")))
        self.problems = problems


def check_lines(text: str, *, allow_addresses: Sequence[str] = (), most: int = MOST_URLS) -> CheckedLines:
    """The addresses, each once, at most so many, and the lines that are none; at least one address is left.

    ``allow_addresses`` are networks (CIDR) besides public ones.
    """
    checked = _checked(text, AddressPolicy(allow_addresses))
    problems = [str(each) for each in checked.refused] if not checked.urls else []
    if not checked.urls and not problems:
        problems.append("There is no address: write one per line, each beginning with http:// or https://.")
    if len(checked.urls) > most:
        problems.append(
            f"{len(checked.urls)} addresses are too many at once: at most {most}. Ask for them in several runs."
        )
    if len(checked.refused) > MOST_REFUSED:
        words = f"{len(checked.refused)} lines are no addresses, so this is hardly a list of them."
        problems = [*problems[:MOST_REFUSED], words]
    if problems:
        raise BadUrls(tuple(problems))
    return checked


def validate_urls(text: str, *, allow_addresses: Sequence[str] = (), most: int = MOST_URLS) -> tuple[str, ...]:
    """As `check_lines`, where every line has to be an address."""
    checked = check_lines(text, allow_addresses=allow_addresses, most=most)
    if checked.refused:
        raise BadUrls(tuple(map(str, checked.refused)))
    return checked.urls


def _checked(text: str, policy: AddressPolicy) -> CheckedLines:
    urls: list[str] = []
    refused: list[RefusedLine] = []
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        reason = next(_problems(line, policy), None) if line else None
        if reason is not None:
            refused.append(RefusedLine(number, _shown(line), reason))
        elif line:
            urls.append(line)
    return CheckedLines(tuple(dict.fromkeys(urls)), tuple(refused))


def _shown(line: str) -> str:
    """The line as others may read it: it goes to logs and to the ledger."""
    shown = _USER_INFO.sub("//(not shown)@", line)
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in shown[: LONGEST_SHOWN + 1])
    return shown if len(shown) <= LONGEST_SHOWN else shown[: LONGEST_SHOWN - 3] + "..."


def _problems(line: str, policy: AddressPolicy) -> Iterator[str]:
    """What is wrong with the line, at most one thing: the first that a person would correct."""
    if len(line) > LONGEST_URL:
        yield f"is {len(line)} characters long; servers take at most about {LONGEST_URL}."
        return
    try:
        parts = urlsplit(line)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError as problem:
        yield f"is no web address: {problem}."
        return
    if parts.scheme.lower() not in ("http", "https"):
        yield "is not a web address: it must begin with http:// or https://."
    elif _NOT_IN_URLS.search(line):
        yield "contains a space or another character that no address has; copy it from the browser's address bar."
    elif not host:
        yield "names no host."
    elif parts.username is not None or parts.password is not None:
        yield "contains a user name or password, which would stand in the archive for ever; take it out."
    elif port == 0:
        yield "names port 0, which does not exist."
    else:
        try:
            policy.check_name(host)
        except AddressRefused as refused:
            yield f"leads to {refused.address}, an address that is not public: {refused.reason}."
