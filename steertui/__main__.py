"""Makes `python -m steertui` the same as `steertui`."""

import sys

from steertui.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
