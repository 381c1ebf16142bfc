"""The command: see `server.py`."""

import sys

from bench.engine.server import main

if __name__ == "__main__":
    main(*sys.argv[1:])
