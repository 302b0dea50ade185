"""YAML with the line of every value, so that a mistake can be named where it stands.

In: the text of a YAML file. Out: plain values, and for each path into them the line (from 1) where it is written.
Raises ``YamlMistake`` for what is not YAML, and lists keys that stand twice in one mapping, which PyYAML
lets pass.
"""

from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str | int, ...]


class YamlMistake(Exception):
    """The text is not YAML. ``line`` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class PlacedYaml:
    """The plain value, the line of each path, and the paths of keys that stand twice."""

    value: Any
    lines: dict[Path, int]
    repeated: tuple[tuple[Path, int], ...]

    def line_of(self, path: Path) -> int:
        """The line of the path, or of the nearest thing around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def load_placed(text: str) -> PlacedYaml:
    """Read one YAML document."""
    try:
        return _load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlMistake(1 if mark is None else mark.line + 1, error.problem or "this is not YAML") from error
    except yaml.reader.ReaderError as error:
        character = f"the character U+{error.character:04X} is not allowed"
        raise YamlMistake(text.count("\n", 0, error.position) + 1, character) from error
    except ValueError as error:
        raise YamlMistake(1, f"a value that looks like a date or number is none: {error}") from error
    except RecursionError as error:
        raise YamlMistake(1, "the lists and mappings are nested too deeply") from error


def _load(text: str) -> PlacedYaml:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return PlacedYaml(None, {(): 1}, ())
        lines: dict[Path, int] = {(): node.start_mark.line + 1}
        repeated: list[tuple[Path, int]] = []
        _place(node, (), lines, repeated)
        return PlacedYaml(loader.construct_document(node), lines, tuple(repeated))
    finally:
        loader.dispose()


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
