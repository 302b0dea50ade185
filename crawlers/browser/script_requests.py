"""What a page requests because of what we do on it: it is asked by us, and takes turns at its hosts.

In: a tab. Pictures and the like are loaded as by any reader; what scripts fetch waits for a slot before the next
thing is done. Raises nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from playwright.async_api import Page, Request

from processors.urls import host_of

FETCHED_BY_SCRIPT: Final = ("xhr", "fetch")
"""Requests by which pages ask for more."""

ENDLESS: Final = ("media", "websocket", "eventsource", "ping")
"""Requests that no page waits for, or that do not end."""

PAUSE_S: Final = 0.12
SETTLE_S: Final = 5.0
"""The shortest and the longest time that a page is given to load what it wants after something was done."""

WaitForSlot = Callable[[str], Awaitable[bool]]
"""Waits for a slot at a host; False: none can be had."""


class ScriptRequests:
    """Listens from now until ``close``."""

    def __init__(self, tab: Page, wait_for_slot: WaitForSlot) -> None:
        self._tab = tab
        self._wait_for_slot = wait_for_slot
        self._hosts: set[str] = set()
        self._pending: set[Request] = set()
        tab.on("request", self._on_request)
        tab.on("requestfinished", self._on_end)
        tab.on("requestfailed", self._on_end)

    def close(self) -> None:
        """Listen no more."""
        self._tab.remove_listener("request", self._on_request)
        self._tab.remove_listener("requestfinished", self._on_end)
        self._tab.remove_listener("requestfailed", self._on_end)

    async def settle(self) -> None:
        """Return when nothing is loading any more, or after `SETTLE_S`."""
        clock = asyncio.get_running_loop()
        until = clock.time() + SETTLE_S
        await asyncio.sleep(PAUSE_S)
        while self._pending and clock.time() < until:
            await asyncio.sleep(PAUSE_S)

    async def wait_for_slots(self) -> str | None:
        """Wait for a slot at each host that scripts have asked since; the host at which none can be had."""
        hosts = sorted(self._hosts)
        self._hosts.clear()
        for host in hosts:
            if not await self._wait_for_slot(host):
                return host
        return None

    def _on_request(self, request: Request) -> None:
        if request.resource_type in FETCHED_BY_SCRIPT:
            self._hosts.add(host_of(request.url))
        if request.resource_type not in ENDLESS:
            self._pending.add(request)

    def _on_end(self, request: Request) -> None:
        self._pending.discard(request)
