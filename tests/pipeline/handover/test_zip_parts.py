"""A file that lies on the disk as parts is the same as one that lies there whole."""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.handover.zip_parts import SMALLEST_PART_BYTES, PartsFile

WRITES = st.lists(
    st.tuples(st.integers(0, 3 * SMALLEST_PART_BYTES), st.integers(1, 2 * SMALLEST_PART_BYTES)), max_size=6
)


@settings(max_examples=30)
@given(writes=WRITES, filling=st.binary(min_size=1, max_size=7))
def test_writes_anywhere_give_what_one_file_would_have(
    writes: list[tuple[int, int]], filling: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    parts, whole = PartsFile(folder / "a.zip", SMALLEST_PART_BYTES), io.BytesIO()
    for place, length in writes:
        content = (filling * (length // len(filling) + 1))[:length]
        for file in (parts, whole):
            file.seek(min(place, len(whole.getvalue())))
        assert parts.write(content) == whole.write(content) == length
        assert parts.tell() == whole.tell()
    parts.close()
    assert b"".join(path.read_bytes() for path in parts.paths) == whole.getvalue()
    assert [path.stat().st_size for path in parts.paths[:-1]] == [SMALLEST_PART_BYTES] * (len(parts.paths) - 1)


def test_parts_too_small_to_be_counted_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected at least 65536 bytes each, found 1"):
        PartsFile(tmp_path / "a.zip", 1)
