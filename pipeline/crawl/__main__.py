"""The crawl's own process: ``python -m pipeline.crawl FOLDER [CHROMIUM]``, started by
``pipeline.crawl.launcher``.
"""

import sys
from pathlib import Path

import uvloop

from crawlers.log_lines import begin_json_lines
from pipeline.crawl.crawl_process import run_crawl_process


def main(arguments: list[str]) -> int:
    """Run the crawl whose job lies in the folder; exit code 0 when its report was written."""
    begin_json_lines()
    chromium = Path(arguments[1]) if len(arguments) > 1 and arguments[1] else None
    uvloop.run(run_crawl_process(Path(arguments[0]), chromium))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
