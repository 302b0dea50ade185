import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.config.settings import ROOT

if TYPE_CHECKING:
    from airflow.sdk import DAG

DAG_FILES = tuple(sorted(path for path in (ROOT / "dags").glob("*.py") if path.stem != "__init__"))


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Airflow reads its configuration at import; it gets a folder of its own and touches no other."""
    home = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(home))
        patch.setenv("AIRFLOW_CONFIG", str(home / "airflow.cfg"))
        patch.setitem(os.environ, "AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        yield home


@pytest.fixture(scope="session")
def dags(airflow_home: Path) -> "dict[str, DAG]":
    """Every DAG by id, from files read as Airflow reads them: by path, without a running stack."""
    from airflow.sdk import DAG

    found = {}
    for path in DAG_FILES:
        spec = importlib.util.spec_from_file_location(f"dag_file_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        for value in vars(module).values():
            if isinstance(value, DAG):
                found[value.dag_id] = value
    return found
