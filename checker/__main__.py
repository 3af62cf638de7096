"""`python -m checker` is `backprop-check`."""

import sys

from checker.cli.main import main

sys.exit(main())
