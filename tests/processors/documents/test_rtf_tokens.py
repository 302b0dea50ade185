"""RTF as tokens: escapes and text are bytes, words have their number, and what is before the document is left
out.
"""

from processors.documents.rtf_tokens import ControlSymbol, ControlWord, Mark, TextBytes, tokens


def test_each_form_of_the_syntax_is_a_token_of_its_own() -> None:
    assert list(tokens(b"noise{\\rtf1\\~\\'cf ab\\u-20 c\r\n\\b}")) == [
        Mark.GROUP_START,
        ControlWord(b"rtf", 1),
        ControlSymbol(b"~"),
        TextBytes(b"\xcf"),
        TextBytes(b" ab"),
        ControlWord(b"u", -20),
        TextBytes(b"c"),
        Mark.LINE_END,
        ControlWord(b"b", None),
        Mark.GROUP_END,
    ]


def test_a_backslash_at_the_end_is_no_token() -> None:
    assert list(tokens(b"{\\rtf1 x\\")) == [Mark.GROUP_START, ControlWord(b"rtf", 1), TextBytes(b"x")]
