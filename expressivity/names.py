"""Names as people write them: other spellings, near misses, and how an unknown one is refused.

What is kept and compared is always the canonical name, so that two spellings of a class are one.
"""

from collections.abc import Iterable
from difflib import get_close_matches

_OTHER_NAMES = {
    "swish": "silu",
    "identity": "id",
    "squaredrelu": "relu2",
    "relusquared": "relu2",
    "hyperbolictangent": "tanh",
    "logistic": "sigmoid",
}
"""Names of the literature, folded, beside those used here."""
_NEAR, _SUGGESTED = 0.6, 2


class UnknownNameError(ValueError):
    """A name that no entry has; the message lists the choices."""


def canonical(name: object, choices: Iterable[str]) -> str | None:
    """The one choice that a name stands for: itself, or whatever its case and punctuation.

    None where there is none, or more than one.

    >>> canonical("LeakyReLU", ["relu", "leaky_relu"]), canonical("swish", ["silu", "tanh"])
    ('leaky_relu', 'silu')
    >>> canonical("SwiGLU", ["silu", "tanh"]) is None
    True
    """
    known = list(choices)
    if not isinstance(name, str):
        return None
    if name in known:
        return name
    for wanted in (_folded(name), _OTHER_NAMES.get(_folded(name))):
        alike = [choice for choice in known if _folded(choice) == wanted]
        if alike:
            return alike[0] if len(alike) == 1 else None
    return None


def unknown(
    noun: str, name: object, choices: Iterable[str], *, further: Iterable[str] = ()
) -> UnknownNameError:
    """The refusal of a name: what may have been meant, and the choices.

    Args:
        noun: what the name is one of.
        name: as it came.
        choices: all that are listed.
        further: others that are known, for suggestions.

    >>> print(unknown("gate", "tahn", ["sigmoid", "tanh"]))
    unknown gate 'tahn' (did you mean tanh?): choose from sigmoid, tanh
    """
    listed = list(choices)
    spelled = {_folded(choice): choice for choice in (*further, *listed)}
    near = get_close_matches(_folded(str(name)), spelled, n=_SUGGESTED, cutoff=_NEAR)
    meant = " or ".join(spelled[each] for each in near)
    hint = f" (did you mean {meant}?)" if meant else ""
    return UnknownNameError(f"unknown {noun} {name!r}{hint}: choose from {', '.join(listed)}")


def _folded(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
