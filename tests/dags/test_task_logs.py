"""What Airflow writes into the log of a task holds no link to a watched site."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config.settings import ROOT

pytestmark = pytest.mark.slow

WRITES = """
import io, sys
import structlog
from airflow.sdk.log import load_remote_log_handler, logging_processors
out = io.BytesIO()
logger = structlog.wrap_logger(structlog.BytesLogger(out), processors=logging_processors(json_output=True)).bind()
logger.info("https://vesnik.example/a is a challenge; look at http://127.0.0.1:8099/archive/ for https://b.example")
try:
    try:
        raise ValueError("https://vesnik.example/inner")
    except ValueError as inner:
        raise RuntimeError("http://vesnik.example/outer") from inner
except RuntimeError:
    logger.exception("Task failed", urls=["https://vesnik.example/list"], job={"url": "https://vesnik.example/job"})
sys.stdout.buffer.write(out.getvalue())
"""


def test_a_line_and_an_error_are_written_without_live_addresses(tmp_path: Path) -> None:
    (tmp_path / "sql_alchemy_conn").write_text(f"sqlite:///{tmp_path}/airflow.db")
    for name in ("fernet_key", "secret_key", "jwt_secret"):
        (tmp_path / name).write_text("c2VjcmV0" * 5 + "c2U=")
    ran = subprocess.run(
        [sys.executable, "-c", WRITES],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW_CONFIG": str(ROOT / "airflow.cfg"),
            "LETAPIS_ROOT": str(ROOT),
            "AIRFLOW__API__BASE_URL": "http://127.0.0.1:8099",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    said, failed = (json.loads(line) for line in ran.stdout.splitlines()[-2:])
    assert said["event"] == (
        "hxxps://vesnik.example/a is a challenge; look at http://127.0.0.1:8099/archive/ for hxxps://b.example"
    )
    text = json.dumps(failed)
    assert "http://" not in text and "https://" not in text
    for part in ("inner", "outer", "list", "job"):
        assert f"://vesnik.example/{part}" in text
