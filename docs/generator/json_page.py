"""The reference of JSON: the keys that ARCHITECTURE §7 promises, by kind of object, and which command prints them.

No type in the code holds every key of an answer, so the promise itself is the source; tests compare it with what
the code writes (`tests/docs/test_json_reference.py`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from docs.generator.markdown import code, table
from pipeline.config.settings import ROOT
from processors.kinds import record_kinds

HEAD = """# JSON

With `--json` every command prints one JSON object on each line. Each object has its `kind`, and the kind says
which keys it has. What is absent is `null` or an empty list, times are ISO 8601 in UTC, and keys that end in
`_raw` hold the source's own words. Keys may be added; none is removed, and none changes its meaning
([Architecture, chapter 7](../architecture.md#7-commands)).

The API of the web UI answers with the same objects ([API](../api.md)). A list is `{"rows": [...], "offset",
"next_offset"}`, where it is counted also with `total`; a search also has `complete`, `facets` and `histogram`
where they were asked for (`facet`, several times, and `histogram`), `suggestions`, `answered_by` (`index` or
`database`), and `because`, which says why it was not the index.

"""

MEANINGS: Final = Path(__file__).with_name("json_meanings.yaml")

RECORD: Final = "(a record)"

PRINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "up": ("stack",),
    "prepare": ("prepared", "migration"),
    "doctor": ("check", "egress"),
    "demo": ("harvested", "failure", "change"),
    "status": ("status",),
    "morning": ("morning", "message"),
    "alarms": ("alarm", "message"),
    "metrics": ("metric",),
    "forecast": ("forecast", "source_forecast"),
    "harvest": ("harvested_source",),
    "archive": ("archived", "address_refused", "repeat"),
    "repeats": ("repeat",),
    "repeats stop": ("repeat",),
    "backfill": ("backfill_plan", "backfill_channel"),
    "backfill plan": ("backfill_plan", "backfill_channel"),
    "backfill start": ("backfill_plan", "backfill_channel"),
    "backfill pause": ("backfill_change",),
    "backfill stop": ("backfill_change",),
    "backfill work": ("backfill_turn",),
    "reread": ("reread_plan", "reread_parser"),
    "reread plan": ("reread_plan", "reread_parser"),
    "reread work": ("reread_plan", "reread_parser"),
    "reread changes": ("earlier_reading",),
    "worker": ("worked",),
    "crawl": ("crawl",),
    "backup": ("backup", "backup_thing"),
    "drill": ("drill",),
    "recover": ("recovered_thing", "recovery"),
    "deposit": ("deposit", "deposit_refused"),
    "rebuild": ("rebuild",),
    "verify": ("verify", "catalogue_check"),
    "replay": ("replay",),
    "quality": ("quality",),
    "witness": ("witness",),
    "audit": ("verify", "audit"),
    "copies": ("copy",),
    "timestamps": ("timestamp", "time_renewal"),
    "validation-report": ("validation_report",),
    "custody": ("custody", "checkpoint", "custody_proof"),
    "accesses": ("access",),
    "parse": ("page", *record_kinds()),
    "fingerprint": ("fingerprint",),
    "group": ("group",),
    "search": (*record_kinds(), "page_text"),
    "index": ("index",),
    "captures": ("capture",),
    "show": ("capture_facts", RECORD, "medium"),
    "similar": ("similar",),
    "explain": ("explanation",),
    "judge": ("judgement",),
    "changes": ("change",),
    "coverage": ("coverage",),
    "withheld": ("withheld",),
    "import-telegram": ("telegram_import",),
    "receive": ("received_file",),
    "received": ("received_file",),
    "export-index": ("capture_index",),
    "receipt": ("receipt",),
    "export": ("export_exhibit", "left_out", "export_preview", "frozen_selection", "package"),
    "redact": ("redaction", "redaction_draft"),
    "redactions": ("redaction",),
    "disclosures": ("disclosure", "received_exhibit"),
    "sql": ("sql_row", "sql_view"),
    "sql-login": ("sql_login",),
    "members": ("member",),
    "members add": ("member_changed",),
    "members remove": ("member_changed",),
    "members list": ("member",),
    "people": ("person",),
    "quarantine": ("withdrawal",),
    "withdraw": ("withdrawal",),
    "restore": ("withdrawal",),
    "purge": ("withdrawal",),
    "withdrawals": ("withdrawal",),
    "purges": ("purge",),
    "assess": ("assessment", "verification"),
    "assessments": ("assessed",),
    "hold": ("hold",),
    "release": ("hold",),
    "holds": ("hold",),
    "tokens": ("token",),
    "tokens list": ("token",),
    "tokens make": ("token",),
    "tokens revoke": ("token",),
    "sources": ("source",),
    "login": ("login_profile",),
    "kept-apart": ("kept_crawl", "kept_apart"),
    "sources list": ("source",),
    "sources add": ("listed_source",),
    "sources end": ("listed_source",),
    "sources import": ("source_line",),
    "sources try": ("source_trial",),
    "sources new": ("new_extension",),
    "sources test": ("extension_page",),
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


@dataclass(frozen=True, slots=True)
class Key:
    """A key, the shape of its value as the architecture writes it, and what it holds."""

    name: str
    shape: str
    meaning: str

    @property
    def value(self) -> str:
        """The shape in words, empty for a plain value."""
        inside = self.shape.strip("[]{}")
        if self.shape.startswith("["):
            return f"List of objects {code(inside)}." if self.shape.startswith("[{") else "List."
        return f"Object {code(inside)}." if inside else "Object." if self.shape else ""


@cache
def meanings() -> dict[str, dict[str, str]]:
    """What keys hold, by kind of object; below ``every``, whatever the kind."""
    found: dict[str, dict[str, str]] = yaml.safe_load(MEANINGS.read_text("utf-8"))
    return found


def keys_of(promise: Promise) -> tuple[list[Key], str]:
    """The keys of an object in their order, and a remark, empty if there is none.

    Raises ``KeyError``, which names the file to mend, for a key whose meaning is not written down.
    """
    listed, _, remark = promise.text.partition("; ")
    said = meanings()
    known = said["every"] | said.get(promise.kind, {})
    keys = []
    for piece in _pieces(listed):
        name = re.match(r"[a-z][a-z0-9_]*", piece)
        assert name is not None, f"ARCHITECTURE.md, JSON keys, {promise.kind}: expected a key, found {piece!r}"
        if name[0] not in known:
            raise KeyError(f"{MEANINGS.name}: say below {promise.kind!r} what its key {name[0]!r} holds.")
        keys.append(Key(name[0], piece[name.end() :], known[name[0]]))
    return keys, remark


def _pieces(listed: str) -> Iterator[str]:
    """What stands between blanks that are in no brackets."""
    depth, start = 0, 0
    for place, letter in enumerate(f"{listed} "):
        depth += (letter in "[{(") - (letter in "]})")
        if letter == " " and depth == 0:
            if place > start:
                yield listed[start:place]
            start = place + 1


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
    keys, remark = keys_of(promise)
    rows = [(code(key.name), f"{key.meaning} {key.value}".strip()) for key in keys]
    text = f"{remark[0].upper()}{remark[1:]}.\n\n" if remark else ""
    return f"\n### {promise.kind}\n\n{text}{table(('Key', 'Holds'), rows)}"


def _link(kind: str) -> str:
    return f"[`{kind}`](#{kind.strip('()').replace(' ', '-')})"
