"""The texts of the interface: all of them go through gettext, and a catalogue that is there is used, escaped."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS
from babel.messages.pofile import read_po, write_po
from fastapi.testclient import TestClient
from jinja2 import nodes

from access.app import create_app
from access.rendering.labels import CHANGES, FIELDS, KINDS, VERDICTS
from access.rendering.templates import TEMPLATES
from access.rendering.translations import (
    IN_ENGLISH,
    LOCALES,
    BrokenCatalogue,
    Language,
    choose_language,
    gettext,
    in_language,
    load_languages,
    ngettext,
)
from processors.kinds import KINDS as SOURCES
from processors.kinds import record_kinds, source_kinds
from processors.pages.outcome import Outcome
from processors.similarity.clustering import Verdict
from tests.access.conftest import ARTICLE, Filled, user_of_header

ROOT = Path(__file__).parents[3]
TEMPLATE_NAMES = sorted(TEMPLATES.list_templates())
NAMES = {"Letapis", "JSON", "CSV", "TLS", "or"}
"""Proper names, and the word of the search language: the same in every language."""
READ_ALOUD = {"alt", "aria-label", "placeholder", "title"}
UNSEEN = {"script", "style", "code", "em", "kbd"}
"""Elements that show nothing, or names of commands, tasks and keys."""


class VisibleText(HTMLParser):
    """Collects what a reader sees or hears of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self.within.append(tag)
        self.texts += [value for name, value in attrs if name in READ_ALOUD and value]

    def handle_endtag(self, tag: str) -> None:
        if self.within and self.within[-1] == tag:
            self.within.pop()

    def handle_data(self, data: str) -> None:
        if not self.within:
            self.texts.append(data)


def literals(node: nodes.Node) -> Iterator[str]:
    """Texts that an expression shows as they stand in the template; arguments of functions are none."""
    match node:
        case nodes.Const(value=str(text)):
            yield text
        case nodes.CondExpr(expr1=first, expr2=second):
            yield from literals(first)
            if second is not None:
                yield from literals(second)
        case nodes.Or(left=left, right=right) | nodes.And(left=left, right=right):
            yield from literals(left)
            yield from literals(right)
        case nodes.Concat(nodes=parts):
            for part in parts:
                yield from literals(part)
        case nodes.Dict(items=items):
            for pair in items:
                yield from literals(pair.value)
        case nodes.Filter(node=inner) if inner is not None:
            yield from literals(inner)


def markup_of(source: str) -> str:
    """The template as markup: of every expression only the literals that it shows."""
    parts: list[str] = []

    def walk(node: nodes.Node) -> None:
        match node:
            case nodes.Output(nodes=shown):
                for each in shown:
                    parts.append(each.data if isinstance(each, nodes.TemplateData) else " ".join(literals(each)))
            case nodes.Assign(node=value):
                parts.append("".join(f"<p>{text}</p>" for text in literals(value)))
            case _:
                for child in node.iter_child_nodes():
                    walk(child)

    walk(TEMPLATES.parse(source))
    return "".join(parts)


def untranslated(source: str) -> list[str]:
    parser = VisibleText()
    parser.feed(markup_of(source))
    words = (re.sub(r"(https?:/)?/\S*", "", text) for text in parser.texts)
    return [
        text
        for text in (each.strip(" \n-·:,;.→") for each in words)
        if re.search(r"[^\W\d_]", text) and text not in NAMES
    ]


@pytest.mark.parametrize("name", TEMPLATE_NAMES)
def test_every_visible_text_of_a_template_goes_through_gettext(name: str) -> None:
    source = (ROOT / "access" / "templates" / name).read_text()
    assert untranslated(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Captures</p>",
        '<img alt="A picture">',
        '{{ "payload" if one else _("payloads") }}',
        '{{ value or "none" }}',
        '<input placeholder="{{ "Words" }}">',
        "{% if a %}{% for b in c %}<td>status</td>{% endfor %}{% endif %}",
        '{% set words = {"missing": "vanished"} %}',
        "{% macro m() %}{% set x %}seen{% endset %}{% endmacro %}",
    ],
)
def test_a_text_outside_gettext_would_be_found(source: str) -> None:
    assert untranslated(source) != []


