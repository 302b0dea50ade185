"""The reference of DAGs: the docstring of each, which is its manual inside Airflow as well."""

import ast
from pathlib import Path

from docs.generator.markdown import from_docstring
from pipeline.config.settings import ROOT

HEAD = """# DAGs

What runs when, in Airflow. The same text stands on the page of each DAG there.

"""


def dag_files() -> list[Path]:
    """The modules that define a DAG."""
    return sorted(path for path in (ROOT / "dags").glob("*.py") if path.stem != "__init__")


def dags_page() -> str:
    """The page in Markdown."""
    return HEAD + "".join(f"## {path.stem}\n\n{_manual(path)}\n\n" for path in dag_files())


def _manual(path: Path) -> str:
    return from_docstring(ast.get_docstring(ast.parse(path.read_text("utf-8"))))
