"""Rejects what the consent dialog of a page asks for: never accepts, and clicks nothing but the dialog.

In: a tab whose page has loaded. Out: `ConsentResult` for the page's record, and pictures of the viewport before
the first click and after the last one. Autoconsent's script runs beside the page, in a world of its own that the
page's scripts cannot reach; so does a guard (``consent_guard.js``) that sees each click first and lets none pass
that falls outside of a dialog, leads to another page, or says that it accepts (decision 0046). Only the page
itself is looked at, no frames of other sites. Nothing of this raises, and each wait is bounded: what fails is the
result, which keeps the clicks and pictures of what was done before.
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from playwright.async_api import CDPSession, Page
from playwright.async_api import Error as PlaywrightError

from crawlers.browser.consent_rules import VERSION, ConsentRulesDiffer, consent_rules
from crawlers.browser.renderings import MadeOfPage, first_line
from crawlers.model.capture import RenderingKind

START_S: Final = 10.0
LOOK_S: Final = 10.0
DETECT_S: Final = 4.0
REJECT_S: Final = 15.0
SETTLE_S: Final = 0.5
"""How long the script may take to start, every rule to be tried once, a dialog be waited for after that, rejecting
take, and a dialog take to go.
"""

MOST_CLICKS: Final = 50
WORLD: Final = "letapis-consent"
BINDING: Final = "letapisConsent"

GUARD: Final = Path(__file__).with_name("consent_guard.js")


class ConsentOutcome(StrEnum):
    """What came of rejecting."""

    NO_DIALOG = "no_dialog"
    """Every rule was tried at least once, and no platform that they know showed a dialog."""
    REJECTED = "rejected"
    """The rules of the platform came to their end; the picture after shows what came of it."""
    STOPPED = "stopped"
    """A click was not let pass; the dialog is left as it stands."""
    FAILED = "failed"
    """It did not come to its end; the dialog may stand or not."""


class _ScriptFailed(Exception):
    """A script that runs beside the page raised an error."""


@dataclass(frozen=True, slots=True)
class ConsentResult:
    """For the page's record. ``clicks`` are ``{element, text, stopped}``, in order; ``rules`` what was used."""

    outcome: ConsentOutcome
    platform: str | None = None
    reason: str | None = None
    clicks: tuple[dict[str, str | None], ...] = ()
    rules: str = VERSION


@dataclass(slots=True)
class _Dialog:
    """A dialog as it is dealt with."""

    session: CDPSession
    world: int = 0
    started: bool = False
    looked: bool = False
    platform: str | None = None
    messages: asyncio.Queue[Mapping[str, Any]] = field(default_factory=asyncio.Queue)
    clicks: list[dict[str, str | None]] = field(default_factory=list)
    pictures: list[MadeOfPage] = field(default_factory=list)

    def note_click(self, message: Mapping[str, Any]) -> None:
        """Keep what the guard reports."""
        if message.get("type") == "clicked" and len(self.clicks) < MOST_CLICKS:
            self.clicks.append({name: message[name] for name in ("element", "text", "stopped")})

    def result(self, outcome: ConsentOutcome, reason: str | None = None) -> ConsentResult:
        """The result with what is known so far; a click that was stopped decides."""
        while not self.messages.empty():
            self.note_click(self.messages.get_nowait())
        stopped = next((each for each in self.clicks if each["stopped"] is not None), None)
        if stopped is not None:
            outcome = ConsentOutcome.STOPPED
            reason = f"{stopped['element']} was not clicked: {stopped['stopped']}"
        return ConsentResult(outcome, self.platform, reason, tuple(self.clicks))

    async def picture(self, kind: RenderingKind) -> None:
        """Add a picture of the viewport."""
        taken = await self.session.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
        self.pictures.append(MadeOfPage(kind, "image/png", base64.b64decode(taken["data"]), datetime.now(UTC)))

    async def run(self, expression: str, *, in_page: bool = False) -> Any:
        """Run a script in the world of its own, or in the page's; the value it gives.

        Raises `_ScriptFailed` for the former alone: a rule whose test fails in the page has found nothing there.
        """
        how = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = await self.session.send("Runtime.evaluate", how if in_page else how | {"contextId": self.world})
        if not in_page and "exceptionDetails" in answer:
            error = answer["exceptionDetails"].get("exception", {}).get("description", "an error without words")
            raise _ScriptFailed(f"the script that rejects failed: {error.splitlines()[0][:200]}")
        return answer.get("result", {}).get("value")


