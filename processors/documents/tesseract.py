"""Letters out of a picture of a page, by the program tesseract where it is installed beside us.

In: a page of pdfplumber and the program's path. Out: words with their places in points; none where it found none
or failed. It gets the picture on standard input and writes no file. Source: tesseract(1), output format ``tsv``.
"""

import csv
import io
import subprocess
from typing import Any

from processors.documents.pdf_words import Word

LANGUAGES = ("bel", "rus", "ukr", "pol", "eng")
_DOTS_PER_INCH = 300
_POINTS_PER_INCH = 72
_LEAST_CONFIDENCE = 30.0
_PAGE_SECONDS = 60


def letters_of_picture(page: Any, program: str) -> tuple[Word, ...]:
    """Words on the page as tesseract reads them."""
    picture = io.BytesIO()
    page.to_image(resolution=_DOTS_PER_INCH).original.convert("L").save(picture, "PNG")
    known = "+".join(languages_of(program)) or "eng"
    command = [program, "stdin", "stdout", "--dpi", str(_DOTS_PER_INCH), "--psm", "6", "-l", known, "tsv"]
    try:
        answer = subprocess.run(  # noqa: S603  the program our settings found, on standard input
            command, input=picture.getvalue(), capture_output=True, timeout=_PAGE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    scale = _POINTS_PER_INCH / _DOTS_PER_INCH
    return tuple(_words(answer.stdout.decode("utf-8", "replace"), scale))


def languages_of(program: str) -> tuple[str, ...]:
    """Those of ours that are installed; none where the program does not start."""
    try:
        told = subprocess.run(  # noqa: S603  the same program
            [program, "--list-langs"], capture_output=True, timeout=_PAGE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    installed = set(told.stdout.decode("utf-8", "replace").split())
    return tuple(name for name in LANGUAGES if name in installed)


def _words(table: str, scale: float) -> list[Word]:
    found: list[Word] = []
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        try:
            left, top, width, height = (float(row[name]) * scale for name in ("left", "top", "width", "height"))
            sure = float(row["conf"])
        except (KeyError, TypeError, ValueError):
            continue
        text = (row.get("text") or "").strip()
        if text and sure >= _LEAST_CONFIDENCE:
            found.append(Word(text, left, left + width, top, top + height))
    return found
