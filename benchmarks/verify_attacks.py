"""Alters a hand-over package in many random places, and counts how often its verifier names what was altered.

    python -m benchmarks.verify_attacks FOLDER [--places 1000] [--seed 1]

FOLDER is a package that holds. Each attack works on a copy: one bit flipped, a file cut, lengthened, removed,
added, renamed, exchanged for another. It counts as named where a finding that something is wrong names each file
that was touched; of a bit in the records of a web archive also whether a finding names that very record. The ZIP
of the package is attacked as well, there without the list of its parts, which would tell of every bit.
"""

import argparse
import json
import random
import re
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from pipeline.handover.verifier import verify

NOBODY = verify.Outside([], [], [])


@dataclass(frozen=True)
class Attack:
    """What was done: its kind, the files that were touched, where the record begins that was hit."""

    kind: str
    files: tuple[str, ...]
    record_at: int | None = None


@contextmanager
def without_openssl() -> Iterator[None]:
    """Only what Python does: a process for every token of every attack would take longer than all else."""
    with patch("shutil.which", lambda program: None):
        yield


def check(folder: Path) -> verify.Report:
    """The findings about a package."""
    report = verify.Report()
    verify.verify(verify.find_package(str(folder), report), report, NOBODY)
    return report


def files_of(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())


def flip_bit(folder: Path, chance: random.Random) -> Attack:
    """Half of the places are spread over the bytes, half over the files, so that small ones come to their turn."""
    files = [each for each in files_of(folder) if each.stat().st_size]
    sizes = [each.stat().st_size for each in files]
    path = chance.choices(files, sizes if chance.random() < 0.5 else None)[0]
    content = bytearray(path.read_bytes())
    at = chance.randrange(len(content))
    record_at = _record_at(path, at)
    content[at] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return Attack("bit", (_name(folder, path),), record_at)


def _record_at(path: Path, at: int) -> int | None:
    """Where the record begins whose bytes lie there; None of the head of a gzip member, which has no check."""
    if path.suffix != ".wacz":
        return None
    stated = json.loads((path.parent.parent / "records" / f"{path.stem}.json").read_bytes())
    with zipfile.ZipFile(path) as opened:
        data = opened.getinfo("archive/data.warc.gz")
    with path.open("rb") as file:
        file.seek(data.header_offset + 26)
        lengths = file.read(4)
    start = data.header_offset + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    for each in stated["places"]:
        first = start + each["wacz_offset"]
        if first + 10 <= at < first + each["wacz_length_bytes"]:
            return int(each["wacz_offset"])
    return None


def cut(folder: Path, chance: random.Random) -> Attack:
    path = chance.choice([each for each in files_of(folder) if each.stat().st_size])
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])
    return Attack("cut", (_name(folder, path),))


def lengthen(folder: Path, chance: random.Random) -> Attack:
    path = chance.choice(files_of(folder))
    path.write_bytes(path.read_bytes() + chance.randbytes(chance.randrange(1, 50)))
    return Attack("lengthened", (_name(folder, path),))


def remove(folder: Path, chance: random.Random) -> Attack:
    path = chance.choice(files_of(folder))
    path.unlink()
    return Attack("removed", (_name(folder, path),))


def add(folder: Path, chance: random.Random) -> Attack:
    beside = chance.choice(files_of(folder))
    path = beside.with_name(f"added-{chance.randrange(10**6)}{beside.suffix}")
    path.write_bytes(beside.read_bytes())
    return Attack("added", (_name(folder, path),))


def rename(folder: Path, chance: random.Random) -> Attack:
    path = chance.choice(files_of(folder))
    to = path.with_name(f"renamed-{path.name}")
    path.rename(to)
    return Attack("renamed", (_name(folder, path), _name(folder, to)))


def exchange(folder: Path, chance: random.Random) -> Attack:
    one, other = chance.sample(files_of(folder), 2)
    first, second = one.read_bytes(), other.read_bytes()
    if first == second:
        return remove(folder, chance)
    one.write_bytes(second)
    other.write_bytes(first)
    return Attack("exchanged", (_name(folder, one), _name(folder, other)))


ATTACKS: tuple[Callable[[Path, random.Random], Attack], ...] = (cut, lengthen, remove, add, rename, exchange)


def attack_once(whole: Path, copy: Path, seed: int) -> tuple[Attack, verify.Report]:
    """Two of three attacks flip a bit; the copy is made anew."""
    chance = random.Random(seed)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(whole, copy)
    done = flip_bit(copy, chance) if chance.random() < 0.66 else chance.choice(ATTACKS)(copy, chance)
    return done, check(copy)


def is_named(done: Attack, report: verify.Report) -> bool:
    """Whether every file that was touched stands in what is said to be wrong."""
    said = [f"{each.subject} {each.words}" for each in report.of(verify.WRONG)]
    return all(any(name in words for words in said) for name in done.files)


def names_record(done: Attack, report: verify.Report) -> bool:
    """Whether what is said to be wrong names the place of that record."""
    said = [each.words for each in report.of(verify.WRONG) if each.area == "evidence"]
    return any(f"at byte {done.record_at}" in words.replace(",", "").replace(":", "") for words in said)


def zipped(folder: Path, path: Path) -> None:
    """The package as one ZIP file whose entries are stored."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
        for file in files_of(folder):
            info = zipfile.ZipInfo(f"package/{_name(folder, file)}", (2026, 11, 29, 21, 0, 0))
            out.writestr(info, file.read_bytes())


def flip_bit_of_zip(whole: bytes, path: Path, seed: int) -> bool:
    """Flip one bit, every other time in the frame of the ZIP file; whether anything is said to be wrong."""
    chance = random.Random(seed)
    if chance.random() < 0.5:
        at = chance.randrange(len(whole))
    else:
        heads = [each.start() for each in re.finditer(rb"PK(\x03\x04|\x01\x02|\x05\x06)", whole)]
        at = min(chance.choice(heads) + chance.randrange(46), len(whole) - 1)
    content = bytearray(whole)
    content[at] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    report = verify.Report()
    try:
        verify.verify(verify.find_package(str(path), report), report, NOBODY)
    except verify.NoPackageError:
        return True
    return bool(report.of(verify.WRONG))


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--places", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if check(given.folder).of(verify.WRONG):
        print("This package does not hold by itself; name another.", file=sys.stderr)
        return 2
    began = time.monotonic()
    tried: Counter[str] = Counter()
    named: Counter[str] = Counter()
    in_records = records_named = 0
    with tempfile.TemporaryDirectory() as folder, without_openssl():
        for number in range(given.places):
            done, report = attack_once(given.folder, Path(folder) / "copy", given.seed * 1_000_000 + number)
            tried[done.kind] += 1
            named[done.kind] += is_named(done, report)
            if not is_named(done, report):
                print(f"NOT NAMED: attack {number}, {done}", file=sys.stderr)
            if done.record_at is not None:
                in_records += 1
                records_named += names_record(done, report)
        path = Path(folder) / "package.zip"
        zipped(given.folder, path)
        whole = path.read_bytes()
        for number in range(given.places // 4):
            tried["bit of the ZIP"] += 1
            named["bit of the ZIP"] += flip_bit_of_zip(whole, path, given.seed * 2_000_000 + number)
    for kind, count in sorted(tried.items()):
        print(f"{kind}: {named[kind]} of {count} named")
    print(f"bits in compressed records: {records_named} of {in_records} named with their record")
    print(f"in all {sum(named.values())} of {sum(tried.values())} named, {time.monotonic() - began:.0f} s")
    return 0 if named == tried else 1


if __name__ == "__main__":
    sys.exit(main())