def test_the_template_of_catalogues_has_the_texts_of_today(tmp_path: Path) -> None:
    """Run ``make messages`` where this fails."""
    fresh = tmp_path / "messages.pot"
    extract = ["-q", "extract", "-F", "pyproject.toml", "--add-location", "file", "-o", str(fresh), "."]
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", *extract], cwd=ROOT, check=True)
    assert texts(fresh) == texts(LOCALES / "messages.pot")


@pytest.mark.parametrize(
    "path", sorted(LOCALES.glob("*/LC_MESSAGES/messages.po")), ids=lambda path: path.parts[-3]
)
def test_a_catalogue_has_the_texts_of_today_and_nearly_all_of_them_are_translated(path: Path) -> None:
    """Run ``make messages`` where this fails; what is not translated yet is shown in English."""
    with path.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    with (LOCALES / "messages.pot").open("rb") as file:
        assert {message.id for message in messages} == {message.id for message in read_po(file) if message.id}
    assert sum(all(forms(message.string)) for message in messages) > 0.9 * len(messages)
    for message in messages:
        for form in filter(None, forms(message.string)):
            original = forms(message.id)[-1]
            assert (form[0] == " ", form[-1] == " ") == (original[0] == " ", original[-1] == " "), form


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


@pytest.mark.parametrize(("tag", "words"), [("ru", "Поиск по изображению"), ("be-BY", "Пошук па выяве")])
def test_the_pages_are_there_in_the_languages_of_their_readers(filled: Filled, tag: str, words: str) -> None:
    app = create_app(lambda: filled.archive, user_of_header, load_languages())
    with TestClient(app, headers={"X-User": "analyst", "Accept-Language": f"{tag},en;q=0.5"}) as client:
        assert words in client.get("/").text


def texts(path: Path) -> dict[object, list[str]]:
    with path.open("rb") as file:
        return {
            message.id: sorted(name for name, _ in message.locations) for message in read_po(file) if message.id
        }


def test_no_text_has_markup_since_a_translation_is_escaped() -> None:
    with (LOCALES / "messages.pot").open("rb") as file:
        ids = [
            each
            for message in read_po(file)
            for each in ([message.id] if isinstance(message.id, str) else message.id)
        ]
    assert len(ids) > 200
    assert [each for each in ids if re.search(r"<\w|</|&\w+;", each)] == []


def test_extraction_finds_what_is_marked_and_every_form() -> None:
    assert {"gettext", "ngettext", "N_", "_"} <= set(DEFAULT_KEYWORDS)
    found = texts(LOCALES / "messages.pot")
    assert "Too large" in found  # N_ in access/app.py
    assert ("%(total)s record was found.", "%(total)s records were found.") in found


@pytest.mark.parametrize("record", [kind.record.types[0] for kind in SOURCES.values()])
def test_every_field_of_a_record_has_a_label(record: type) -> None:
    names = {field.name.removesuffix("_raw").removesuffix("_at") for field in fields(record)}
    assert names - set(FIELDS) == set()


def test_every_kind_outcome_and_verdict_has_a_label() -> None:
    assert {*record_kinds(), *source_kinds(), *map(str, Outcome)} - set(KINDS) == set()
    assert set(map(str, Verdict)) == set(VERDICTS)
    assert set(CHANGES) == {"added", "edited", "moved", "missing", "returned"}


def catalogue(folder: Path, language: str, **translations: str) -> Path:
    path = folder / language / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    made = Catalog(locale=language)
    for text, translation in {text.replace("_", " "): each for text, each in translations.items()}.items():
        made.add(text, translation)
    made.add("Logged in as %(name)s", "<i>Angemeldet</i> als %(name)s")
    made.add(
        ("%(total)s record was found.", "%(total)s records were found."),
        ("%(total)s Eintrag gefunden.", "%(total)s Einträge gefunden."),
    )
    made.add("No captured URL begins with %(beginning)s.", "Keine URL beginnt mit %(beginning)s.")
    with path.open("wb") as file:
        write_po(file, made)
    return path


