"""The PDF and the HTML of a report: the same content, hostile wording as text, tags, fonts, equal bytes."""

import hashlib
import random
import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pypdfium2
import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.handover.report.as_html import report_html
from pipeline.handover.report.as_pdf import displayable, drawn_characters, report_pdf
from pipeline.handover.report.build import report_document
from pipeline.handover.report.document import (
    Bullets,
    GridTable,
    LabelledValue,
    Quote,
    ReportDocument,
    ReportSection,
    ValueList,
)
from pipeline.handover.report.facts import ClockStatement, ExhibitFacts, RecordCheck
from pipeline.handover.report.report_texts import texts_for
from processors.digest import sha256
from tests.pipeline.handover.report.invented import HOSTILE, bare_exhibit, exhibit, selection

DRAWN = [chr(code) for code in sorted(drawn_characters())]


def document(*facts: ExhibitFacts, language: str = "en") -> ReportDocument:
    return report_document(selection(language, facts), facts, texts_for(language))


@pytest.fixture(scope="module")
def facts() -> tuple[ExhibitFacts, ...]:
    hostile = replace(exhibit(2, HOSTILE), title=HOSTILE)
    return exhibit(1), hostile, bare_exhibit(3)


@pytest.fixture(scope="module")
def pdf(facts: tuple[ExhibitFacts, ...]) -> bytes:
    return report_pdf(document(*facts))


@pytest.fixture(scope="module")
def html(facts: tuple[ExhibitFacts, ...]) -> str:
    return report_html(document(*facts)).decode()


def letters_of(content: bytes) -> str:
    """The letters of all pages without any space, which lines and columns add and lose."""
    with pypdfium2.PdfDocument(content) as read:
        pages = [page.get_textpage().get_text_range() for page in read]
    return re.sub(r"\s", "", "".join(pages)).replace("\ufffe", "-")


