"""The files under `deploy/`: units that systemd accepts, hardened, with commands and folders that exist."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_group

from pipeline.cli import app
from pipeline.config.settings import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    program = tmp_path / "letapis"
    program.touch(mode=0o755)
    for path in UNITS:
        text = path.read_text("utf-8").replace("/opt/letapis/.venv/bin/letapis", str(program))
        (tmp_path / path.name).write_text(text.replace("/opt/letapis", str(ROOT)), "utf-8")

    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / path.name for path in UNITS)],
        capture_output=True,
        text=True,
        timeout=60,
    )

    about_ours = [line for line in verified.stderr.splitlines() if str(tmp_path) in line or "letapis" in line]
    assert (verified.returncode, about_ours) == (0, [])


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_runs_a_command_that_exists_and_has_no_way_to_more_rights(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    settings = {
        name: value for name, _, value in (line.partition("=") for line in lines if not line.startswith("#"))
    }
    ran = re.fullmatch(r"/opt/letapis/\.venv/bin/letapis ([a-z-]+)( .*)?", settings["ExecStart"])

    assert ran is not None
    assert ran[1] in get_group(app).commands
    assert {
        "User": "letapis",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "CapabilityBoundingSet": "",
        "RestrictSUIDSGID": "yes",
    }.items() <= settings.items()


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_names_a_page_that_exists_and_stands_on_the_page_about_units(path: Path) -> None:
    (page,) = re.findall(r"^Documentation=file:///opt/letapis/(\S+)$", path.read_text("utf-8"), flags=re.MULTILINE)

    assert (ROOT / page).is_file()
    assert f"| `{path.name}` |" in (ROOT / "docs" / "deploy.md").read_text("utf-8")
