"""`make env` compiles: where PYTHONDONTWRITEBYTECODE is set, every process would else compile everything again."""

import importlib.util
from pathlib import Path

import pytest

from pipeline.config.settings import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["airflow", "sqlalchemy", "scrapy", "pipeline", "storage", "crawlers", "dags"])
def test_what_every_process_imports_is_there_as_bytecode(name: str) -> None:
    spec = importlib.util.find_spec(name)

    assert spec is not None
    assert spec.origin is not None
    compiled = Path(importlib.util.cache_from_source(spec.origin))
    assert compiled.is_file(), f"{compiled} is missing: run `make env`"


def test_make_env_compiles_every_package_of_ours() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    line = next(line for line in makefile.splitlines() if line.startswith("PACKAGES := "))

    with_code = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert set(line.split()[2:]) == with_code
