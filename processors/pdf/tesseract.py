"""Letters out of a picture, by the program tesseract where it is installed beside us.

In: greys and the program's path. Out: words with their places in pixels, and how surely they were read; None where
it found none or failed. It gets the picture on standard input and writes no file. A page is read in one language,
the one of which tesseract is surest on a part of it: several at once mix letters that look alike.
Source: tesseract(1), output format ``tsv``.
"""

import csv
import io
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from processors.pdf.scan_cleanup import Greys
from processors.pdf.unruled_tables import Word

LANGUAGES = ("bel", "rus", "ukr", "pol", "eng")
DOTS_PER_INCH = 300
LEAST_CONFIDENCE = 30.0
_LINE_LEVEL = "4"
_LOW = 0.6
_WORD = re.compile(r"[^\W\d_]{3}")
_PAGE_SECONDS = 60
_TRIED_INCHES = 2.5
_INK = 150
_ENOUGH_INK_PIXELS = 5
# one thread: several for one page cost more than they bring (measured with tesseract 5.3.0, 2026-11)
_ENVIRONMENT = {**os.environ, "OMP_THREAD_LIMIT": "1"}


@dataclass(frozen=True, slots=True)
class Letters:
    """Words in a picture; ``confidence`` is the program's own, 0 to 100,
    averaged over the letters, ``confidence_in_words`` over those of words alone: numbers tell no language.
    """

    words: tuple[Word, ...]
    language: str
    confidence: float
    confidence_in_words: float


def language_of(greys: Greys, program: str) -> str:
    """The installed language of which the program is surest where the letters begin."""
    installed = languages_of(program) or ("eng",)
    part = _part_with_letters(greys)
    tried = [found for language in installed if (found := read_letters(part, program, language)) is not None]
    best = max(tried, key=lambda found: found.confidence_in_words, default=None)
    return best.language if best is not None else installed[0]


def languages_of(program: str) -> tuple[str, ...]:
    """Those of ours that are installed; none where the program does not start."""
    installed = set(_output_of(program, "--list-langs").split())
    return tuple(name for name in LANGUAGES if name in installed)


def version_of(program: str) -> str:
    """The version as the program tells it, "of unknown version" where it does not."""
    words = _output_of(program, "--version").split()
    return words[1].lstrip("v") if words[:1] == ["tesseract"] and len(words) > 1 else "of unknown version"


def _output_of(program: str, option: str) -> str:
    try:
        ran = subprocess.run(  # noqa: S603  the program our settings found
            [program, option], capture_output=True, timeout=_PAGE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.decode("utf-8", "replace")


def _part_with_letters(greys: Greys) -> Greys:
    """As much from the first line of letters on as tells a language."""
    inked = np.flatnonzero((greys < _INK).sum(axis=1) >= _ENOUGH_INK_PIXELS)
    first = max(0, int(inked[0]) - _ENOUGH_INK_PIXELS) if len(inked) else 0
    return greys[first : first + round(_TRIED_INCHES * DOTS_PER_INCH)]


def read_letters(
    greys: Greys, program: str, language: str, *, least_confidence: float = LEAST_CONFIDENCE
) -> Letters | None:
    """Words in the picture in one language, those of which the program is less sure left out."""
    picture = io.BytesIO()
    Image.fromarray(greys).save(picture, "PNG", compress_level=1)
    command = [program, "stdin", "stdout", "--dpi", str(DOTS_PER_INCH), "--psm", "6", "-l", language, "tsv"]
    try:
        answer = subprocess.run(  # noqa: S603  the program our settings found, on standard input
            command,
            input=picture.getvalue(),
            capture_output=True,
            timeout=_PAGE_SECONDS,
            check=False,
            env=_ENVIRONMENT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    table = answer.stdout.decode("utf-8", "replace")
    found = [(word, sure) for word, sure in _words(table) if sure >= least_confidence]
    if not found:
        return None
    in_words = [(word, sure) for word, sure in found if _WORD.search(word.text)]
    return Letters(tuple(word for word, _ in found), language, _mean(found), _mean(in_words))


def _mean(found: Sequence[tuple[Word, float]]) -> float:
    letters = sum(len(word.text) for word, _ in found)
    return sum(sure * len(word.text) for word, sure in found) / letters if letters else 0.0


def _words(table: str) -> Iterator[tuple[Word, float]]:
    """Each word with its confidence; a dash or comma is as high as its line, or it would stand on another."""
    line: tuple[float, float] | None = None
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        try:
            left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
            sure = float(row["conf"])
        except (KeyError, TypeError, ValueError):
            continue
        if row.get("level") == _LINE_LEVEL:
            line = top, top + height
        text = (row.get("text") or "").strip()
        if text:
            low = line is not None and height < _LOW * (line[1] - line[0])
            yield Word(text, left, left + width, *(line if line and low else (top, top + height))), sure
