"""Reads the Python file that a step names, from the watch-list's own folder and only if nobody else can change it.

In: the folder of the watch-list, ``file.py:function``. Out: the text of the file. Raises ``ValueError`` with what
was expected and what was found. Nothing of it is imported or run: that is done where the page is shown.
"""

import ast
import re
from pathlib import Path
from typing import Final

from crawlers.extensions.folder import read_closed_file
from processors.extension.code import ExtensionFault

LONGEST_CODE: Final = 16_384
"""Bytes of a file with steps: it stands in the job, and in each WARC file of the source."""

_REFERENCE: Final = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_-]{0,60}\.py):([A-Za-z_][A-Za-z0-9_]{0,79})")


def parse_step_function(text: str) -> tuple[str, str]:
    """File and function of ``file.py:function``."""
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} names no function: expected file.py:function, the file being in the watch-list's own folder"
        )
    return found[1], found[2]


def read_step_code(folder: Path, reference: str) -> str:
    """The text of the file, once it defines the function: ``async`` and with the page as its one argument."""
    name, function = parse_step_function(reference)
    path = folder.resolve() / name
    try:
        content = read_closed_file(path)
    except ExtensionFault as fault:
        raise ValueError(str(fault)) from fault
    if len(content) > LONGEST_CODE:
        raise ValueError(f"{path}: expected at most {LONGEST_CODE} bytes, found more")
    try:
        text = content.decode("utf-8")
        tree = ast.parse(text, name)
    except (SyntaxError, ValueError) as wrong:
        raise ValueError(f"{path}: is no Python code: {wrong}") from wrong
    defined = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    if function not in defined:
        raise ValueError(f"{path}: defines no function {function}; it defines: {', '.join(defined) or 'none'}")
    found = defined[function]
    arguments = [*found.args.posonlyargs, *found.args.args]
    if not isinstance(found, ast.AsyncFunctionDef) or len(arguments) - len(found.args.defaults) != 1:
        raise ValueError(f"{path}: expected `async def {function}(page)`, found another form of function")
    return text
