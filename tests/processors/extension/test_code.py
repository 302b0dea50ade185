"""An extension's archive: the same bytes wherever it is packed, and nothing else is taken for one."""

import io
import tarfile

import pytest

from processors.extension.code import ClassReference, ExtensionCode, ExtensionFault, pack, parse_reference
from tests.processors.extension.extensions import FILES


def test_the_archive_is_the_same_in_whatever_order_the_files_come() -> None:
    backwards = dict(reversed(FILES.items()))
    assert pack("detained", FILES).archive == pack("detained", backwards).archive
    assert str(pack("detained", {"parser.py": b"x = 1\n"}).digest) == (
        "sha256:5ad6ba506410014050576e28dfaebd3a4ebb2b529efcea17e6b05fdb7630178c"
    ), "the archive of an extension that was deposited years ago must come out the same"


def test_the_archive_is_read_by_any_tar_and_gives_the_files_back() -> None:
    code = pack("detained", FILES)
    with tarfile.open(fileobj=io.BytesIO(code.archive)) as archive:
        assert archive.getnames() == ["detained/__init__.py", "detained/parser.py", "detained/places.py"]
    assert code.files == FILES


def test_one_byte_more_is_another_digest() -> None:
    changed = FILES | {"places.py": FILES["places.py"] + b"\n"}
    assert pack("detained", FILES).digest != pack("detained", changed).digest
    assert pack("detained", FILES).digest != pack("detained_b", FILES).digest


@pytest.mark.parametrize(
    "path",
    ["../x.py", "/etc/x.py", "a/../x.py", "a//x.py", ".hidden.py", "a b.py", "a/" * 6 + "x.py", "x" * 90 + ".py"],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(ExtensionFault, match="expected a path"):
        pack("detained", FILES | {path: b""})


def test_more_than_an_extension_may_hold_is_refused() -> None:
    with pytest.raises(ExtensionFault, match="at most 200 files"):
        pack("detained", {f"m{number}.py": b"" for number in range(201)})
    with pytest.raises(ExtensionFault, match="at most 4194304 bytes"):
        pack("detained", FILES | {"places.json": b" " * (4 << 20)})
    with pytest.raises(ExtensionFault, match="Python code"):
        pack("detained", {"places.json": b"{}"})


@pytest.mark.parametrize("name", ["", "Detained", "detained.more", "9lives", "x" * 41, "os/path"])
def test_a_name_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ExtensionFault, match="expected a name"):
        pack(name, FILES)


def test_an_archive_of_somebody_else_is_refused() -> None:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        link = tarfile.TarInfo("detained/parser.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(ExtensionFault, match="no file of it"):
        _ = ExtensionCode("detained", output.getvalue()).files
    with pytest.raises(ExtensionFault, match="cannot be read"):
        _ = ExtensionCode("detained", b"not a tar archive at all" * 40).files


def test_a_class_is_named_with_its_extension_and_module() -> None:
    assert parse_reference("courts.parser:CourtList") == ClassReference("courts", "parser", "CourtList")
    assert str(parse_reference("courts.minsk.city:List")) == "courts.minsk.city:List"


@pytest.mark.parametrize(
    "text",
    ["os:system", "courts", "courts.parser", "courts.parser:", "courts.parser:a.b", "..parser:X", "courts..x:Y",
     "courts.__init__:X", "courts.parser:__class__", "courts/parser:X", "courts.parser:X Y", "Courts.parser:X",
     ""],
)  # fmt: skip
def test_what_names_no_class_of_an_extension_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected extension\.module:Class"):
        parse_reference(text)
