"""Every kind of gzip member holds the bytes it was given."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib

from storage.warc.gzip_members import deflated_member, deflated_pieces, stored_pieces

bodies = st.binary(max_size=300) | st.integers(1000, 60_000).map(lambda times: b"text " * times)


@given(st.lists(bodies, max_size=4))
def test_every_kind_of_member_holds_the_bytes_it_was_given(chunks: list[bytes]) -> None:
    content = b"".join(chunks)
    for member in (deflated_member(content), b"".join(deflated_pieces(chunks)), b"".join(stored_pieces(chunks))):
        inflater = isal_zlib.decompressobj(31)
        assert inflater.decompress(member) == content
        assert inflater.eof
        assert not inflater.unused_data


def test_what_is_compressed_already_grows_by_less_than_a_thousandth() -> None:
    content = hashlib.shake_256(b"as random as a JPEG").digest(1 << 20)
    assert len(b"".join(stored_pieces([content]))) < len(content) * 1.001
