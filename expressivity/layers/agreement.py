"""Does a replaced block compute what the block computed? Both are run and compared.

Once in float64, where a function that is merely similar shows in any dtype, and once as they
are, in training and in evaluation mode. The tolerance is the rounding of the arithmetic itself.

Shape letters: T leading axes, D inputs, M neurons, O outputs.
"""

import itertools
import math
import random
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from expressivity.layers.blocks import Block
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.linears import bias_of

_ROUNDINGS = 16
"""Roundings between the pre-activations and the neurons' weighted values, of both blocks
together: activation, coefficients (gate, scale, their product and sum; two sides), the product of
the factors, and the factor that a conversion moves into the output weights."""

_DEVIATIONS = 8.0
"""Rounding errors are taken as independent, and their sum as at most this many of its standard
deviations: a sum of n of them exceeds 8 sqrt(n) of the largest with a probability of at most
2 exp(-32) (N. J. Higham, T. Mary, 2019, doi:10.1137/18M1226312, theorem 2.4)."""


@contextmanager
def undisturbed(device: torch.device) -> Generator[None]:
    """A context after which random numbers, all global ones, are as they were before."""
    state, others = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            yield
    finally:
        random.setstate(state)
        np.random.set_state(others)  # noqa: NPY002


def disagreement(
    original: nn.Module, fixed: Block, new: Block, *, wide: torch.dtype = torch.float64
) -> str | None:
    """Where blocks that should compute the same do not, or None.

    The modules given are used up: their modes, dtypes and devices change. Random numbers are
    drawn from a generator of the check's own, and torch's global ones come back as they were.

    Args:
        original: the block; a copy.
        fixed: the block as it was read, a fixed layer; a copy.
        new: what shall take its place; its mode changes, nothing else.
        wide: dtype of the first comparison, of ``original`` and ``fixed`` on the CPU.
    """
    weight = new.feed_forward.w.weight
    x_TD = _inputs(fixed)
    tolerance_TO = _enlarged(fixed) * _rounding(fixed, x_TD, weight.dtype)
    x_own = x_TD.to(weight)
    for training in (True, False):
        theirs, ours = (_run(block.train(training), x_own) for block in (original, new))
        found = _difference(theirs, ours, tolerance_TO)
        if found is not None:
            return f"{found} in {'training' if training else 'evaluation'} mode"
    device = weight.device
    with undisturbed(device), torch.autocast(device.type, dtype=torch.bfloat16):
        mixed = [block.train()(x_own).dtype for block in (original, new)]
    if mixed[0] != mixed[1]:
        return f"outputs have dtype {mixed[1]} for {mixed[0]} under autocast"
    problem = _disagreement_in(original.to("cpu", wide), fixed.to("cpu", wide), x_TD.to(wide))
    if problem is not None:
        return f"{problem} in {str(wide).removeprefix('torch.')}"
    return _untrained(original.requires_grad_(), x_TD.to(wide))


def _disagreement_in(original: nn.Module, fixed: Block, x_TD: Tensor) -> str | None:
    """Where two blocks differ in outputs, or in the gradients of the tokens, or None."""
    enlarged, limit = _enlarged(fixed), _GRADIENT_TOLERANCE[x_TD.dtype]
    for training, far in itertools.product((True, False), (1.0, _FAR)):
        x_far = far * x_TD
        theirs, ours = (_run(block.train(training), x_far) for block in (original, fixed))
        found = _difference(theirs, ours, enlarged * _rounding(fixed, x_far, x_TD.dtype))
        if found is not None:
            return found
        theirs_TD, ours_TD = (
            _differentiated(block.train(training), x_far) for block in (original, fixed)
        )
        largest_T1 = theirs_TD.abs().amax(-1, keepdim=True)
        if not bool(((ours_TD - theirs_TD).abs() <= limit * largest_T1).all()):
            return "gradients differ"
    return None


