"""The syntax of RTF: a file as a sequence of text, groups, control words and control symbols.

In: the file's bytes. Out: tokens in the order of the file, from its ``{\\rtf`` on; bytes that belong to no token
are passed over. What the words mean, `processors.documents.rtf` says. Source: Rich Text Format 1.9.1 (Microsoft,
2008), "Syntax".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

_TOKEN = re.compile(
    rb"\\(?:'([0-9a-fA-F]{2})|([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|([^a-zA-Z]))|([{}])|[\r\n]+|([^\\{}\r\n]+)",
    re.DOTALL,
)


class Mark(Enum):
    """A token without a content of its own."""

    GROUP_START = auto()
    GROUP_END = auto()
    LINE_END = auto()
    """The end of a line of the file, which is no part of the text."""


@dataclass(frozen=True, slots=True)
class TextBytes:
    """Bytes of text in the code page of the current font; those written as ``\\'hh`` are decoded."""

    content: bytes


@dataclass(frozen=True, slots=True)
class ControlWord:
    """``\\wordN``: ``word`` without its backslash; ``value`` is N, None where there is no number."""

    word: bytes
    value: int | None


@dataclass(frozen=True, slots=True)
class ControlSymbol:
    """A backslash and one byte that is no letter, such as ``\\~``; ``sign`` is that byte."""

    sign: bytes


Token = Mark | TextBytes | ControlWord | ControlSymbol


def tokens(content: bytes) -> Iterator[Token]:
    """Every token of the file."""
    for found in _TOKEN.finditer(content, max(content.find(b"{\\rtf"), 0)):
        escaped, word, number, sign, brace, plain = found.groups()
        if escaped is not None:
            yield TextBytes(bytes((int(escaped, 16),)))
        elif plain is not None:
            yield TextBytes(plain)
        elif brace is not None:
            yield Mark.GROUP_START if brace == b"{" else Mark.GROUP_END
        elif sign is not None:
            yield ControlSymbol(sign)
        elif word is not None:
            yield ControlWord(word, None if number is None else int(number))
        else:
            yield Mark.LINE_END
