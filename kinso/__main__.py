"""The command line: `python -m kinso --help`."""

from kinso.cli.main import main

if __name__ == "__main__":
    main()