async def reject_consent(tab: Page) -> tuple[ConsentResult, tuple[MadeOfPage, ...]]:
    """Look for a dialog, and reject what it asks for."""
    try:
        dialog = _Dialog(await tab.context.new_cdp_session(tab))
    except PlaywrightError as error:
        return ConsentResult(ConsentOutcome.FAILED, reason=first_line(error)), ()
    try:
        async with asyncio.timeout(START_S) as limit:
            result = await _reject(dialog, limit)
    except TimeoutError:
        result = await _out_of_time(dialog)
    except (PlaywrightError, ConsentRulesDiffer, _ScriptFailed) as error:
        result = dialog.result(ConsentOutcome.FAILED, first_line(error))
    with suppress(PlaywrightError):  # the tab has gone, and its session with it
        await dialog.session.detach()
    return result, tuple(dialog.pictures)


async def _out_of_time(dialog: _Dialog) -> ConsentResult:
    if dialog.platform is not None:
        return dialog.result(ConsentOutcome.FAILED, f"rejecting took longer than {REJECT_S:g} s")
    if not dialog.started:
        return dialog.result(ConsentOutcome.FAILED, f"the script that rejects did not start within {START_S:g} s")
    if not dialog.looked:
        return dialog.result(ConsentOutcome.FAILED, f"looking for a dialog was not finished within {LOOK_S:g} s")
    try:
        async with asyncio.timeout(DETECT_S):
            await dialog.run("0")
    except TimeoutError:  # nor could the script look
        return dialog.result(ConsentOutcome.FAILED, "the page stopped answering while a dialog was looked for")
    except (PlaywrightError, _ScriptFailed) as error:
        return dialog.result(ConsentOutcome.FAILED, first_line(error))
    return dialog.result(ConsentOutcome.NO_DIALOG)


async def _reject(dialog: _Dialog, limit: asyncio.Timeout) -> ConsentResult:
    def called(event: Mapping[str, Any]) -> None:
        if event["name"] == BINDING:
            dialog.messages.put_nowait(json.loads(event["payload"]))

    dialog.session.on("Runtime.bindingCalled", called)
    await dialog.session.send("Runtime.enable")
    await dialog.session.send("Runtime.addBinding", {"name": BINDING, "executionContextName": WORLD})
    frame = (await dialog.session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    made = await dialog.session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": WORLD})
    dialog.world = made["executionContextId"]
    await dialog.run(GUARD.read_text("utf-8") + consent_rules().script)
    clock = asyncio.get_running_loop()
    dialog.started = True
    limit.reschedule(clock.time() + LOOK_S)
    while True:
        message = await dialog.messages.get()
        kind = message.get("type")
        rejecting = dialog.platform is not None
        if kind == "popupFound" and not rejecting:
            dialog.platform = str(message.get("cmp"))[:100]
            limit.reschedule(clock.time() + REJECT_S)
            await dialog.picture(RenderingKind.VIEW_BEFORE_CONSENT)
            await dialog.run('letapisReject(); autoconsentReceiveMessage({type: "optOut"}); 0')
        elif kind == "optOutResult":
            await asyncio.sleep(SETTLE_S)
            await dialog.picture(RenderingKind.VIEW_AFTER_CONSENT)
            if message.get("result"):
                return dialog.result(ConsentOutcome.REJECTED)
            return dialog.result(ConsentOutcome.FAILED, "the rules of the platform did not come to their end")
        elif kind == "report" and not rejecting and message["state"]["lifecycle"] == "nothingDetected":
            return dialog.result(ConsentOutcome.NO_DIALOG)
        elif kind == "report" and not rejecting and not dialog.looked and _has_looked(message["state"]):
            dialog.looked = True
            limit.reschedule(clock.time() + DETECT_S)
        else:
            await _answer(dialog, message)


def _has_looked(state: Mapping[str, Any]) -> bool:
    """Whether the script has tried every rule once: it begins a second round, or waits for a platform's dialog."""
    return state["lifecycle"] == "cmpDetected" or int(state["findCmpAttempts"]) > 1


async def _answer(dialog: _Dialog, message: Mapping[str, Any]) -> None:
    """Give the script what it asks for."""
    if message.get("type") == "init":
        await dialog.run(f"autoconsentReceiveMessage({consent_rules().answer}); 0")
    elif message.get("type") == "eval":
        value = json.dumps(bool(await dialog.run(str(message["code"]), in_page=True)))
        identity = json.dumps(message["id"])
        await dialog.run(f'autoconsentReceiveMessage({{type: "evalResp", id: {identity}, result: {value}}}); 0')
    else:
        dialog.note_click(message)
