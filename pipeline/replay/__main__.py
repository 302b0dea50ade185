"""The replay host of the embedded stack: ``python -m pipeline.replay PORT``."""

import sys

from pipeline.config.settings import load_settings
from pipeline.replay.server import serve_replay


def main(arguments: list[str]) -> int:
    """Serve until the process is told to end."""
    serve_replay(load_settings(), port=int(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
