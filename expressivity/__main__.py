"""``python -m expressivity``, which does what the console script ``expressivity`` does."""

import sys
from pathlib import Path


def _run() -> int:
    # Python puts the working directory first on the path of -m, and not on that of a script. It may
    # hold a folder that is called figures or proofs; only the source tree itself is wanted there.
    if not sys.flags.safe_path and sys.path[0] != str(Path(__file__).parents[1]):
        del sys.path[0]
    from expressivity.cli import main

    return main()


sys.exit(_run())
