"""What `letapis prepare` prints of each thing that is ready now."""

import pytest

from pipeline.airflow_roles import ROLES
from pipeline.commands.stack import describe_prepared
from pipeline.prepare import POOLS


@pytest.mark.parametrize("name", ["Database", "Object store", *(f"Pool {name}" for name in POOLS), *ROLES])
def test_a_line_keeps_the_name_apart_from_what_was_found(name: str) -> None:
    line = describe_prepared({"name": name, "found": "role of Airflow, made", "problem": None})

    assert line.split(maxsplit=len(name.split())) == [*name.split(), "role of Airflow, made"]
    assert line.index("role of Airflow") == 18
