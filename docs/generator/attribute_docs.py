"""The texts that stand below the fields of a class, where a reader of the code finds them.

In: a class whose source is at hand. Out: text by field name. Python keeps no docstrings of fields, so they are
read from the source."""

import ast
import inspect
import textwrap

from docs.generator.markdown import from_docstring


def attribute_docs(cls: type) -> dict[str, str]:
    """The text below each field of the class and of the classes it is made from, as one line of Markdown."""
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        if each.__module__.partition(".")[0] in ("crawlers", "pipeline", "processors", "storage", "access"):
            found |= _own(each)
    return found


def _own(cls: type) -> dict[str, str]:
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(said))),
            ):
                found[name] = " ".join(from_docstring(said).split())
    return found
