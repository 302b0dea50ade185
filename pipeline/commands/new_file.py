"""A file that a command writes for a person: whole under its name, or not at all, and never over another."""

import tempfile
from pathlib import Path

from pipeline.output import Exit, fail


def write_new_file(content: bytes, to: Path) -> None:
    """Write the file; raises ``typer.Exit`` with a sentence where the name is taken or the folder takes none."""
    try:
        with tempfile.NamedTemporaryFile(dir=to.parent, prefix=f".{to.name}.") as file:
            file.write(content)
            file.flush()
            to.hardlink_to(file.name)
    except FileExistsError:
        raise fail(f"{to} exists and was not changed. Name another file.", Exit.WRONG_USE) from None
    except OSError as problem:
        raise fail(
            f"{to} could not be written: {problem.strerror or problem}. Nothing is there under this name."
        ) from problem
