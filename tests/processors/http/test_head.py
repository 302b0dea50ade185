"""A head ends at its first empty line, and its fields are read line by line, folded or not."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.http.head import head_end, read_head

pytestmark = pytest.mark.slow

names = st.sampled_from(["A", "b-C", "A ", "A\t", "", "\xe9"])
values = st.sampled_from(["", "1", " 1 ", "a: b", "\t", "\xa0x"])
fields = st.tuples(names, st.sampled_from([":", ": ", ""]), values)
folds = st.tuples(st.sampled_from([" ", "\t"]), values, st.just(""))
lines = st.lists(st.one_of(fields, fields, folds).map("".join), max_size=6)


@given(st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b"a"]), max_size=9).map(b"".join), st.integers(0, 9))
@settings(max_examples=600, deadline=None)
def test_a_head_ends_at_its_first_empty_line(content: bytes, start: int) -> None:
    wanted = re.compile(rb"\n\r?\n").search(content, start)
    assert head_end(content, start) == (None if wanted is None else wanted.end())


@given(lines, st.sampled_from(["\r\n", "\n"]))
@settings(max_examples=400, deadline=None)
def test_fields_are_read_line_by_line(written: list[str], line_end: str) -> None:
    wanted: list[tuple[str, str]] = []
    for line in written:
        if line.startswith((" ", "\t")):
            more = line.strip(" \t")
            if wanted and more:
                wanted[-1] = (
                    wanted[-1][0],
                    f"{wanted[-1][1]} {more}".lstrip(" ") if not wanted[-1][1] else f"{wanted[-1][1]} {more}",
                )
        elif ":" in line:
            name, value = line.split(":", 1)
            wanted.append((name.rstrip(" \t"), value.strip(" \t")))
    head = read_head(line_end.join(["HTTP/1.1 200 OK", *written, "", ""]).encode("latin-1"))
    assert (head.start_line, list(head.fields)) == ("HTTP/1.1 200 OK", wanted)
