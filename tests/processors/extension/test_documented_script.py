"""The script of docs/extensions.md that runs a parser outside of its confined process."""

import re
import subprocess
import sys
from pathlib import Path

from pipeline.config.settings import ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "extensions.md").read_text("utf-8"), flags=re.DOTALL)
PARSER = next(block for block in BLOCKS if block.startswith('"""'))
SCRIPT = next(block for block in BLOCKS if block.startswith("from datetime"))


def test_the_script_prints_the_records_of_the_stored_page(tmp_path: Path) -> None:
    pages = tmp_path / "materials" / "pages"
    pages.mkdir(parents=True)
    (pages.parent / "parser.py").write_text(PARSER, "utf-8")
    cells = "".join(f"<td>{cell}</td>" for cell in ("1", "A book", "", "19.11.2026", ""))
    (pages / "first.html").write_text(f"<table><tbody><tr>{cells}</tr></tbody></table>", "utf-8")
    (tmp_path / "look.py").write_text(SCRIPT, "utf-8")

    run = subprocess.run([sys.executable, "-B", "look.py"], cwd=tmp_path, capture_output=True, text=True)

    assert (run.returncode, "'title': 'A book'" in run.stdout) == (0, True), run.stderr
    assert sorted(each.name for each in pages.parent.iterdir()) == ["pages", "parser.py"]