class Elements(HTMLParser):
    """Every element with its attributes, and the text outside the style sheet."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_pdf_claims_pdf_a_2a_and_pdf_ua_1_and_is_tagged_in_its_language(pdf: bytes) -> None:
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    with pypdfium2.PdfDocument(pdf) as read:
        assert read.is_tagged()
        assert read.get_metadata_dict()["CreationDate"] == "D:20261129120000Z"
    assert b"/StructTreeRoot" in pdf and re.search(rb"/Lang ?\(en\)", pdf)


def test_every_font_of_the_pdf_is_inside(pdf: bytes) -> None:
    named = set(re.findall(rb"/FontName ?/([A-Z]{6}\+[A-Za-z-]+)", pdf))
    assert {name.split(b"+")[1].split(b"-")[0] for name in named} == {b"LibertinusSerif", b"DejaVuSansMono"}
    assert len(re.findall(rb"/FontFile[23] ", pdf)) == len(named)


def test_the_same_facts_give_the_same_bytes(facts: tuple[ExhibitFacts, ...], pdf: bytes, html: str) -> None:
    assert report_pdf(document(*facts)) == pdf
    assert report_html(document(*facts)).decode() == html


def test_hostile_wording_stands_in_the_pdf_as_it_was_written(pdf: bytes) -> None:
    found = letters_of(pdf)
    assert re.sub(r"\s", "", displayable(HOSTILE)) in found
    assert "‹U+202E›abc‹U+001B›[31m‹U+1F600›‹U+4E2D›‹U+6587›" in found
    assert b"/URI" not in pdf and b"/JavaScript" not in pdf


def test_hostile_wording_stands_in_the_html_as_text_and_nothing_in_it_can_run_or_be_followed(html: str) -> None:
    found = Elements(html)
    assert HOSTILE in found.text
    assert {tag for tag, _ in found.elements}.isdisjoint({"script", "iframe", "object", "form", "link", "base"})
    assert not [name for _, attributes in found.elements for name in attributes if name.startswith("on")]
    addresses = {
        attributes[name] or ""
        for _, attributes in found.elements
        for name in ("href", "src")
        if name in attributes
    }
    assert {each.partition(":")[0] for each in addresses if not each.startswith("#")} == {"data"}
    targets = {attributes["id"] for _, attributes in found.elements if "id" in attributes}
    assert {each[1:] for each in addresses if each.startswith("#")} == targets


def test_the_html_allows_itself_its_own_style_sheet_and_pictures_alone(html: str) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = (a["content"] for tag, a in Elements(html).elements if "http-equiv" in a)
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_both_files_say_the_same(facts: tuple[ExhibitFacts, ...], pdf: bytes, html: str) -> None:
    in_html = {
        re.sub(r"\s", "", displayable(line)) for line in re.findall(r"<(?:p|li|dd|td)[^>]*>([^<&]+)<", html)
    }
    in_pdf = letters_of(pdf)
    assert len(in_html) > 60
    assert [line for line in in_html if line not in in_pdf] == []


def test_the_fonts_draw_what_the_list_says_and_nothing_else_of_what_is_tried() -> None:
    chosen = random.Random(14)
    inside = chosen.sample(sorted(drawn_characters()), 60)
    outside = [code for code in chosen.sample(range(0xA1, 0x3000), 60) if code not in drawn_characters()]
    report_pdf(document(exhibit(1, " ".join(map(chr, inside)))))
    assert displayable("".join(map(chr, outside))) == "".join(f"‹U+{code:04X}›" for code in outside)


def test_letters_that_have_a_glyph_each_and_none_together_are_spelled_out_and_refuse_no_report() -> None:
    found = letters_of(report_pdf(document(exhibit(1, "нумар 0\u20d0 і а\u0301"))))
    assert "нумар0‹U+20D0›іа‹U+0301›" in found


def test_marks_that_the_font_of_their_letter_has_stand_as_they_are() -> None:
    assert "‹U+0301›" not in letters_of(report_pdf(document(exhibit(1, "за\u0301мак"))))


def test_a_letter_without_a_glyph_would_have_been_refused() -> None:
    head = (
        "#set document(title: [x], date: datetime(year: 2026, month: 1, day: 1, hour: 0, minute: 0, second: 0))\n"
    )
    with pytest.raises(typst.TypstError, match="could not be displayed"):
        typst.compile(f"{head}中".encode(), pdf_standards=["a-2a"], ignore_system_fonts=True)


@settings(max_examples=20, deadline=None)
@given(
    st.one_of(st.text(max_size=60), st.text(st.sampled_from([*map(chr, sorted(drawn_characters()))]), max_size=60))
)
def test_any_text_can_be_set_in_every_place(text: str) -> None:
    blocks = (Quote("text", text), Bullets((text,)), GridTable((text,), ((text,),)))
    section = ReportSection(text or "-", (*blocks, ValueList((LabelledValue(text, text, code=True),))))
    made = report_pdf(ReportDocument("en", "x", "Page", datetime(2026, 1, 1, tzinfo=UTC), (section,)))
    assert made.startswith(b"%PDF-1.7")


def test_what_is_not_proved_follows_from_what_is_known() -> None:
    known = exhibit(1)
    assert known.observed is not None and known.custody is not None
    unsure = replace(
        known,
        observed=replace(known.observed, encrypted=False, tls=None),
        custody=replace(known.custody, imported=True, outside_times=(), copied_at=None),
        clock=ClockStatement(None, None, "no time server answered"),
        check=RecordCheck(agrees=False, problem="sha256:aa / sha256:bb"),
    )
    html = report_html(document(unsure)).decode()
    for sentence in (
        "the connection was not encrypted, or its certificate was not accepted.",
        "observed it. The file came from elsewhere.",
        "No trusted timestamp covers it yet.",
        "The copy to the second store is still pending.",
        "was not compared with another one: no time server answered",
        "It does not agree with what was recorded: sha256:aa / sha256:bb",
    ):
        assert sentence in html
        assert sentence not in report_html(document(known)).decode()


def test_what_is_left_out_is_counted_and_only_what_is_missing_is_named() -> None:
    html = report_html(document(exhibit(1))).decode()
    assert '<td dir="auto">It belongs to a sealed case.</td><td dir="auto">1</td>' in html
    assert "<li>urn:uuid:00000000-0000-4000-8000-00000000dead</li>" in html


def test_the_digest_of_a_validation_report_stands_in_the_report() -> None:
    facts = (exhibit(1),)
    digest = sha256(b"validated")
    made = report_document(selection("en", facts), facts, texts_for("en"), validation_report=digest)
    assert f"has the digest {digest}." in report_html(made).decode()