_FAR = 2.0**17
"""By which tokens are enlarged to see a limit that only large values reach."""

_GRADIENT_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-3}
"""Relative to the token's largest."""


def _enlarged(fixed: Block) -> float:
    """By how much dropout enlarges what it keeps."""
    parts = [*fixed.inner.modules(), *fixed.dropout.modules()]
    dropped = [float(getattr(part, "p", 0.0)) for part in parts]
    return math.prod(1.0 if p == 1 else 1 / (1 - p) for p in dropped)


def layers_disagree(before: nn.Module, after: nn.Module, *others: Any) -> str | None:
    """Where layers do not compute the same that differ by a block inside, or None.

    What the layer makes of a block's output may enlarge rounding: this is to see that the block
    is where it should be, and outputs may differ by ``LAYER_TOLERANCE`` of the largest.

    Args:
        before: a copy of the layer, which is used up.
        after: the same with the new block.
        *others: arguments beside the tokens.
    """
    weight = next(before.parameters())
    generator = torch.Generator("cpu").manual_seed(1)
    width = next(m.family.dimension for m in after.modules() if isinstance(m, FeedForward))
    x_TD = torch.randn(2, 8, width, generator=generator, device="cpu").to(weight)
    for training in (True, False):
        try:
            theirs, ours = (
                list(_tensors(_run(layer.train(training), x_TD, *others)))
                for layer in (before, after)
            )
        except Exception as error:  # noqa: BLE001 - of someone else's forward, whatever it does
            return f"it cannot be run with the new block ({type(error).__name__})"
        if len(theirs) != len(ours):
            return f"it returns {len(ours)} tensors for {len(theirs)}"
        for their, our in zip(theirs, ours, strict=True):
            wide = their.detach().to("cpu", torch.float64)
            limit = LAYER_TOLERANCE[their.dtype] * wide.abs().amax()
            found = _difference(their, our, limit.expand(wide.shape))
            if found is not None:
                return f"its {found} in {'training' if training else 'evaluation'} mode"
    return None


LAYER_TOLERANCE = {
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.float16: 2e-2,
    torch.bfloat16: 1e-1,
}
"""Of outputs of whole layers, relative to the largest."""


def _tensors(value: Any) -> Iterator[Tensor]:
    """The floating-point tensors of a structure."""
    if isinstance(value, Tensor) and value.is_floating_point():
        yield value
    elif isinstance(value, Mapping):
        yield from _tensors(tuple(cast(Mapping[Any, Any], value).values()))
    elif isinstance(value, tuple | list):
        for part in cast(Sequence[Any], value):
            yield from _tensors(part)


def _untrained(original: nn.Module, x_TD: Tensor) -> str | None:
    """Parameters that no gradient reaches, though values depend on them, or None."""
    names, parameters = zip(*original.named_parameters(), strict=True)
    total = _run(original, x_TD).sum()
    gradients = cast(
        tuple[Tensor | None, ...], torch.autograd.grad(total, parameters, allow_unused=True)
    )
    cut = [name for name, g in zip(names, gradients, strict=True) if g is None]
    return f"no gradient reaches {', '.join(cut)}" if cut else None


def _inputs(fixed: Block) -> Tensor:
    """Tokens x_TD, float64 on the CPU, whose pre-activations have sizes 1/32 to 8.

    An activation shows its shape there, and a clipped one its limit.
    """
    layer = fixed.feed_forward
    generator = torch.Generator("cpu").manual_seed(0)
    shape = (2, 8, layer.family.dimension)
    x_TD = torch.randn(shape, generator=generator, dtype=torch.float64, device="cpu")
    size_T1 = (x_TD @ layer.w.weight.detach().to(x_TD).mT).square().mean(-1, keepdim=True).sqrt()
    scale_T = torch.logspace(-5, 3, 16, base=2, dtype=torch.float64, device="cpu")
    scale_T1 = scale_T.reshape(2, 8, 1)
    return x_TD * torch.where(size_T1 > 0, scale_T1 / size_T1, scale_T1)


