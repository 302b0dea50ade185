"""XML without its declaration and document type: both lie or hurt, and no reader here needs them.

The declared encoding is of no use after decoding; a document type can define entities that unfold without end.
"""

import re

_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,1000}\?>", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,2000}(?:\[.{0,100000}?\])?[^>\[]{0,200}>", re.IGNORECASE | re.DOTALL)


def without_prologue(text: str) -> str:
    """The text from its root element on; a second document type stays, since no well-formed document has one."""
    declaration = _DECLARATION.match(text)
    bare = text[declaration.end() :] if declaration else text
    start = bare[:100_000].upper().find("<!DOCTYPE")
    doctype = _DOCTYPE.match(bare, start) if start >= 0 else None
    return bare[:start] + bare[doctype.end() :] if doctype else bare
