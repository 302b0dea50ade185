"""What a dead crawl left in the spool is made whole, and nothing that was kept is lost."""

import hashlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawlers.model.capture import Note, NoteKind
from processors.digest import sha256
from storage.spool.spool import Spool, recover
from tests.storage.sample_exchanges import AT, CRAWL, FACTS, exchange, records_in
from tests.storage.spool.receipts import observed_receipts

pytestmark = pytest.mark.slow

WRITER = """
import hashlib, sys
from pathlib import Path
from tests.storage.sample_exchanges import CRAWL, FACTS, exchange
from storage.spool.spool import Spool
spool = Spool(Path(sys.argv[1]), CRAWL, FACTS, roll_bytes=300_000)
number = 0
while True:
    spool.keep(exchange(hashlib.shake_256(b"%d" % number).digest(20_000), media_type="image/jpeg"))
    number += 1
    print(number, flush=True)
"""


@pytest.mark.parametrize("seed", range(8))
def test_a_writer_killed_at_any_moment_loses_nothing_that_was_kept(seed: int, tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "1\n"
    assert recover(tmp_path).alive == (tmp_path / CRAWL,)
    time.sleep(random.Random(seed).uniform(0, 0.4))
    writer.send_signal(signal.SIGKILL)
    kept = 1 + len(writer.stdout.read().splitlines())
    writer.wait()

    recovered = recover(tmp_path)

    assert recovered.alive == ()
    assert recovered.damaged == ()
    assert len(recovered.torn) <= 1
    blocks = [record for file in recovered.files for record in records_in(file.path)]
    responses = [block for kind, block in blocks if kind == "response"]
    expected = [hashlib.shake_256(b"%d" % number).digest(20_000) for number in range(len(responses))]
    assert [block[-20_000:] for block in responses] == expected
    assert len(responses) >= kept
    assert list(tmp_path.rglob("*.open")) == []
    for file in recovered.files:
        assert file.sha256 == sha256(file.path.read_bytes())
    assert recover(tmp_path).files == recovered.files


def test_a_torn_last_record_is_cut_off_at_every_byte_it_may_end_at(tmp_path: Path) -> None:
    with observed_receipts() as receipts:
        spool = Spool(tmp_path, CRAWL, FACTS)
        spool.keep(exchange(b"first"))
        spool.keep(Note(NoteKind.ROBOTS, "p", "https://a.example/x", AT, "no"))
        [file] = spool.close()
    content = file.path.read_bytes()
    last = receipts[-1]
    for end in range(last.offset + 1, len(content)):
        file.path.unlink()
        torn = file.path.with_name(file.path.name + ".open")
        torn.write_bytes(content[:end])
        recovered = recover(tmp_path)
        [cut] = recovered.torn
        assert (cut.path, cut.offset, cut.cut_bytes) == (torn, last.offset, end - last.offset)
        assert file.path.read_bytes() == content[: last.offset]
        assert [each.records for each in recovered.files] == [file.records - 1]


def test_a_file_without_one_whole_record_goes_and_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / CRAWL
    folder.mkdir()
    (folder / "lock").touch()
    torn = folder / f"{CRAWL}-00000.warc.gz.open"
    torn.write_bytes(b"\x1f\x8b\x08")
    recovered = recover(tmp_path)
    assert (recovered.files, [cut.cut_bytes for cut in recovered.torn]) == ((), [3])
    assert not torn.exists()


def test_a_closed_file_that_is_not_whole_is_named_and_left_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(exchange(b"x"))
    [file] = spool.close()
    content = bytearray(file.path.read_bytes())
    content[len(content) // 2] ^= 1
    file.path.write_bytes(content)
    recovered = recover(tmp_path)
    assert recovered.files == ()
    [damage] = recovered.damaged
    assert file.path.name in str(damage)
    assert file.path.read_bytes() == content
