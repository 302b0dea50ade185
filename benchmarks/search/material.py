"""Invented records in five languages, a fifth in each, and their way into a catalogue, SQLite and the questions.

Words follow Zipf's law over a vocabulary of syllables with the endings of each language, so that a few words stand
in half of the records of their language and most in a few; every twentieth record names an invented person. The
same seed gives the same records.
"""

import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg2

from tests.storage.search_index.catalogue_rows import digest

VOCABULARY = 40_000
SYLLABLES = {
    "be": [
        "ка",
        "ла",
        "ро",
        "ні",
        "сы",
        "то",
        "ву",
        "мя",
        "зе",
        "пры",
        "бра",
        "кру",
        "сто",
        "дзе",
        "ліс",
        "воў",
        "гар",
        "нод",
        "тэр",
        "шчы",
    ],
    "ru": [
        "ка",
        "ла",
        "ро",
        "ни",
        "сы",
        "то",
        "ву",
        "мя",
        "зе",
        "при",
        "бра",
        "кру",
        "сто",
        "де",
        "лес",
        "вол",
        "гор",
        "над",
        "тер",
        "щи",
    ],
    "uk": [
        "ка",
        "ла",
        "ро",
        "ні",
        "си",
        "то",
        "ву",
        "мя",
        "зе",
        "при",
        "бра",
        "кру",
        "сто",
        "де",
        "ліс",
        "вів",
        "гор",
        "над",
        "тер",
        "щі",
    ],
    "en": [
        "ka",
        "la",
        "ro",
        "ni",
        "se",
        "to",
        "vu",
        "me",
        "ze",
        "pri",
        "bra",
        "cru",
        "sto",
        "de",
        "les",
        "vol",
        "gor",
        "nad",
        "ter",
        "shi",
    ],
    "pl": [
        "ka",
        "la",
        "ro",
        "ni",
        "sy",
        "to",
        "wu",
        "mia",
        "ze",
        "prz",
        "bra",
        "kru",
        "sto",
        "dzie",
        "las",
        "wól",
        "gór",
        "nad",
        "ter",
        "szcz",
    ],
}
ENDINGS = {
    "be": ("", "а", "ы", "аў", "ам", "амі", "ага", "ай"),
    "ru": ("", "а", "ы", "ов", "ам", "ами", "ого", "ой"),
    "uk": ("", "а", "и", "ів", "ам", "ами", "ого", "ої"),
    "en": ("", "s", "ed", "ing"),
    "pl": ("", "a", "y", "ów", "om", "ami", "ego", "ej"),
}
COMMON = {
    "be": ["у", "на", "і", "з", "па", "справе", "суд", "што", "не", "за"],
    "ru": ["в", "на", "и", "с", "по", "делу", "суд", "что", "не", "за"],
    "uk": ["у", "на", "і", "з", "по", "справі", "суд", "що", "не", "за"],
    "en": ["in", "on", "and", "of", "by", "case", "court", "that", "not", "for"],
    "pl": ["w", "na", "i", "z", "po", "sprawie", "sąd", "że", "nie", "za"],
}
SURNAMES = ("Прыкладовіч", "Прикладов", "Узорны", "Неведомов", "Prykladovich", "Przykładowski")
KINDS = ("telegram_post", "article", "hearing", "register_entry", "notice")
SOURCES = tuple(f"source-{number:02}" for number in range(40))
COURTS = tuple(f"Суд раёна {number}" for number in range(60))
FIRST_DAY = datetime(2018, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Made:
    """One invented record."""

    number: int
    language: str
    kind: str
    source: str
    dated: str
    court: str | None
    article: str | None
    text: str


def records(count: int, seed: int = 1) -> Iterator[Made]:
    """As many records."""
    chance, numbers = random.Random(seed), np.random.default_rng(seed)
    words = {language: _vocabulary(language, chance) for language in SYLLABLES}
    languages = tuple(SYLLABLES)
    for number in range(count):
        language = languages[number % len(languages)]
        ranks = np.minimum(numbers.zipf(1.25, size=int(numbers.integers(30, 150))) - 1, VOCABULARY - 1)
        text = ". ".join(_sentence([words[language][rank] for rank in part]) for part in np.array_split(ranks, 6))
        if number % 20 == 0:
            text += f" {chance.choice(SURNAMES)} {chance.choice('АБВГД')}. {chance.choice('АБВГД')}."
        kind = KINDS[number % 7 % len(KINDS)]
        at = FIRST_DAY + timedelta(minutes=int(numbers.integers(0, 8 * 365 * 1440)))
        yield Made(
            number,
            language,
            kind,
            chance.choice(SOURCES),
            at.isoformat().replace("+00:00", "Z"),
            chance.choice(COURTS) if kind == "hearing" else None,
            str(chance.randrange(100, 400)) if kind == "hearing" else None,
            text,
        )


def _sentence(words: list[str]) -> str:
    return " ".join(words).capitalize()


def _vocabulary(language: str, chance: random.Random) -> list[str]:
    syllables, endings = SYLLABLES[language], ENDINGS[language]
    made = dict.fromkeys(COMMON[language])
    while len(made) < VOCABULARY:
        stem = "".join(chance.choices(syllables, k=chance.randint(2, 4)))
        made.update(dict.fromkeys(stem + ending for ending in endings))
    return list(made)[:VOCABULARY]


WARC = """
    INSERT INTO catalogue.warcs VALUES
        ('warc', '1', 1, 'sha256:0', 'sha512:0', 1, 1, 'crawl', 'source', 'crawl', 0, 'default', NULL, '{}', NULL)
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'catalogue' AND tablename = 'versions'"


def fill_catalogue(owner_url: str, count: int) -> None:
    """Write the records as `process` does, only in bulk; large indexes are made afterwards."""
    with psycopg2.connect(owner_url.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        cursor.execute(WARC)
        cursor.execute(INDEXES + " AND indexname <> 'versions_pkey'")
        definitions = cursor.fetchall()
        for name, _ in definitions:
            cursor.execute(f'DROP INDEX catalogue."{name}"')
        batch: list[Made] = []
        for each in records(count):
            batch.append(each)
            if len(batch) == 20_000:
                _copy(cursor, batch)
                batch = []
        _copy(cursor, batch)
        for _, definition in definitions:
            cursor.execute(definition)
    connection = psycopg2.connect(owner_url.replace("+psycopg2", ""))
    connection.autocommit = True
    connection.cursor().execute("VACUUM ANALYZE")
    connection.close()


def _copy(cursor: Any, batch: list[Made]) -> None:
    tables: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
        "records": (("id", "kind", "natural_key"), []),
        "versions": (("id", "record_id", "kind", "content", "text"), []),
        "captures": (
            [
                "id",
                "surt",
                "url",
                "captured_at",
                "record_type",
                "record_id",
                "status",
                "media_type",
                "block_digest",
                "warc_key",
                "object_version",
                "offset_bytes",
                "length_bytes",
                "crawl_id",
                "source_id",
                "access_label",
            ],
            [],
        ),
        "outcomes": (("capture_id", "classifier_version", "outcome"), []),
        "readings": (
            [
                "capture_id",
                "parser_version",
                "kind",
                "source_id",
                "crawl_id",
                "url",
                "captured_at",
                "outcome",
                "records",
                "links",
                "remarks",
            ],
            [],
        ),
        "sightings": (
            [
                "capture_id",
                "parser_version",
                "record_id",
                "version_id",
                "position",
                "content",
                "captured_at",
                "source_id",
                "access_label",
            ],
            [],
        ),
    }  # type: ignore[assignment]  # lists of different rows in one mapping
    for each in batch:
        key = f"record-{each.number}"
        record_id, version_id = digest(each.kind, key), digest(each.kind, key, "1")
        capture_id = f"urn:uuid:{record_id[:32]}"
        content = {
            "kind": each.kind,
            "url": f"https://{each.source}.test/{each.number}",
            "language": each.language,
        }
        content |= {"published_at": each.dated, "court": each.court, "text": each.text}
        content |= {"article_codes": [each.article] if each.article else []}
        tables["records"][1].append((record_id, each.kind, key))
        tables["versions"][1].append(
            (version_id, record_id, each.kind, json.dumps(content, ensure_ascii=False), each.text)
        )
        tables["captures"][1].append(
            (capture_id, "x", content["url"], each.dated, "response", capture_id, 200, "text/html", "sha256:0",
             "warc", "1", each.number, 1, "crawl", each.source, "default")
        )  # fmt: skip
        tables["outcomes"][1].append((capture_id, "1", "content"))
        tables["readings"][1].append(
            (
                capture_id,
                "1",
                each.kind,
                each.source,
                "crawl",
                content["url"],
                each.dated,
                "content",
                1,
                "{}",
                "[]",
            )
        )
        tables["sightings"][1].append(
            (capture_id, "1", record_id, version_id, 0, "{}", each.dated, each.source, "default")
        )
    for name, (columns, rows) in tables.items():
        lines = io.StringIO()
        for row in rows:
            lines.write("\t".join(str(value).replace("\\", "\\\\") for value in row) + "\n")
        lines.seek(0)
        cursor.copy_expert(f"COPY catalogue.{name} ({', '.join(columns)}) FROM STDIN", lines)
