"""CPU of writing WARC response records: ours beside warcio's WARCWriter as it comes.

Run: ``python -m benchmarks.warc_writing [--json] [--rounds N] [--pages FOLDER ...]``. Each way gets bodies in
memory, computes block and payload digests and writes one gzip member per record to a file: warcio with zlib level
9 and sha1, ours with isal level 2, sha256, and the file's own sha256 besides. Our size stands beside that of the
very same records under zlib level 6. With ``--pages`` every .html and .html.gz file below each FOLDER is written,
too. Made pages have lengths as pages have them (log-normal about 60 KB). Pictures are random bytes behind a JPEG's
first ones: nothing to deflate. What a whole exchange costs is the matter of ``benchmarks.exchange_writing``.
"""

import gzip
import io
import math
import random
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from benchmarks.material import HTTP_FIELDS, exchange_of, page
from benchmarks.timing import Cost, Ratio, Way, arguments, here, report, rounds_of
from storage.spool.spool import RecordIds
from storage.warc.gzip_members import is_compressed
from storage.warc.records import WarcRecord, response_record
from storage.warc.writer import RECORD_END, OpenWarc

Fields = tuple[tuple[str, str], ...]
Set = tuple[str, Sequence[bytes], Fields, float | None]
JPEG_FIELDS = tuple((name, "image/jpeg" if name == "Content-Type" else value) for name, value in HTTP_FIELDS)


def records(bodies: Sequence[bytes], fields: Fields) -> Iterator[WarcRecord]:
    new_id = RecordIds()
    for number, body in enumerate(bodies):
        exchange = exchange_of(f"https://a.example/news/{number}.html", body, fields)
        yield response_record(exchange, new_id(), "<urn:uuid:0>", compressible=not is_compressed(exchange))


def ours(bodies: Sequence[bytes], fields: Fields, path: Path) -> Callable[[], float]:
    def write() -> float:
        path.unlink(missing_ok=True)
        file = OpenWarc(path)
        for record in records(bodies, fields):
            file.append([record])
        file.close()
        return sum(map(len, bodies)) / 1e9

    return write


def by_warcio(bodies: Sequence[bytes], fields: Fields, path: Path) -> Callable[[], float]:
    def write() -> float:
        with path.open("wb") as file:
            writer = WARCWriter(file, gzip=True, warc_version="1.1")
            for number, body in enumerate(bodies):
                length = ("Content-Length", str(len(body)))
                head = StatusAndHeaders("200 OK", [*fields, length], protocol="HTTP/1.1")
                record = writer.create_warc_record(
                    f"https://a.example/news/{number}.html",
                    "response",
                    payload=io.BytesIO(body),
                    length=len(body),
                    http_headers=head,
                )
                writer.write_record(record)
        return sum(map(len, bodies)) / 1e9

    return write


def sized(work: Callable[[], float], path: Path, plain: int) -> Way:
    """The same way, with the size of its file beside its bodies'."""

    def run() -> Cost:
        cost = here(work)()
        return replace(cost, facts={"size": path.stat().st_size / plain})

    return run


def level_6(bodies: Sequence[bytes], fields: Fields) -> int:
    """Size of the same records, heads and all, each deflated at gzip level 6."""
    total = 0
    for record in records(bodies, fields):
        assert isinstance(record.block, bytes)
        total += len(zlib.compress(record.head() + record.block + RECORD_END, 6, wbits=31))
    return total


def pages_in(folder: Path) -> list[bytes]:
    plain = [path.read_bytes() for path in sorted(folder.rglob("*.html"))]
    return plain + [gzip.decompress(path.read_bytes()) for path in sorted(folder.rglob("*.html.gz"))]


def main() -> None:
    parser, parse = arguments(__doc__, rounds=5)
    parser.add_argument("--pages", type=Path, action="append", default=[])
    options = parse()
    draw = random.Random(3)
    lengths = [min(600_000, max(3_000, int(draw.lognormvariate(math.log(60_000), 0.6)))) for _ in range(120)]
    made = [page(seed, length) for seed, length in enumerate(lengths)]
    sets: list[Set] = [("HTML", made, HTTP_FIELDS, 15.0)]
    sets += [(f"HTML in {folder.name}", pages_in(folder), HTTP_FIELDS, 15.0) for folder in options.pages]
    small = [page(seed, 5_000) for seed in range(1200)]
    sets.append(("small HTML", small, HTTP_FIELDS, None))
    pictures = [b"\xff\xd8\xff\xe0" + draw.randbytes(143_000) for _ in range(60)]
    sets.append(("JPEG", pictures, JPEG_FIELDS, None))
    with tempfile.TemporaryDirectory() as folder:
        for what, bodies, fields, target in sets:
            plain = sum(map(len, bodies))
            path, other = Path(folder) / "ours.warc.gz", Path(folder) / "other.warc.gz"
            ways = {
                "ours": sized(ours(bodies, fields, path), path, plain),
                "warcio": sized(by_warcio(bodies, fields, other), other, plain),
            }
            taken = rounds_of(ways, options.rounds)
            against = path.stat().st_size / level_6(bodies, fields)
            title = (
                f"WARC writing, {what}, {len(bodies)} records of {plain // len(bodies)} bytes; "
                f"size {against:.3f} of gzip level 6"
            )
            report(title, "GB", taken, [Ratio("ours", "warcio", "cpu", target)], as_json=options.json, scale="s")


if __name__ == "__main__":
    main()
