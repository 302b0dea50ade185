"""Which links belong to a source: hosts, or hosts with the beginning of a path."""

from urllib.parse import urlsplit

from crawlers.watchlist.source import Source
from processors.urls import host_of


def in_scope(url: str, scope: tuple[str, ...]) -> bool:
    """Whether an entry covers the URL; ``example.org`` covers its sub-domains, ``example.org/a/`` only that
    path.
    """
    host = host_of(url)
    path = urlsplit(url).path.lstrip("/") if host else ""
    for entry in scope:
        name, _, beginning = entry.partition("/")
        if (host == name or host.endswith(f".{name}")) and path.startswith(beginning):
            return True
    return False


def scope_of(source: Source) -> tuple[str, ...]:
    """The declared scope, mirrors included; without one, the hosts of the seeds, ``www.`` or not."""
    declared = source.scope or tuple(host_of(url).removeprefix("www.") for url in source.seeds)
    paths = {entry.partition("/")[2] for entry in source.scope} or {""}
    mirrored = tuple(f"{host}/{path}" if path else host for host in source.mirrors for path in sorted(paths))
    return tuple(dict.fromkeys((*declared, *mirrored)))
