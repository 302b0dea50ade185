"""The gateway of the replay host: what a browser asks for goes to pywb, and what pywb says goes out checked.

In: requests ``/CAPABILITY/TIMESTAMPmp_/URL`` at the replay host's own name. Out: the archived answer, rewritten so
that its links stay here, under the headers of `access.replay.response_policy`; or a sentence of ours. Guaranteed:
an answer shows only captures that the capability's user may see at this moment, each of which is in the access log
before it is shown; what pywb writes itself is never shown; a request under another host name is refused, since
cookies do not separate ports. pywb asks back at `pywb_source`, for a slot that this request holds.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from access.rendering.templates import TEMPLATES
from access.rendering.translations import Language, choose_language, current_language, gettext, in_language
from access.replay.archived_record import MARK
from access.replay.capability import CapabilityRefused, CapabilitySeal, ReplayCapability
from access.replay.index_lines import moment, replay_path
from access.replay.response_policy import (
    ALWAYS,
    DOCUMENTS,
    WORKERS,
    document_policy,
    document_type,
    obeys_allowlist,
    passed_on,
)
from access.replay.slots import Slot, Slots
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_by_id

PATH: Final = re.compile(
    r"/(?P<capability>[A-Za-z0-9_-]{60,4000})/(?P<timestamp>\d{0,14})(?P<mod>[a-z]{2,4}_)?/(?P<url>.+)"
)
"""The path of a replayed address."""

AS_PAGE: Final = "mp_"
"""pywb's word for a page, and for whatever is rewritten by its type."""

CHECK: Final = re.compile(r"/(?P<capability>[A-Za-z0-9_-]{60,4000})/check(?P<step>|/closed)")
"""The path of the check that goes before scripts."""

OWN_SCRIPT: Final = Path(__file__).parents[1] / "static" / "replay_check.js"
CHECK_SCRIPT: Final = "/static/replay_check.js"

MODS: Final = frozenset({"mp_", "if_", "fr_", "im_", "cs_", "js_", "jm_", "oe_", "em_", "wkr_", "wkrf_"})
"""Words of pywb that are passed on; others (``id_``: unchanged, ``bn_``: not rewritten, ``sw_``) are read as a
page.
"""

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""What is answered at all; all but the first two with a refusal."""

SCRIPTS_OF_PYWB: Final = frozenset({"wombat.js", "wombatWorkers.js"})

MOST_REDIRECTS: Final = 5

REWRITTEN_LIMIT_BYTES: Final = 128 << 20
TEXTUAL: Final = re.compile(
    r"text/|application/(?:[a-z0-9.+-]*(?:json|xml|javascript|mpegurl)|x-javascript)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ReplayHost:
    """Where the replay stands, as browsers see it, and where pywb listens on loopback."""

    url: str
    pywb_url: str

    @property
    def netloc(self) -> str:
        """Host name, and the port where it is not the scheme's own."""
        return urlsplit(self.url).netloc

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return urlsplit(self.url).scheme


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """A request for a replayed address, taken apart."""

    text: str
    capability: ReplayCapability
    timestamp: str
    mod: str
    url: str

    @property
    def path(self) -> str:
        """The address below the capability."""
        return f"/{self.text}/{self.timestamp}{self.mod}/{self.url}"


