"""Quality scores of browser captures: each is replayed, compared with what was seen, and its score is stored.

In: settings, the opened archive, records of pages. Out: `QualityScore`s, each stored before the next page is
replayed, so that an interrupted run loses one. What a page or its replay fails at is a score of 0, or none with
the reason. Raises `QualityUnavailableError` where there is no Chromium or no pywb, or where the replay ended, and
errors of store and database. A record that cannot be read from the store costs its own page alone: the others are
measured, and its error is raised at the end.
"""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Error as PlaywrightError

from crawlers.browser.page_loader import TabFailed
from pipeline.chromium import HOW as HOW_CHROMIUM
from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings
from pipeline.replay.environment import HOW as HOW_PYWB
from pipeline.replay.environment import LOCK, wayback_program
from pipeline.replay.own_replay import OwnReplay, own_replay
from pipeline.replay_quality.replaying import ReplayedPage, replay_page
from pipeline.replay_quality.seen import SeenPage, seen_page
from pipeline.replay_quality.steps_again import DONE_AGAIN, NOT_ALL_DONE_AGAIN
from pipeline.supervise.processes import ServiceError
from processors.quality.score import METHOD, Quality, Replayed, missing_page, quality_of
from processors.surt import surt_key
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.deposit.record_reader import RecordDiffersError
from storage.errors import StorageError
from storage.objects.errors import BytesLostError, ObjectMissingError
from storage.private_folder import closed_folder
from storage.quality.scores import QualityScore, keep_score
from storage.warc.reader import WarcDamageError

NOT_HERE: Final = "the exchange that holds the page is not in the archive"
NOT_REPLAYED: Final = "the replay did not get the page"

OnProgress = Callable[[str], None]


class QualityUnavailableError(Exception):
    """Nothing can be replayed on this machine; the operator reads what is missing. Evidence is not concerned."""


@dataclass(slots=True)
class _Given:
    """Which records the replay was given for the page in hand; filled by the replay's thread."""

    ids: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)

    def note(self, capture: Capture) -> None:
        self.ids.add(capture.id)
        self.keys.add(surt_key(capture.url))

    def begin(self) -> None:
        self.ids.clear()
        self.keys.clear()


def measure(
    settings: Settings, archive: Archive, records: Sequence[Capture], *, on_progress: OnProgress = lambda _: None
) -> Iterator[QualityScore]:
    """The scores of these pages, in order."""
    if not records:
        return
    wayback, chromium = wayback_program(), find_chromium(settings.chromium)
    if wayback is None:
        raise QualityUnavailableError(f"pywb's environment is missing, so no page can be replayed. {HOW_PYWB}")
    if chromium is None:
        raise QualityUnavailableError(f"No page can be replayed. {HOW_CHROMIUM}")
    given = _Given()
    unread: list[StorageError] = []
    with tempfile.TemporaryDirectory(dir=closed_folder(settings.data / "replay"), prefix="own-") as folder:
        try:
            with own_replay(archive, wayback, Path(folder), home=settings.data, given=given.note) as replay:
                for number, record in enumerate(records, start=1):
                    try:
                        score = _measured(archive, chromium.program, replay, record, given)
                    except (RecordDiffersError, WarcDamageError, ObjectMissingError, BytesLostError) as problem:
                        unread.append(problem)
                        continue
                    with archive.writer.begin() as connection:
                        keep_score(connection, score)
                    on_progress(f"{number} of {len(records)} replayed: {score.capture_id}")
                    yield score
        except ServiceError as problem:
            raise QualityUnavailableError(str(problem)) from problem
    if unread:
        raise unread[0]


def score_line(row: Mapping[str, Any]) -> str:
    """One score, as JSON has it, as a line for people."""
    parts = ", ".join(
        f"{part['name']} {'not compared' if part['value'] is None else format(part['value'], '.2f')}"
        for part in row["parts"]
    )
    value = "no score" if row["score"] is None else f"{row['score']:.2f}"
    why = f" ({row['reason']})" if row["reason"] else ""
    leaks = f"; wanted to reach {', '.join(row['leaks'])}" if row["leaks"] else ""
    return f"{row['capture_id']}: {value}{why}" + (f"; {parts}" if parts else "") + leaks


def _measured(archive: Archive, program: Path, replay: OwnReplay, record: Capture, given: _Given) -> QualityScore:
    seen = seen_page(archive, record)
    if seen.page is None:
        return _score(seen, missing_page(NOT_HERE), None)
    given.begin()
    try:
        replayed = replay_page(program, replay, seen, seen.page)
    except (TabFailed, PlaywrightError, TimeoutError) as problem:
        _require_alive(replay)
        # without the address that Playwright names: it lets in, and a log may show what it may not
        words = (str(problem).splitlines() or ["it took too long"])[0].partition(" at http")[0]
        return _score(seen, Quality(None, (), f"the replay could not be shown: {words}"), None)
    if seen.page.id not in given.ids:
        _require_alive(replay)
        archive.objects.require_fit()  # a store that is away says nothing about the capture
        return _score(seen, missing_page(NOT_REPLAYED), replayed)
    return _score(seen, quality_of(seen.seen, Replayed(replayed.text, replayed.screenshot, given.keys)), replayed)


def _require_alive(replay: OwnReplay) -> None:
    """A replay that has ended shows nothing, whatever was captured: that is no score."""
    if not replay.alive():
        raise ServiceError("The replay ended while a page was shown. No score was stored of this page; try again.")


def _score(seen: SeenPage, quality: Quality, replayed: ReplayedPage | None) -> QualityScore:
    tools = {"method": METHOD, "letapis": version("letapis"), "pywb": _pywb_version()}
    if replayed is not None:
        tools["chromium"] = replayed.browser_version
    return QualityScore(
        capture_id=seen.subject_id,
        score=quality.score,
        reason=quality.reason or (None if replayed is None else _of_steps(seen, replayed)),
        parts=tuple(asdict(part) for part in quality.parts),
        scripts="ran" if replayed is not None and replayed.scripts_ran else "off",
        leaks=() if replayed is None else replayed.leaks,
        tools=tools,
        measured_at=datetime.now(UTC),
    )


def _of_steps(seen: SeenPage, replayed: ReplayedPage) -> str | None:
    """What a reader has to know of the steps; None where the capture has none."""
    if not seen.again.steps and not seen.again.some_left_out:
        return None
    return NOT_ALL_DONE_AGAIN if seen.again.some_left_out or not replayed.steps_done else DONE_AGAIN


@cache
def _pywb_version() -> str:
    found = re.search(r"^pywb==(\S+)", LOCK.read_text("utf-8"), re.MULTILINE)
    assert found is not None  # the lock is ours
    return found[1]
