"""The registry of activations, with the records of this package."""

from expressivity.classes.activations.approximate import GELU_TANH, QUICK_GELU
from expressivity.classes.activations.elu import ELU, SELU
from expressivity.classes.activations.powers import CUBE, ONE, RELU3, SQUARE
from expressivity.classes.activations.record import Activation
from expressivity.classes.activations.seven import SEVEN
from expressivity.classes.activations.sigmoids import SIGMOID, SOFTSIGN
from expressivity.classes.activations.softplus import MISH, SOFTPLUS
from expressivity.classes.activations.soundness import require_sound
from expressivity.registry import Registry

ACTIVATIONS: Registry[Activation] = Registry(
    "activation", group="expressivity.activations", check=require_sound
)
for _record in (
    *SEVEN, ELU, SELU, SOFTPLUS, MISH, SIGMOID, SOFTSIGN, ONE, SQUARE, CUBE, RELU3, GELU_TANH,
    QUICK_GELU,
):  # fmt: skip
    ACTIVATIONS.add(_record.name, _record, tested=True)

FULL_DICTIONARY: tuple[str, ...] = tuple(record.name for record in SEVEN)
"""The seven activations of arXiv:2605.26647, in its order."""
