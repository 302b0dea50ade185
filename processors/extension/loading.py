"""Imports an extension from its bytes, under a package of our own.

``courts.parser`` becomes ``letapis_extensions.courts.parser``: no name in an extension can stand for a module of
ours, of Python or of a library, and `sys.path` stays as it is. One process runs one extension. Raises
`ExtensionFault`.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import Final

from processors.extension.code import ClassReference, ExtensionCode, ExtensionFault

ROOT: Final = "letapis_extensions"


class _CodeFinder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads the modules of one extension, and nothing else."""

    def __init__(self, code: ExtensionCode) -> None:
        self.code = code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname == ROOT:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        if not fullname.startswith(f"{ROOT}."):
            return None
        file = self._file_of(fullname)
        if file is None:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=f"{ROOT}/{self.code.name}/{file}")
        spec.has_location = True
        spec.submodule_search_locations = [] if self.is_package(fullname) else None
        return spec

    def is_package(self, fullname: str) -> bool:
        """Whether the name is a folder."""
        file = self._file_of(fullname)
        return fullname == ROOT or file is None or not file.endswith(".py") or file.endswith("__init__.py")

    def get_source(self, fullname: str) -> str:
        """The code of a module; a folder without ``__init__.py`` has none."""
        content = self.code.files.get(self._file_of(fullname) or "", b"")
        return importlib.util.decode_source(content)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code."""
        origin = module.__spec__.origin if module.__spec__ is not None else None
        exec(compile(self.get_source(module.__name__), origin or ROOT, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  this is what an import does

    def get_data(self, path: str) -> bytes:
        """A file beside the code, for `pkgutil.get_data`."""
        name = path.removeprefix(f"{ROOT}/{self.code.name}/")
        if name not in self.code.files:
            raise FileNotFoundError(path)
        return self.code.files[name]

    def _file_of(self, fullname: str) -> str | None:
        """The path of a module, of a folder without code its own with a slash, None where there is neither."""
        _, *names = fullname.split(".")
        if names[:1] != [self.code.name]:
            return None
        rest = names[1:]
        base = "/".join(rest)
        module, package = f"{base}.py", f"{base}/__init__.py".lstrip("/")
        if rest and module in self.code.files:
            return module
        if package in self.code.files:
            return package
        folder = f"{base}/" if base else ""
        return folder or "./" if any(path.startswith(folder) for path in self.code.files) else None


def load_class(reference: ClassReference, code: ExtensionCode) -> type:
    """The class, imported from the extension's bytes; the extension's code runs in this process from now on."""
    if reference.extension != code.name:
        raise ExtensionFault(f"{reference}: expected a class of extension {code.name}")
    if not any(isinstance(finder, _CodeFinder) and finder.code == code for finder in sys.meta_path):
        if any(isinstance(finder, _CodeFinder) for finder in sys.meta_path):
            raise ExtensionFault(f"{reference}: this process runs another extension")
        sys.meta_path.append(_CodeFinder(code))
    try:
        module = importlib.import_module(f"{ROOT}.{reference.extension}.{reference.module}")
    except ModuleNotFoundError as missing:
        raise ExtensionFault(
            f"{reference}: {missing.msg or missing}; in the extension: {_names(code)}"
        ) from missing
    except (Exception, SystemExit) as error:  # the code of somebody else may raise anything
        sentence = f"{reference}: importing it raised {type(error).__name__}: {error}"[:500]
        raise ExtensionFault(sentence + place_in_extension(error)) from error
    found = module.__dict__.get(reference.name)
    if not isinstance(found, type):
        raise ExtensionFault(
            f"{reference}: expected a class {reference.name} in {reference.module}, found {found!r}"[:500]
        )
    return found


def place_in_extension(error: BaseException) -> str:
    """The last line of an extension that an error passed through, as `` (parser.py, line 24)``; else empty."""
    frames = traceback.walk_tb(error.__traceback__)
    places = [(frame.f_code.co_filename, line) for frame, line in frames]
    ours = [(name.split("/", 2)[-1], line) for name, line in places if name.startswith(f"{ROOT}/")]
    return f" ({ours[-1][0]}, line {ours[-1][1]})"[:200] if ours else ""


def _names(code: ExtensionCode) -> str:
    return ", ".join(path for path in code.files if path.endswith(".py"))