class Gateway:
    """The replay host over one archive and one pywb. ``languages`` are those of our sentences."""

    def __init__(
        self,
        host: ReplayHost,
        seal: CapabilitySeal,
        slots: Slots,
        open_archive: Callable[[], Archive],
        languages: dict[str, Language],
    ) -> None:
        self.host = host
        self._seal = seal
        self._slots = slots
        self._open_archive = open_archive
        self._languages = languages
        # A connection for each request: what a large medium needs is its reader's affair, and behind some answers
        # pywb sends a line too much, at which the next answer on that connection would fail.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._pywb = httpx.AsyncClient(timeout=httpx.Timeout(60.0), limits=limits, trust_env=False)

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=list(METHODS))])

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        with in_language(choose_language(request.headers.get("accept-language", ""), self._languages)):
            if request.headers.get("host", "") != self.host.netloc:
                return self._sentence(request, HTTPStatus.MISDIRECTED_REQUEST, gettext("This is another host."))
            if request.method not in ("GET", "HEAD"):
                words = gettext("An archived page can send nothing: only what was captured can be asked for.")
                return self._sentence(request, HTTPStatus.METHOD_NOT_ALLOWED, words)
            if request.headers.get("service-worker") or request.headers.get("sec-fetch-dest") == "serviceworker":
                return self._sentence(request, HTTPStatus.FORBIDDEN, gettext("No service worker is served here."))
            path = request.scope["raw_path"].decode("latin-1")
            if path == CHECK_SCRIPT:
                return Response(OWN_SCRIPT.read_bytes(), headers=ALWAYS, media_type="text/javascript")
            if path.startswith("/static/"):
                return await self._script_of_pywb(request, path.removeprefix("/static/"))
            return await self._replayed(request, path)

    async def _replayed(self, request: Request, path: str) -> Response:
        found = CHECK.fullmatch(path) or PATH.fullmatch(path)
        if found is None:
            return self._sentence(request, HTTPStatus.NOT_FOUND, gettext("There is nothing at this address."))
        try:
            capability = self._seal.open(found["capability"])
        except CapabilityRefused:
            words = gettext("This view has ended. Reload the page of the archive in which it stands.")
            return self._sentence(request, HTTPStatus.FORBIDDEN, words)
        if found.re is CHECK:
            return await self._check(request, capability, found["capability"], found["step"])
        query = request.scope["query_string"].decode("latin-1")
        url = found["url"] + (f"?{query}" if query else "")
        destination = request.headers.get("sec-fetch-dest")
        if capability.scripts == "asked":
            return self._sentence(request, HTTPStatus.FORBIDDEN, gettext("This browser has not been checked yet."))
        runs = capability.scripts == "allowed" and destination in DOCUMENTS | WORKERS
        if runs and not obeys_allowlist(request.headers):
            words = gettext("Scripts of archived pages run only in browsers that can be kept from the live web.")
            return self._sentence(request, HTTPStatus.FORBIDDEN, words)
        # what becomes a document is rewritten as one, whatever its address says; an old browser does not say
        is_document = destination is None or destination in DOCUMENTS
        mod = AS_PAGE if is_document or found["mod"] not in MODS else found["mod"]
        wanted = ReplayRequest(found["capability"], capability, found["timestamp"] or "", mod, url)
        if not found["timestamp"]:
            first = await self._first_of(capability)
            wanted = replace(wanted, timestamp="" if first is None else moment(first.captured_at))
        return await self._from_pywb(request, wanted, is_document=is_document)

    async def _check(self, request: Request, capability: ReplayCapability, text: str, step: str) -> Response:
        """One step of the check: the question that must arrive, or the one that must fail; behind it, the page."""
        if capability.scripts != "asked" or not obeys_allowlist(request.headers):
            words = gettext("Scripts of archived pages run only in browsers that can be kept from the live web.")
            return self._sentence(request, HTTPStatus.FORBIDDEN, words, capability=capability)
        first = await self._first_of(capability)
        if first is None:
            return self._sentence(request, HTTPStatus.NOT_FOUND, gettext("There is nothing at this address."))
        # no redirect: the page that has the policy would follow none
        allowed = self._seal.seal(replace(capability, scripts="allowed"))
        html = TEMPLATES.get_template("replay_check.html").render(
            language=current_language().tag,
            probe=f"{capability.archive_origin}/robots.txt",
            expected="fails" if step else "arrives",
            next=f"/{allowed}/{replay_path(first)}" if step else f"/{text}/check/closed",
            script=CHECK_SCRIPT,
        )
        policy = (
            f"default-src 'none'; script-src {self.host.url}; connect-src {capability.archive_origin}; "
            f"frame-ancestors {capability.archive_origin}"
        )
        headers = {**ALWAYS, "Content-Security-Policy": policy}
        if not step:
            del headers["Connection-Allowlist"]
        return Response(html, headers=headers, media_type="text/html")

    async def _first_of(self, capability: ReplayCapability) -> Capture | None:
        """The capability's first capture; None where its user may not see it any more."""

        def look() -> Capture | None:
            with self._open_archive().reader.connect() as connection:
                return capture_by_id(connection, capability.capture_id, viewer=capability.viewer)

        return await run_in_threadpool(look)

    async def _from_pywb(
        self, request: Request, wanted: ReplayRequest, *, is_document: bool, redirects: int = 0
    ) -> Response:
        async with AsyncExitStack() as held:
            slot = await held.enter_async_context(self._slots.taken(wanted.capability))
            answered = await self._ask_pywb(request, wanted, slot)
            held.push_async_callback(answered.aclose)
            headers = dict(passed_on(answered.headers.multi_items()))
            location = answered.headers.get("location")
            is_redirect = location is not None and answered.status_code in (301, 302, 303, 307, 308)
            if not is_redirect:
                if MARK not in answered.headers:
                    words = gettext("%(url)s was not captured together with this page.", url=wanted.url)
                    return self._sentence(request, HTTPStatus.NOT_FOUND, words, capability=wanted.capability)
                return await self._answer(wanted, slot, answered, headers, held, is_document=is_document)
            assert location is not None  # a redirect has one
            target = location.replace(slot.name, wanted.text)
        return await self._redirected(request, wanted, target, is_document=is_document, redirects=redirects)

    async def _answer(
        self,
        wanted: ReplayRequest,
        slot: Slot,
        answered: httpx.Response,
        headers: dict[str, str],
        held: AsyncExitStack,
        *,
        is_document: bool,
    ) -> Response:
        """pywb's answer under our policy; what holds slot and connection ends with the last byte."""
        headers |= document_policy(wanted.capability, f"{self.host.url}/{wanted.text}/", self.host.url)
        if is_document:
            headers["X-Content-Type-Options"] = "nosniff"
            as_type = document_type(headers.get("content-type"), headers.get("content-encoding"))
            if as_type is not None:
                headers["content-type"] = as_type
        status = answered.status_code
        if TEXTUAL.match(headers.get("content-type", "")) and "content-encoding" not in headers:
            body = await _whole(answered)
            return Response(body.replace(slot.name.encode(), wanted.text.encode()), status, headers=headers)
        if length := answered.headers.get("content-length"):
            headers["content-length"] = length
        streaming = held.pop_all()
        return StreamingResponse(
            _raw(answered, streaming), status, headers=headers, background=BackgroundTask(streaming.aclose)
        )

    async def _redirected(
        self, request: Request, wanted: ReplayRequest, location: str, *, is_document: bool, redirects: int
    ) -> Response:
        """A redirect within the capability: shown as one where a page was asked for, else followed here.

        A browser that obeys the connection allowlist follows none, since it cannot know where one ends.
        """
        inside = f"{self.host.url}/{wanted.text}/"
        path = location.removeprefix(self.host.url)
        found = PATH.fullmatch(path)
        if found is None or found["capability"] != wanted.text or redirects >= MOST_REDIRECTS:
            words = gettext("This capture redirects to another address, which is not shown.")
            return self._sentence(request, HTTPStatus.NOT_FOUND, words, capability=wanted.capability)
        if not is_document:
            there = replace(wanted, timestamp=found["timestamp"] or wanted.timestamp, url=found["url"])
            return await self._from_pywb(request, there, is_document=False, redirects=redirects + 1)
        html = TEMPLATES.get_template("replay_redirect.html").render(
            address=f"{self.host.url}{path}", url=found["url"], language=current_language().tag
        )
        policy = document_policy(wanted.capability, inside, self.host.url)
        return Response(html, headers=policy, media_type="text/html")

    async def _ask_pywb(self, request: Request, wanted: ReplayRequest, slot: Slot) -> httpx.Response:
        headers = {
            "Host": self.host.netloc,
            "X-Forwarded-Proto": self.host.scheme,
            "Accept-Encoding": "identity",
            "User-Agent": "Mozilla/5.0 Chrome/152",  # by which pywb chooses how it rewrites scripts
        }
        for name in ("range", "x-pywb-requested-with"):
            if name in request.headers:
                headers[name] = request.headers[name]
        target = f"/{slot.name}/{wanted.timestamp}{wanted.mod}/{wanted.url}"
        sent = self._pywb.build_request("GET", self.host.pywb_url, headers=headers)
        sent.extensions["target"] = target.encode("latin-1")
        return await self._pywb.send(sent, stream=True)

    async def _script_of_pywb(self, request: Request, name: str) -> Response:
        """One of the scripts by which pywb keeps a scripted page within its capture."""
        if name not in SCRIPTS_OF_PYWB:
            return self._sentence(request, HTTPStatus.NOT_FOUND, gettext("There is nothing at this address."))
        found = await self._pywb.get(f"{self.host.pywb_url}/static/{name}", headers={"Host": self.host.netloc})
        headers = {**ALWAYS, "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}
        return Response(found.content, found.status_code, headers=headers, media_type="text/javascript")

    def _sentence(
        self, request: Request, status: HTTPStatus, words: str, *, capability: ReplayCapability | None = None
    ) -> Response:
        """A sentence of ours, as a page where a page was asked for; it has no link and loads nothing."""
        framed_by = "*" if capability is None else f"{capability.archive_origin} {self.host.url}"
        policy = f"sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors {framed_by}"
        headers = {**ALWAYS, "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        if request.headers.get("sec-fetch-dest", "document") not in DOCUMENTS:
            return Response(words, status, headers=headers, media_type="text/plain")
        template = TEMPLATES.get_template("replay_message.html")
        html = template.render(message=words, language=current_language().tag)
        return Response(html, status, headers=headers, media_type="text/html")


async def _whole(answered: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in answered.aiter_raw():
        body += piece
        if len(body) > REWRITTEN_LIMIT_BYTES:
            raise httpx.DecodingError("a rewritten answer of pywb is larger than any that it is given")
    return bytes(body)


async def _raw(answered: httpx.Response, held: AsyncExitStack) -> AsyncIterator[bytes]:
    try:
        async for piece in answered.aiter_raw():
            yield piece
    finally:
        await held.aclose()
