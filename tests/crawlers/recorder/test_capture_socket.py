"""Renderings and notes come out of the hand-over as they went in, and are kept when it returns."""

import asyncio
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlers.model.capture import Note, NoteKind, Rendering, RenderingKind
from crawlers.recorder.capture_socket import (
    SOCKET_NAME,
    CaptureClient,
    CaptureItem,
    CaptureNotStored,
    CaptureServer,
)
from processors.pages.outcome import Outcome

AT = datetime(2026, 3, 5, 1, 2, 3, 4, tzinfo=UTC)
RENDERING = Rendering(
    "page-1", "https://example.org/", RenderingKind.FULL_PAGE, "image/png", b"\x00" * 300_000, AT, "Chromium"
)
NOTE = Note(
    kind=NoteKind.ROBOTS,
    page_id=None,
    url="https://example.org/х",
    at=AT,
    reason="забаронена robots.txt",
    outcome=Outcome.REFUSED_BY_POLICY,
    details={"line": 3},
    content=b"",
    content_type="text/plain",
    request=b"GET / \xff",
)


def send(folder: Path, items: list[CaptureItem], *, fail: Exception | None = None) -> list[CaptureItem]:
    kept: list[CaptureItem] = []

    async def keep(item: CaptureItem) -> None:
        if fail is not None:
            raise fail
        kept.append(item)

    async def run() -> None:
        server = CaptureServer(folder, keep)
        await server.start()
        assert stat.S_IMODE((folder / SOCKET_NAME).stat().st_mode) == 0o600
        engine = CaptureClient(folder)
        try:
            for item in items:
                await asyncio.to_thread(engine.send, item)
        finally:
            engine.close()
            await server.close()

    asyncio.run(run())
    return kept


def test_items_arrive_as_they_were_handed_over(tmp_path: Path) -> None:
    assert send(tmp_path, [RENDERING, NOTE, RENDERING]) == [RENDERING, NOTE, RENDERING]


def test_a_folder_whose_path_is_longer_than_socket_addresses_will_do(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 120) / ("e" * 120)
    folder.mkdir(parents=True)
    assert send(folder, [NOTE]) == [NOTE]


def test_an_engine_learns_that_its_item_was_not_kept(tmp_path: Path) -> None:
    with pytest.raises(CaptureNotStored, match="No space left"):
        send(tmp_path, [NOTE], fail=OSError(28, "No space left on device"))
