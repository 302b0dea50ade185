"""A crawl's own process, started by `pipeline.crawl.launcher`: ``python -m pipeline.crawl FOLDER [CHROMIUM]``."""

import sys
from pathlib import Path

import uvloop

from crawlers.log_lines import begin_json_lines
from pipeline.crawl.crawl_process import run_crawl_process
from pipeline.crawl.signing_key import take_secret


def main(arguments: list[str]) -> int:
    """Run one crawl; exit code 0 when its report was written."""
    begin_json_lines()
    chromium = Path(arguments[1]) if len(arguments) > 1 and arguments[1] else None
    uvloop.run(run_crawl_process(Path(arguments[0]), chromium, take_secret()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
