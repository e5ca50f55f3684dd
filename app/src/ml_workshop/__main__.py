"""`python -m ml_workshop`."""

import sys

from ml_workshop.cli import main

sys.exit(main())
