"""Checks the web addresses that a person asks to archive, before anything is fetched.

In: text with one address per line (empty lines and repeats are dropped). Out: the addresses in order. Raises
`BadUrls`, which says of every bad line what is wrong with it. Only what can be told from the text alone is checked
here, by the policy the recorder has (`crawlers.address_policy`); what a name resolves to the recorder checks at
the moment of connecting.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from crawlers.address_policy import AddressPolicy, AddressRefused

MOST_URLS: Final = 256
"""One mapped task each; Airflow's grid and this machine stay usable with so many (architecture, section 6)."""

LONGEST_URL: Final = 8000
"""Characters: RFC 9110, section 4.1 asks everyone to take at least 8000 octets; hardly any server takes more."""

_USER_INFO = re.compile(r"//[^/?#]*@")
_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f<>\"`{}|\\^]")


@dataclass(frozen=True)
class BadUrl:
    """One line that cannot be archived; ``reason`` completes the sentence."""

    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        shown = _USER_INFO.sub("//(not shown)@", self.text)  # the sentence goes to logs, which others read
        shown = shown if len(shown) <= 120 else shown[:117] + "..."
        return f"Line {self.line}: {shown!r} {self.reason}"


class BadUrls(ValueError):
    """Nothing was fetched; the lines named in ``problems`` have to be corrected."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join((*problems, "Nothing was fetched.")))
        self.problems = problems


def validate_urls(text: str, *, allow_addresses: Sequence[str] = (), most: int = MOST_URLS) -> tuple[str, ...]:
    """The addresses, each once, at most so many; ``allow_addresses`` are networks (CIDR) besides public ones."""
    policy = AddressPolicy(allow_addresses)
    numbered = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    urls = tuple(dict.fromkeys(line for _, line in numbered))
    problems = [
        str(BadUrl(number, line, reason)) for number, line in numbered for reason in _problems(line, policy)
    ]
    if not numbered:
        problems.append("There is no address: write one per line, each beginning with http:// or https://.")
    if len(urls) > most:
        problems.append(
            f"{len(urls)} addresses are too many at once: at most {most}. Ask for them in several runs."
        )
    if problems:
        raise BadUrls(tuple(problems))
    return urls


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