def _run(block: nn.Module, x_TD: Tensor, *others: Any) -> Any:
    device = x_TD.device
    with undisturbed(device), torch.autocast(device.type, enabled=False), torch.enable_grad():
        return block(x_TD.detach().clone().requires_grad_(), *others)


def _differentiated(block: nn.Module, x_TD: Tensor) -> Tensor:
    """Gradients of the sum of a block's outputs by the tokens."""
    device = x_TD.device
    with undisturbed(device), torch.autocast(device.type, enabled=False), torch.enable_grad():
        leaf_TD = x_TD.detach().clone().requires_grad_()
        total = cast(Tensor, block(leaf_TD)).sum()
        (found,) = torch.autograd.grad(total, leaf_TD, allow_unused=True, materialize_grads=True)
    return found


def _difference(original: Tensor, new: Tensor, tolerance_TO: Tensor) -> str | None:
    """How far outputs are apart, or None where that is rounding."""
    for name in ("shape", "dtype", "requires_grad"):
        theirs, ours = getattr(original, name), getattr(new, name)
        if theirs != ours:
            return f"outputs have {name} {ours} for {theirs}"
    theirs_TO, ours_TO = (t.detach().to("cpu", torch.float64) for t in (original, new))
    if not bool((theirs_TO.isfinite() & ours_TO.isfinite()).all()):
        return "outputs are not finite"
    apart_TO = (ours_TO - theirs_TO).abs()
    if bool((apart_TO <= tolerance_TO).all()):
        return None
    relative = float((apart_TO / theirs_TO.abs().amax(-1, keepdim=True)).max())
    return f"outputs differ by up to {relative:.1e} of the token's largest"


def _rounding(fixed: Block, x_TD: Tensor, dtype: torch.dtype) -> Tensor:
    """By how much rounding in a dtype sets the outputs of two blocks apart, float64.

    First-order error analysis of a fixed layer, with sums accumulated in float32 or better.
    """
    layer = fixed.feed_forward
    unit = torch.finfo(dtype).eps / 2
    below = torch.finfo(dtype).smallest_normal * unit  # of numbers that underflow
    sums = min(unit, 2.0**-24)
    if dtype is torch.float32:
        # What callers allow matrix products to round to, beside float32: TF32, bfloat16.
        sums = {"highest": sums, "high": 2.0**-11}.get(
            torch.get_float32_matmul_precision(), 2.0**-8
        )

    def linear(map_: nn.Linear, bias: Tensor | None, x: Tensor) -> tuple[Tensor, Tensor]:
        """Values, and the standard deviation of their errors in both blocks."""
        weight = map_.weight.detach().to(x)
        added = torch.zeros(len(weight)).to(x) if bias is None else bias.detach().to(x)
        value, size = x @ weight.mT + added, x.abs() @ weight.abs().mT + added.abs()
        return value, 2 * (math.sqrt(x.shape[-1]) * sums * size + unit * value.abs() + below)

    z, dz = linear(layer.w, bias_of(layer.w), x_TD)
    s, slope = layer.program.activations[0].value_and_derivative(z)
    # Not the slope alone, which jumps at kinks; not s alone: z (1 + erf(z)) / 2 rounds as z does.
    each = math.sqrt(_ROUNDINGS) * (unit * (s.abs() + z.abs()) + below)
    ds = slope.abs().clamp(min=1) * dz + each
    h, dh = s, ds
    if layer.v is not None:
        y, dy = linear(layer.v, bias_of(layer.v), x_TD)
        h, dh = s * y, ds * y.abs() + s.abs() * dy + below
    _, error = linear(layer.a, fixed.bias, h)
    # Coefficients round alike for all neurons: by no more than 16 unit of the output, in error.
    spread = (dh.square() @ layer.a.weight.detach().to(h).square().mT).sqrt()
    return _DEVIATIONS * (error + spread)
