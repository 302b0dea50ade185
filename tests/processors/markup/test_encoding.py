"""Text comes out right although header and page lie about its encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.markup.encoding import BOMS, Decoded, decode

RUSSIAN = "Суд перенёс заседание на следующую неделю, потому что свидетели не явились. " * 4
BELARUSIAN = "Суддзя абвясціў перапынак, бо сведкі не з’явіліся ў залу, а ў справе няма доказаў. " * 4
UKRAINIAN = "Суддя оголосив перерву, бо свідки не з’явилися до зали засідань, їхні заяви є у справі. " * 4


@pytest.mark.parametrize("text", [RUSSIAN, BELARUSIAN, UKRAINIAN], ids=["ru", "be", "uk"])
@pytest.mark.parametrize("label", [None, "windows-1251", "utf-8", "iso-8859-1", "koi8-r", "nonsense"])
def test_windows_1251_is_read_under_any_label(text: str, label: str | None) -> None:
    body = f"<html><body>{text}</body></html>".encode("cp1251", "replace")
    content_type = None if label is None else f"text/html; charset={label}"
    assert text.replace("’", "") in decode(body, content_type).text.replace("’", "")


@pytest.mark.parametrize("encoding", ["koi8-r", "cp866", "iso8859-5", "mac-cyrillic"])
def test_other_cyrillic_encodings_are_read_without_a_label(encoding: str) -> None:
    assert decode(RUSSIAN.encode(encoding, "replace")).text == RUSSIAN


def test_ukrainian_koi8_is_told_from_the_russian_one() -> None:
    plain = UKRAINIAN.replace("’", "'")
    assert decode(plain.encode("koi8-u")).text == plain


def test_utf_8_wins_over_a_wrong_label() -> None:
    assert decode(BELARUSIAN.encode("utf-8"), "text/html; charset=windows-1251").text == BELARUSIAN


def test_a_cut_off_utf_8_page_loses_only_its_last_letter() -> None:
    assert decode(BELARUSIAN.encode("utf-8")[:-3]).text.startswith(BELARUSIAN[:-3])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_wide_encodings_are_told_by_their_mark_or_their_nulls(encoding: str) -> None:
    latin = "<html><body>Plain words of a page that was written wide.</body></html>"
    assert decode(latin.encode(encoding)).text == latin


def test_the_page_is_believed_where_no_letters_contradict() -> None:
    body = '<meta charset="iso-8859-2"><p>Sąd odroczył rozprawę, bo świadek nie przyszedł. Żółć.</p>'.encode(
        "iso8859-2"
    )
    assert "Sąd odroczył rozprawę" in decode(body).text


@given(st.binary(max_size=400), st.none() | st.text(max_size=30))
def test_any_bytes_become_what_the_encoding_that_is_named_makes_of_them(
    body: bytes, content_type: str | None
) -> None:
    decoded = decode(body, content_type)
    mark = next((mark for mark, _ in BOMS if body.startswith(mark)), b"") if decoded.stated_by == "bom" else b""
    assert decoded.text == body.removeprefix(mark).decode(decoded.encoding, "replace")
    assert decoded.stated_by in ("bom", "utf-8", "header", "page", "letters")


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=200))
def test_text_in_utf_8_comes_back_whatever_is_declared(text: str) -> None:
    body = f"Справа: {text}".encode()
    assert decode(body, "text/html; charset=windows-1251") == Decoded(f"Справа: {text}", "utf-8", "utf-8")
