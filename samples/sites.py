"""All sample sites on one loopback port, under their own host names: ``with SampleSites(day=1) as sites: ...``."""

import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from samples.authority import Authority
from samples.clock import Clock, SetClock, checked_day
from samples.hosts import HOSTS, MISNAMED_HOSTS, UNTRUSTED_HOSTS, site_of
from samples.messages import Answer, Headers, Request, Response, not_found
from samples.server import LoopbackServer

Page = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request as a site received it, for tests to look at afterwards."""

    scheme: str
    method: str
    host: str
    target: str
    headers: Headers
    day: int

    @property
    def url(self) -> str:
        """The whole address asked for."""
        return f"{self.scheme}://{self.host}{self.target}"


class SampleSites:
    """The running sample sites.

    ``extra`` maps (host, path with query) to an answer that goes before the host's own pages; its hosts may be any
    names. ``folder`` receives ``authority.pem``; without one a temporary folder is used and removed at the end.
    ``clock`` replaces the clock that ``day`` and ``set_day`` turn.
    """

    def __init__(
        self,
        day: int = 1,
        *,
        port: int = 0,
        folder: Path | None = None,
        extra: Mapping[Page, Response] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock if clock is not None else SetClock(day)
        self._port = port
        self._folder = folder
        self._extra = dict(extra or {})
        self._seen: list[SeenRequest] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="letapis-samples-") if self._folder is None else None
        home = Path(self._temporary.name) if self._temporary is not None else self._folder
        assert home is not None
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        issuer = Authority(self.hosts, UNTRUSTED_HOSTS, MISNAMED_HOSTS)
        self.authority = home / "authority.pem"
        issuer.write(self.authority)
        self._server = LoopbackServer(self._answer, self._clock, issuer.context, self._port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    @property
    def port(self) -> int:
        """The loopback port that answers for every host, with TLS and without."""
        return self._server.port

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host name the certificate is good for, the hosts of ``extra`` included."""
        return tuple(sorted({*HOSTS, *(host for host, _ in self._extra)}))

    @property
    def connect_to(self) -> str:
        """The value for curl's and our ``--connect-to`` that leads every host here."""
        return f"::127.0.0.1:{self.port}"

    @property
    def connect_to_each(self) -> tuple[str, ...]:
        """The same for each host name alone, so that every other name and address stays what it is."""
        return tuple(f"{host}:{port}:127.0.0.1:{self.port}" for host in self.hosts for port in (80, 443))

    @property
    def day(self) -> int:
        """The sample clock's day."""
        return self._clock()

    def set_day(self, day: int) -> None:
        """Turn the clock; raises ``TypeError`` where a clock of one's own was given."""
        if not isinstance(self._clock, SetClock):
            raise TypeError("these sites follow a clock of their own; turn that one")
        self._clock.day = checked_day(day)

    @property
    def requests_log(self) -> tuple[SeenRequest, ...]:
        """The requests received so far, in the order in which they came."""
        with self._lock:
            return tuple(self._seen)

    def forget_requests(self) -> None:
        """Empty the log."""
        with self._lock:
            self._seen.clear()

    def _answer(self, request: Request) -> Answer:
        seen = SeenRequest(
            request.scheme, request.method, request.host, request.target, request.headers, request.day
        )
        with self._lock:
            self._seen.append(seen)
        given = self._extra.get((request.host, request.target))
        if given is not None:
            return given
        site = site_of(request.host)
        return site(request) if site is not None else not_found(request)
