"""YAML with the line of every value, so that a mistake can be named where it stands.

In: the text of a YAML file. Out: plain values, and for each path into them the line (from 1) where it is written.
Raises ``YamlError`` for what is not YAML, and lists keys that stand twice in one mapping, which PyYAML
lets pass. A file whose aliases stand for more than people write (a few lines can stand for billions of values) is
refused before a single value is made of it.
"""

from dataclasses import dataclass
from typing import Any, Final

import yaml

Path = tuple[str | int, ...]

MOST_BYTES: Final = 16 << 20
"""A watch-list of ten thousand sources has 5 MB."""

MOST_VALUES: Final = 500_000
"""Values, keys included, with every alias written out: ten thousand sources have 200,000."""

MOST_DEPTH: Final = 50
"""Lists and mappings within each other; a watch-list needs six."""

LONGEST_VALUE: Final = 100_000
"""Characters of one value: the longest that a watch-list takes has a few thousand."""


TOO_DEEP: Final = f"the lists and mappings are nested too deeply; expected at most {MOST_DEPTH} within each other"


class YamlError(Exception):
    """The text is not YAML. ``line`` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class YamlWithLines:
    """The plain value, the line of each path, and the paths of keys that stand twice."""

    value: Any
    lines: dict[Path, int]
    repeated: tuple[tuple[Path, int], ...]

    def line_of(self, path: Path) -> int:
        """The line of the path, or of the nearest thing around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def load_with_lines(text: str) -> YamlWithLines:
    """Read one YAML document."""
    try:
        return _load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(1 if mark is None else mark.line + 1, error.problem or "this is not YAML") from error
    except yaml.reader.ReaderError as error:
        character = f"the character U+{error.character:04X} is not allowed"
        raise YamlError(text.count("\n", 0, error.position) + 1, character) from error
    except ValueError as error:
        raise YamlError(1, f"a value that looks like a date or number is none: {error}") from error
    except RecursionError as error:
        raise YamlError(1, TOO_DEEP) from error


def _load(text: str) -> YamlWithLines:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return YamlWithLines(None, {(): 1}, ())
        _expanded(node, 1, {})
        lines: dict[Path, int] = {(): node.start_mark.line + 1}
        repeated: list[tuple[Path, int]] = []
        _place(node, (), lines, repeated)
        return YamlWithLines(loader.construct_document(node), lines, tuple(repeated))
    finally:
        loader.dispose()


def _expanded(node: yaml.Node, depth: int, known: dict[int, int | None]) -> int:
    """How many values the node stands for with its aliases written out, each anchor being counted once.

    Raises ``YamlError`` at the first node that stands for too many, holds itself, lies too deep or is too long.
    """
    line = node.start_mark.line + 1
    if depth > MOST_DEPTH:
        raise YamlError(line, TOO_DEEP)
    if isinstance(node, yaml.ScalarNode):
        if len(node.value) > LONGEST_VALUE:
            raise YamlError(line, f"a value of {len(node.value)} characters; expected at most {LONGEST_VALUE}")
        return 1
    if id(node) in known:
        counted = known[id(node)]
        if counted is None:
            raise YamlError(line, "what has an anchor (&) here holds an alias (*) of itself")
        return counted
    known[id(node)] = None
    children = [each for pair in node.value for each in pair] if isinstance(node, yaml.MappingNode) else node.value
    count = 1
    for child in children:
        count += _expanded(child, depth + 1, known)
        if count > MOST_VALUES:
            aliases = "with its aliases (*) written out, what begins here has more than"
            raise YamlError(line, f"{aliases} {MOST_VALUES} values; write its entries out, or split the file")
    known[id(node)] = count
    return count


def _place(node: yaml.Node, path: Path, lines: dict[Path, int], repeated: list[tuple[Path, int]]) -> None:
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            lines[(*path, index)] = child.start_mark.line + 1
            _place(child, (*path, index), lines, repeated)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            place = (*path, str(key.value))
            line = key.start_mark.line + 1
            if place in lines:
                repeated.append((place, line))
            lines[place] = line
            _place(child, place, lines, repeated)
