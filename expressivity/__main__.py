"""``python -m expressivity``."""

import sys

from expressivity.cli import main

sys.exit(main())
