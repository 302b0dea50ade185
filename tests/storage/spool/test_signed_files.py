"""A crawl signs its files while it writes them: what it left when it was killed is its own up to a signature."""

import hashlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from processors.digest import Digest
from storage.signing import CrawlKey, FileState, Signature
from storage.spool.signature_journal import path_of_signatures, signatures_beside
from storage.spool.spool import Spool, recover
from tests.storage.sample_exchanges import CRAWL, FACTS, exchange, records_in, types_in
from tests.storage.spool.receipts import observed_receipts

pytestmark = pytest.mark.slow

SECRET = bytes(range(32))
KEY = CrawlKey(SECRET)

WRITER = """
import hashlib, sys
from pathlib import Path
from tests.storage.sample_exchanges import CRAWL, FACTS, exchange
from storage.signing import CrawlKey
from storage.spool.spool import Spool
spool = Spool(Path(sys.argv[1]), CRAWL, FACTS, roll_bytes=300_000, key=CrawlKey(bytes(range(32))))
number = 0
while True:
    spool.keep(exchange(hashlib.shake_256(b"%d" % number).digest(20_000), media_type="image/jpeg"))
    number += 1
    print(number, flush=True)
"""


def covering(path: Path) -> Signature | None:
    """The signature over all of a file's bytes, checked by what stands in the file."""
    content = path.read_bytes()
    digest = Digest("sha256", hashlib.sha256(content).digest())
    found = [
        each
        for each in signatures_beside(path, path.parent.name)
        if (each.state.length_bytes, each.state.sha256) == (len(content), digest) and each.is_by(KEY.public)
    ]
    return found[-1] if found else None


def test_a_closed_file_is_signed_whole(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS, key=KEY)
    spool.keep(exchange(b"first"))
    [file] = spool.close()

    signature = covering(file.path)

    assert signature is not None and signature.state.closed
    assert signature.state.file_name == file.path.name
    assert SECRET not in path_of_signatures(file.path).read_bytes()


def test_a_crawl_without_a_key_leaves_no_signatures(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(exchange(b"first"))
    [file] = spool.close()
    assert signatures_beside(file.path, CRAWL) == ()


@pytest.mark.parametrize("change", ["crawl_id", "file_name", "length_bytes", "sha256", "closed"])
def test_a_signature_speaks_for_nothing_but_what_was_signed(change: str) -> None:
    said = {
        "crawl_id": CRAWL,
        "file_name": f"{CRAWL}-00000.warc.gz",
        "length_bytes": 5,
        "sha256": Digest("sha256", hashlib.sha256(b"first").digest()),
        "closed": False,
    }
    other = {
        "crawl_id": CRAWL[::-1],
        "file_name": f"{CRAWL}-00001.warc.gz",
        "length_bytes": 6,
        "sha256": Digest("sha256", hashlib.sha256(b"other").digest()),
        "closed": True,
    }
    signature = KEY.sign(FileState(**said))  # type: ignore[arg-type] # values of the fields' own types
    changed = FileState(**{**said, change: other[change]})  # type: ignore[arg-type] # as above

    assert signature.is_by(KEY.public)
    assert not Signature(changed, signature.value).is_by(KEY.public)
    assert not signature.is_by(CrawlKey(CrawlKey.new_secret()).public)


@pytest.mark.parametrize("seed", range(6))
def test_of_a_killed_crawl_every_record_is_kept_and_all_but_the_last_are_signed(seed: int, tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "1\n"
    time.sleep(random.Random(seed).uniform(0, 0.4))
    writer.send_signal(signal.SIGKILL)
    kept = 1 + len(writer.stdout.read().splitlines())
    writer.wait()

    recovered = recover(tmp_path)

    tails = {tail.tail for tail in recovered.unsigned}
    signed = [file.path for file in recovered.files if file.path not in tails]
    responses = [
        record for path in [*signed, *sorted(tails)] for kind, record in records_in(path) if kind == "response"
    ]
    expected = [hashlib.shake_256(b"%d" % number).digest(20_000) for number in range(len(responses))]
    assert [block[-20_000:] for block in responses] == expected
    assert len(responses) >= kept
    unsigned = [path for path in signed if covering(path) is None]
    assert [types_in(path) for path in unsigned] in ([], [["warcinfo"]])  # killed before the first signature
    assert len(tails) <= 1
    assert recover(tmp_path).files == recovered.files


def left_open(tmp_path: Path, bodies: list[bytes], signed: int) -> tuple[Path, bytes, bytes]:
    """A file as a killed crawl leaves it with its first ``signed`` exchanges signed; its two parts."""
    ends = []
    with observed_receipts() as receipts:
        spool = Spool(tmp_path, CRAWL, FACTS)
        for body in bodies:
            spool.keep(exchange(body))
            ends.append(receipts[-1].offset + receipts[-1].length)
        [file] = spool.close()
    content = file.path.read_bytes()
    head, tail = content[: ends[signed - 1]], content[ends[signed - 1] :]
    digest = Digest("sha256", hashlib.sha256(head).digest())
    value = KEY.sign(FileState(CRAWL, file.path.name, len(head), digest, closed=False)).value.hex()
    path_of_signatures(file.path).write_text(f"{len(head)} {digest.hex} open {value}\n")
    file.path.rename(file.path.with_name(f"{file.path.name}.open"))
    return file.path, head, tail


def test_what_a_killed_crawl_had_not_signed_stands_in_a_file_of_its_own_to_the_byte(tmp_path: Path) -> None:
    path, head, tail = left_open(tmp_path, [b"one", b"two", b"three"], signed=2)

    recovered = recover(tmp_path)

    (unsigned,) = recovered.unsigned
    assert path.read_bytes() == head
    assert unsigned.tail.name == f"{CRAWL}-50000.warc.gz"
    assert unsigned.tail.read_bytes().endswith(tail)
    assert (unsigned.offset, unsigned.length_bytes) == (len(head), len(tail))
    (info, said), *rest = records_in(unsigned.tail)
    assert info == "warcinfo"
    assert f"description: records that stood behind the last signature of {path.name}".encode() in said
    assert [kind for kind, _ in rest] == ["response", "request", "metadata"]
    assert covering(path) is not None and covering(unsigned.tail) is None
    assert {file.path for file in recovered.files} == {path, unsigned.tail}


def test_recovery_that_was_interrupted_before_it_cut_the_file_is_made_good(tmp_path: Path) -> None:
    path, head, tail = left_open(tmp_path, [b"one", b"two"], signed=1)
    opened = path.with_name(f"{path.name}.open")
    whole = opened.read_bytes()
    recover(tmp_path)
    path.unlink()
    opened.write_bytes(whole)

    (unsigned,) = recover(tmp_path).unsigned

    assert path.read_bytes() == head
    assert unsigned.tail.read_bytes().endswith(tail)


def test_a_signature_that_fits_no_bytes_cuts_nothing(tmp_path: Path) -> None:
    path, head, tail = left_open(tmp_path, [b"one", b"two"], signed=1)
    journal = path_of_signatures(path)
    journal.write_text(journal.read_text().replace(hashlib.sha256(head).hexdigest(), "00" * 32))

    recovered = recover(tmp_path)

    assert recovered.unsigned == ()
    assert path.read_bytes() == head + tail
