"""What a crawl with a login has kept apart is listed without its content, and opened whole by the command."""

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.crawl import crawl_id_of_now
from pipeline.login.kept_apart import FOLDER, PART_BYTES, KeptApart, new_crawl_key
from pipeline.login.profiles import ProfileStore
from pipeline.output import Exit

REQUEST = b"GET /leak HTTP/1.1\r\nCookie: session=s3cret-value-0815\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\n\r\n" + b"You are s3cret-value-0815. " * (PART_BYTES // 20)
FILE = b"\x1f\x8b late"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Kept:
    """A data folder in which one crawl has kept something apart; `letapis kept-apart` in processes of its own."""

    def __init__(self, folder: Path) -> None:
        self.data, self.crawl_id = folder / "data", crawl_id_of_now()
        store = ProfileStore(self.data / "login", self.data / "keys" / "login.keys")
        store.keys(make=True)
        key, path = new_crawl_key(store, self.crawl_id)
        kept = KeptApart(path, key, self.crawl_id)
        span = {"message": "request", "what": "cookie", "offset": 28, "salt": "00", "value": "s3cret-value-0815"}
        kept.add({"what": "redacted", "url": "https://board.test/", "at": "2026-12-01T00:00:00Z", "spans": [span]})
        exchange = {
            "what": "exchange",
            "url": "https://board.test/leak",
            "at": "2026-12-01T00:00:01Z",
            "reason": "a value of the login profile stands in it",
            "request_sha256": digest(REQUEST),
            "response_sha256": digest(ANSWER),
            "request_length": len(REQUEST),
        }
        self.exchange = kept.add_bytes(exchange, iter((REQUEST, ANSWER)))
        row = {"what": "rendering", "kind_of": "dom", "url": "https://board.test/leak", "reason": "it shows one"}
        kept.add_bytes(row, iter((b"<p>s3cret-value-0815",)))
        file = {"what": "file", "name": "../x.warc.gz", "sha256": digest(FILE), "records": 3}
        kept.add_bytes(file, iter((FILE,)))
        kept.close()
        self.path = path

    def run(self, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("LETAPIS_")}
        ran = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "kept-apart", *arguments, "--json"],
            env={**others, "LETAPIS_DATA": str(self.data)},
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()], ran.stderr


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_what_is_kept_is_listed_without_a_value_or_a_body(kept: Kept) -> None:
    code, crawls, _ = kept.run()
    assert (code, [each["crawl_id"] for each in crawls]) == (Exit.DONE, [kept.crawl_id])

    code, things, err = kept.run(kept.crawl_id)

    assert code == Exit.DONE, err
    assert [(each["what"], each["name"], each["values"], each["length_bytes"]) for each in things] == [
        ("redacted", None, 1, 0),
        ("exchange", None, 0, len(REQUEST + ANSWER)),
        ("rendering", "dom", 0, 20),
        ("file", "../x.warc.gz", 0, len(FILE)),
    ]
    assert "s3cret" not in json.dumps(things) + err


def test_all_of_it_is_opened_in_a_new_folder_of_its_owner_alone(kept: Kept, tmp_path: Path) -> None:
    folder = tmp_path / "opened"
    sealed = kept.path.read_bytes()

    code, things, err = kept.run(kept.crawl_id, "--to", str(folder))

    assert code == Exit.DONE, err
    assert "remove the folder" in err
    redacted, exchange, rendering, file = things
    assert [each["whole"] for each in things] == [None, True, None, True]
    assert json.loads((folder / redacted["files"][0]).read_text())["spans"][0]["value"] == "s3cret-value-0815"
    assert [(folder / name).read_bytes() for name in exchange["files"]] == [REQUEST, ANSWER]
    assert (folder / rendering["files"][0]).read_bytes() == b"<p>s3cret-value-0815"
    assert file["files"] == [f"{file['number']:06d}-x.warc.gz"]
    modes = {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}
    assert (stat.S_IMODE(folder.stat().st_mode), modes) == (0o700, {0o600})
    assert kept.path.read_bytes() == sealed
    again = kept.run(kept.crawl_id, "--to", str(folder))
    assert again[0] == Exit.WRONG_USE
    assert "not there yet" in again[2]


def test_what_a_crash_has_torn_is_named_and_the_rest_is_opened(kept: Kept, tmp_path: Path) -> None:
    lines = kept.path.read_bytes().splitlines(keepends=True)
    kept.path.write_bytes(b"".join(lines[: kept.exchange + 1]) + lines[kept.exchange + 1][:99])

    code, things, err = kept.run(kept.crawl_id, "--to", str(tmp_path / "opened"))

    assert code == Exit.SOURCES_FAILED
    assert [each["what"] for each in things] == ["redacted", "exchange"]
    assert things[1]["whole"] is False
    assert things[1]["files"][0] in err


@pytest.mark.parametrize("name", ["01M8M8D8BMRCE8V734AMJ3K1FN", "../keys/login", ""])
def test_a_crawl_that_has_kept_nothing_is_named(kept: Kept, tmp_path: Path, name: str) -> None:
    code, things, err = kept.run(name, "--to", str(tmp_path / "opened"))

    assert (code, things) == (Exit.WRONG_USE, [])
    assert "letapis kept-apart" in err
    assert not (tmp_path / "opened").exists()


def test_without_the_keys_nothing_opens(kept: Kept, tmp_path: Path) -> None:
    (kept.data / "keys" / "login.keys").unlink()

    code, things, err = kept.run(kept.crawl_id, "--to", str(tmp_path / "opened"))

    assert (code, things) == (Exit.WRONG_USE, [])
    assert kept.crawl_id in err or "login.keys" in err
    assert not (tmp_path / "opened").exists()
    assert (kept.data / "login" / FOLDER).exists()
