"""The theorems in ``proofs/coq/``, checked by Coq's kernel.

``coq.py`` finds Coq, ``library.py`` compiles the files into the user's cache, ``statements.py``
writes what each theorem must say from the setting of its Python namesake and ``formulas.py`` what
its targets are, ``audit.py`` has Coq check that it says so, prove that they are, and name its
axioms, ``records.py`` keeps what was accepted.
"""

from proofs.kernel.coq import Coq, CoqMissingError, find_coq
from proofs.kernel.library import Library, builtin_library
from proofs.kernel.verdicts import KernelVerdict, check

__all__ = [
    "Coq",
    "CoqMissingError",
    "KernelVerdict",
    "Library",
    "builtin_library",
    "check",
    "find_coq",
]
