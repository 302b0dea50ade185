"""Waits for what only a page's own thread can give, and not for longer than is worth it.

A script of the page's that runs without end lets nothing else run in it: a question to such a page is never
answered, and the driver of the browser waits for ever. Raises `PageHangs`.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from playwright.async_api import Page

ANSWER_S: Final = 20.0
"""How long a page may take to answer: pages that compute for seconds, on a machine that is busy, are common."""

Answered = TypeVar("Answered")


class PageHangs(Exception):
    """The page does not answer; ``str`` is a sentence that says when it stopped."""


async def answer_of(question: Awaitable[Answered], during: str) -> Answered:
    """What ``question`` gives; ``during`` completes the sentence "the page did not answer within 20 s ..."."""
    # A task of its own: what the driver waits for is then given up with it.
    waiting = asyncio.ensure_future(question)
    try:
        async with asyncio.timeout(ANSWER_S):
            return await waiting
    except TimeoutError as error:
        raise PageHangs(f"the page did not answer within {ANSWER_S:g} s {during}") from error


async def require_answer(tab: Page, during: str) -> None:
    """Return when the page answers at all."""
    await answer_of(tab.evaluate("0"), during)
