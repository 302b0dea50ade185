"""Reads an extension from the operator's folder, once and whole, if nobody else can have changed it.

In: the folder of the setting ``LETAPIS_EXTENSIONS``, the name of an extension. Out: `ExtensionCode`. Raises
`ExtensionFault`, which names the path, what was expected and what was found. Nothing is imported or run.
"""

import ast
import importlib.util
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from processors.extension.code import (
    LARGEST_BYTES,
    MOST_FILES,
    NAME,
    ClassReference,
    ExtensionCode,
    ExtensionFault,
    pack,
)

NOT_CODE: Final = frozenset({"pages", "expected", "tests", "__pycache__"})
"""Folders of an extension that are no part of it: stored pages, what is expected of them, and what Python
makes.
"""

OUR_PACKAGES: Final = frozenset(
    {
        "access",
        "crawlers",
        "dags",
        "letapis",
        "letapis_extensions",
        "pipeline",
        "plugins",
        "processors",
        "samples",
        "storage",
    }
)


@dataclass(frozen=True, slots=True)
class ExtensionFolder:
    """The operator's folder; None where the setting names none."""

    path: Path | None

    def code(self, name: str) -> ExtensionCode:
        """The extension of this name."""
        folder = self._checked(name)
        files: dict[str, bytes] = {}
        total = 0
        for file in _files(folder):
            files[file.relative_to(folder).as_posix()] = content = _content(file)
            total += len(content)
            if len(files) > MOST_FILES or total > LARGEST_BYTES:
                raise ExtensionFault(
                    f"extension {name}: {folder} holds more than {MOST_FILES} files or {LARGEST_BYTES} bytes; "
                    "put stored pages into its folder `pages`"
                )
        return pack(name, files)

    def require_class(self, reference: ClassReference) -> None:
        """Raise `ExtensionFault` unless the extension can be read and defines this class; nothing of it is run."""
        code = self.code(reference.extension)
        path = f"{reference.module.replace('.', '/')}.py"
        if path not in code.files:
            there = ", ".join(name for name in code.files if name.endswith(".py"))
            raise ExtensionFault(f"{reference}: extension {code.name} has no file {path}; it has: {there}")
        try:
            tree = ast.parse(code.files[path], path)
        except (SyntaxError, ValueError) as wrong:
            raise ExtensionFault(
                f"{reference}: {self.path}/{code.name}/{path} is no Python code: {wrong}"
            ) from wrong
        classes = [each.name for each in tree.body if isinstance(each, ast.ClassDef)]
        imported = [
            alias.asname or alias.name
            for each in tree.body
            if isinstance(each, ast.ImportFrom)
            for alias in each.names
        ]
        if reference.name not in (*classes, *imported):
            raise ExtensionFault(
                f"{reference}: {path} defines no class {reference.name}; it defines: "
                f"{', '.join(classes) or 'none'}"
            )

    def names(self) -> tuple[str, ...]:
        """Every folder that could be an extension, in order."""
        if self.path is None or not self.path.is_dir():
            return ()
        return tuple(
            sorted(
                each.name
                for each in self.path.iterdir()
                if NAME.fullmatch(each.name) and each.is_dir() and each.name not in NOT_CODE
            )
        )

    def _checked(self, name: str) -> Path:
        if self.path is None:
            raise ExtensionFault(
                f"extension {name}: no folder of extensions is set; name it in LETAPIS_EXTENSIONS "
                "(docs/extensions.md)"
            )
        refuse_name(name, self.path)
        folder = self.path / name
        if not self.path.is_absolute():
            raise ExtensionFault(f"LETAPIS_EXTENSIONS: expected an absolute path, found {self.path}")
        try:
            for each in (*reversed(self.path.parents), self.path, folder):
                _refuse_open_to_others(each, folder=True)
        except FileNotFoundError:
            known = ", ".join(self.names()) or "none"
            raise ExtensionFault(f"extension {name}: there is no folder {folder}; there are: {known}") from None
        return folder


def refuse_name(name: str, folder: Path) -> None:
    """Raise `ExtensionFault` for a name under which people would look for something else."""
    if not NAME.fullmatch(name):
        raise ExtensionFault(f"extension {name!r}: expected a name of a-z, 0-9 and _, a letter first, at most 40")
    taken = name in OUR_PACKAGES or name in sys.stdlib_module_names or name in NOT_CODE
    if not taken:
        found = importlib.util.find_spec(name)
        places = () if found is None else (found.origin, *(found.submodule_search_locations or ()))
        taken = any(place and not Path(place).is_relative_to(folder) for place in places)
    if taken:
        raise ExtensionFault(
            f"extension {name}: this is the name of a module of Letapis, of Python or of an installed library; "
            "choose another, such as the court's or the site's"
        )


def _files(folder: Path) -> list[Path]:
    """Every file that is part of the extension; all of them, and the folders they are in, looked at before."""
    found: list[Path] = []
    for each in sorted(folder.iterdir()):
        if (
            each.name.startswith(".")
            or (each.name in NOT_CODE and each.parent == folder)
            or each.name == "__pycache__"
        ):
            continue
        is_folder = stat.S_ISDIR(each.lstat().st_mode)
        _refuse_open_to_others(each, folder=is_folder)
        if is_folder:
            found += _files(each)
        elif not each.name.startswith("test_") and each.suffix != ".pyc":
            found.append(each)
    return found


def _refuse_open_to_others(path: Path, *, folder: bool) -> None:
    """Raise `ExtensionFault` unless the path is root's or ours, and nobody else can write there.

    A folder in which only the owner of a file may replace it, as ``/tmp``, lets nobody else into what is below.
    """
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise ExtensionFault(
            f"{path}: expected a {'folder' if folder else 'file'}, found a symbolic link; nothing of it was read"
        )
    if not (stat.S_ISDIR(status.st_mode) if folder else stat.S_ISREG(status.st_mode)):
        raise ExtensionFault(f"{path}: expected a {'folder' if folder else 'file'}, found something else")
    if status.st_uid not in (0, os.geteuid()):
        raise ExtensionFault(
            f"{path}: expected it to belong to root or to the user who runs Letapis, found user {status.st_uid}; "
            "an operator's code is read only where nobody else can change it"
        )
    sticky = folder and bool(status.st_mode & stat.S_ISVTX)
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not sticky:
        raise ExtensionFault(
            f"{path}: expected that only its owner can write there, found mode "
            f"{stat.S_IMODE(status.st_mode):04o}; run `chmod go-w {path}`, and look whether "
            "somebody has changed what is below it"
        )


def read_closed_file(path: Path) -> bytes:
    """The content of a file, up to `LARGEST_BYTES` and one more, if nobody but root and us can change it.

    Raises `ExtensionFault` that names the path, what was expected and what was found.
    """
    try:
        for each in reversed(path.parents):
            _refuse_open_to_others(each, folder=True)
        _refuse_open_to_others(path, folder=False)
    except OSError as missing:
        raise ExtensionFault(f"{path}: expected a file, and it cannot be read: {missing.strerror}") from missing
    return _content(path)


def _content(path: Path) -> bytes:
    """The bytes of the file that was looked at: one that was exchanged since is none that can be opened so."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as problem:
        raise ExtensionFault(f"{path}: cannot be read: {problem.strerror}") from problem
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ExtensionFault(f"{path}: expected a file, found something else")
        return file.read(LARGEST_BYTES + 1)
