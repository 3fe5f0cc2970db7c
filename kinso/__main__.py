"""The command line: `python -m kinso --help`."""

import sys

from kinso.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
