"""The reference of JSON: the keys that ARCHITECTURE §7 promises, by kind of object, and which command prints them.

No type in the code holds every key of an answer, so the promise itself is the source; tests compare it with what
the code writes (`tests/docs/test_json_reference.py`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from docs.generator.markdown import code, table
from pipeline.config.settings import ROOT
from processors.kinds import record_kinds

HEAD = """# JSON

With `--json` every command prints one JSON object on each line. Each object has its `kind`, and the kind says
which keys it has. What is absent is `null` or an empty list, times are ISO 8601 in UTC, and keys that end in
`_raw` hold the source's own words. Keys may be added; none is removed, and none changes its meaning
([Architecture, chapter 7](../architecture.md#7-commands)).

The API of the web UI answers with the same objects: `api/overview`, `api/search`, `api/captures`, `api/addresses`,
`api/changes`, `api/capture/ID`, `api/record/ID` and `api/medium/SHA256/similar`, beside the pages. A list is
`{"rows": [...]}`; a search also has `total` and `complete`.

"""

RECORD: Final = "(a record)"

PRINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "up": ("stack",),
    "prepare": ("prepared",),
    "doctor": ("check", "egress"),
    "demo": ("harvested", "failure", "change"),
    "status": ("status",),
    "harvest": ("harvested_source",),
    "archive": ("archived",),
    "crawl": ("crawl",),
    "deposit": ("deposit", "deposit_refused"),
    "rebuild": ("rebuild",),
    "verify": ("verify",),
    "audit": ("verify", "audit"),
    "copies": ("copy",),
    "timestamps": ("timestamp",),
    "custody": ("custody",),
    "parse": ("page", *record_kinds()),
    "fingerprint": ("fingerprint",),
    "group": ("group",),
    "search": record_kinds(),
    "captures": ("capture",),
    "show": ("capture_facts", RECORD, "medium"),
    "similar": ("similar",),
    "judge": ("judgement",),
    "changes": ("change",),
    "coverage": ("coverage",),
    "withheld": ("withheld",),
    "import-telegram": ("telegram_import",),
    "sources": ("source",),
    "sources import": ("source_line",),
    "sources try": ("source_trial",),
}
"""By command: the kinds of the objects that it prints."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the architecture promises of one kind of object: its heading, and its keys as they stand there."""

    group: str
    kind: str
    text: str

    @property
    def words(self) -> frozenset[str]:
        """Every key that is named, those inside of others too."""
        return frozenset(re.findall(r"[a-z][a-z0-9_]*", self.text))


def promised() -> list[Promise]:
    """Every kind of object, in the order of the architecture."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    return list(_kinds(text.partition("\n### JSON keys\n")[2].partition("\n## ")[0]))


def _kinds(section: str) -> Iterator[Promise]:
    group = ""
    for block in section.split("\n\n"):
        if not block.startswith("    "):
            group = _group(block) or group
            continue
        for entry in re.split(r"\n(?=    \S)", block.strip("\n")):
            kind, _, keys = " ".join(entry.split("\n")).strip().partition("  ")
            yield Promise(group, kind, " ".join(keys.split()))


def _group(paragraph: str) -> str:
    first = re.match(r"[A-Z][a-z]+(?: [a-z]+)*(?:, and the stack)?(?=[ :.(])", paragraph)
    return first[0] if first else ""


def keys_of(text: str) -> Iterator[tuple[str, str]]:
    """Each key with what its value is; what is no plain key is a remark, with an empty key."""
    listed, _, remark = text.partition("; ")
    depth, start = 0, 0
    pieces = []
    for place, letter in enumerate(f"{listed} "):
        depth += (letter in "[{(") - (letter in "]})")
        if letter == " " and depth == 0:
            pieces.append(listed[start:place])
            start = place + 1
    for piece in filter(None, pieces):
        name = re.match(r"[a-z][a-z0-9_]*", piece)
        if name is None or piece.startswith("("):
            yield "", piece
        else:
            yield name[0], _value(piece[name.end() :])
    if remark:
        yield "", remark


def _value(shape: str) -> str:
    if not shape:
        return "value"
    inside = shape.strip("[]{}")
    if shape.startswith("["):
        return f"list of objects: {code(inside)}" if shape.startswith("[{") else "list"
    return f"object: {code(inside)}" if inside else "object"


def json_page() -> str:
    """The page in Markdown."""
    commands = table(
        ("Command", "Prints objects of kind"),
        [(code(f"letapis {name}"), ", ".join(_link(kind) for kind in kinds)) for name, kinds in PRINTS.items()],
    )
    sections, group = "", ""
    for promise in promised():
        if promise.group != group:
            group = promise.group
            sections += f"\n## {group}\n"
        sections += _section(promise)
    return HEAD + "## What each command prints\n\n" + commands + sections


def _section(promise: Promise) -> str:
    if promise.kind in record_kinds():
        where = f"Its fields: [records](records.md#{promise.kind})."
        return f"\n### {promise.kind}\n\n{where}\n"
    rows = [(code(name) if name else "", value) for name, value in keys_of(promise.text)]
    return f"\n### {promise.kind}\n\n{table(('Key', 'Value'), rows)}"


def _link(kind: str) -> str:
    return f"[`{kind}`](#{kind.strip('()').replace(' ', '-')})"