@pytest.fixture
def german(filled: Filled, tmp_path: Path) -> Iterator[TestClient]:
    """The pages with a catalogue of a second language, for a reader who prefers it."""
    catalogue(tmp_path, "de", Image_search="Bildsuche", Not_in_the_archive="Nicht im Archiv", article="Artikel")
    app = create_app(lambda: filled.archive, user_of_header, load_languages(tmp_path))
    headers = {"X-User": "<b>analyst</b>", "Accept-Language": "de-AT,de;q=0.9,en;q=0.8"}
    with TestClient(app, headers=headers) as client:
        yield client


def test_a_page_is_in_the_language_that_the_reader_prefers(german: TestClient) -> None:
    answer = german.get("/", params={"q": "затрыманні"})
    assert '<html lang="de">' in answer.text
    assert "Bildsuche" in answer.text
    assert "1 Eintrag gefunden." in answer.text
    assert '<span class="tag">Artikel</span>' in answer.text
    assert "Search the archive" in answer.text  # what the catalogue does not have is in English
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("de", "Accept-Language")


def test_an_error_page_is_in_the_same_language(german: TestClient) -> None:
    assert "<h1>Nicht im Archiv</h1>" in german.get("/record/none").text


def test_two_readers_at_once_each_have_their_language(german: TestClient) -> None:
    english = german.get("/", headers={"Accept-Language": "fr, en;q=0.1"})
    assert ("Image search" in english.text, english.headers["content-language"]) == (True, "en")
    assert "Bildsuche" in german.get("/").text


def test_what_programs_read_stays_in_english(german: TestClient) -> None:
    assert german.get("/api/record/none").json()["detail"].startswith("The archive has nothing with this name.")
    row = german.get("/captures.csv", params={"url": ARTICLE})
    assert row.text.splitlines()[0].lstrip("\ufeff").startswith("captured_at,url,outcome")
    assert "vary" not in row.headers


def test_neither_a_translation_nor_its_values_can_bring_markup(german: TestClient) -> None:
    page = german.get("/captures", params={"url": "https://x.example/<script>alert(1)</script>*"}).text
    assert "&lt;i&gt;Angemeldet&lt;/i&gt; als &lt;b&gt;analyst&lt;/b&gt;" in page
    assert "Keine URL beginnt mit <bdi>https://x.example/&lt;script&gt;alert(1)&lt;/script&gt;*</bdi>." in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("be", "be"),
        ("de-CH", "de"),
        ("pt-br", "pt-BR"),
        ("pt-BR;q=0.3, de;q=0.7, be;q=0", "de"),
        ("en;q=0.9, de;q=0.8", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("de;q=9", "en"),
        ("../../etc, \x00, <script>", "en"),
        ("de," * 100_000, "de"),
    ],
)
def test_the_first_language_that_is_there_is_chosen(header: str, tag: str) -> None:
    languages = {name: Language(name, IN_ENGLISH.catalogue) for name in ("en", "be", "de", "pt-BR")}
    assert choose_language(header, languages).tag == tag


def test_a_translation_with_another_placeholder_is_refused_when_the_app_starts(tmp_path: Path) -> None:
    path = catalogue(tmp_path, "de")
    path.write_text(path.read_text().replace("als %(name)s", "als %(nam)s"))
    with pytest.raises(BrokenCatalogue, match=r"messages\.po cannot be used: .*Logged in as"):
        load_languages(tmp_path)


def test_a_file_that_is_no_catalogue_is_named(tmp_path: Path) -> None:
    path = catalogue(tmp_path, "de")
    path.write_bytes(b'msgid "a\n')
    with pytest.raises(BrokenCatalogue, match=str(path)):
        load_languages(tmp_path)


def test_forms_of_a_number_come_from_the_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "be" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    made = Catalog(locale="be")
    made.add(
        ("%(num)s more", "%(num)s more"), ("яшчэ %(num)s запіс", "яшчэ %(num)s запісы", "яшчэ %(num)s запісаў")
    )
    with path.open("wb") as file:
        write_po(file, made)
    with in_language(load_languages(tmp_path)["be"]):
        shown = [ngettext("%(num)s more", "%(num)s more", count) for count in (1, 3, 5)]
        assert shown == ["яшчэ 1 запіс", "яшчэ 3 запісы", "яшчэ 5 запісаў"]
    assert gettext("under 1 %%") == "under 1 %"
