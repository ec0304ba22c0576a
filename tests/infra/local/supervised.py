"""Runs the supervisor over the sample system: python -m tests.infra.local.supervised HOME PORT ASSEMBLY."""

import sys
from pathlib import Path

from infra.local.home import Home
from infra.local.run import Supervisor

if __name__ == "__main__":
    home, port, assembly = sys.argv[1:]
    sys.exit(Supervisor(Home(Path(home)), int(port), lambda *_: None, Path(assembly)).run())
