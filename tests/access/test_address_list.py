"""The addresses of a file that somebody sends, each on its own line."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.address_list import MOST_LINES, UnreadableListError, address_lines

CELL = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\x85\u2028\u2029"), max_size=20
)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"https://a.example/\nhttps://b.example/\n", ["https://a.example/", "https://b.example/"]),
        (b"\xef\xbb\xbfurl\r\nhttps://a.example/\r\n", ["", "https://a.example/"]),
        ("назва;URL\nадно; https://a.example/ \n".encode(), ["", "https://a.example/"]),
        (b'note,address\n"two\nlines",https://a.example/\nx,https://b.example/', ["", "https://a.example/", "", "https://b.example/"]),
        (b"a\turl\n\n1\thttps://a.example/\n", ["", "", "https://a.example/"]),
        (b"https://a.example/?x=1,2\n", ["https://a.example/?x=1"]),
        (b'"https://a.example/?x=1,2"\n', ["https://a.example/?x=1,2"]),
        (b"", [""]),
    ],
)  # fmt: skip
def test_each_address_stands_on_the_line_where_it_begins(content: bytes, lines: list[str]) -> None:
    assert address_lines(content).split("\n") == lines


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfeh\x00t\x00", "The file is not UTF-8: byte 0 is 0xff."),
        (b"url\nhttps://a.example/\x00\n", "U+0000"),
        (b"x\n" * (MOST_LINES + 1), f"more than {MOST_LINES} lines"),
        (b"a" * 200_000, "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_list_is_refused_and_says_that_nothing_was_fetched(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableListError) as refused:
        address_lines(content)
    assert words in str(refused.value)
    assert str(refused.value).endswith("Nothing was fetched.")


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=20))
def test_the_column_url_is_found_in_whatever_a_csv_writer_wrote(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["note", "url"])
    writer.writerows(rows)
    found = address_lines(file.getvalue().encode()).split("\n")
    assert [each for each in found if each] == [" ".join(cell.split()) for _, cell in rows if cell.split()]


@given(st.binary(max_size=300))
def test_no_bytes_are_an_error_of_ours(content: bytes) -> None:
    try:
        lines = address_lines(content).split("\n")
    except UnreadableListError:
        return
    assert all("\n" not in line and line == line.strip() for line in lines)
