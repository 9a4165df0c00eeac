"""Time and saved memory of mixtures relative to fixed layers, measured in one run.

Layers take turns, and the minimum of several rounds counts: the machine's other work slows
rounds, and never hastens one. The reference is the fixed layer of the same form, treated by the
same code; a form that has none is compared with the fixed one that it becomes where activations
are id: two_sided and quadratic with one_sided (SwiGLU).
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind, kinds_of
from expressivity.classes.neurons import NEURONS
from expressivity.classes.specialisation import fixed_form
from expressivity.fitting.limits import require_memory
from expressivity.fitting.memory import keep_freed_memory
from expressivity.fitting.program import compiler_available
from expressivity.layers import FeedForward

HIDDEN = 4
"""Neurons per input."""

PAPER_TIME = {1: 1.03, 2: 1.13}
"""Time of MoA relative to fixed in arXiv:2605.26647, by the neurons' maps: Type-I and Type-II."""

PAPER_MEMORY = 1.00
"""Memory of MoA relative to fixed there."""

_FORMS = ("type1", "one_sided", "two_sided")
_MODES = ("eager", "compiled")


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """One layer's cost.

    Attributes:
        mode: ``eager`` or ``compiled``.
        width: of the model: inputs and outputs; the layer has ``HIDDEN`` times as many neurons.
        time_ratio: forward and backward, over the reference's.
        saved_memory_ratio: bytes kept for the backward pass, parameters excluded, over the
            reference's.
        milliseconds: forward and backward, the minimum of the rounds.
    """

    form: str
    kind: Kind
    mode: str
    width: int
    tokens: int
    threads: int
    time_ratio: float
    saved_memory_ratio: float
    milliseconds: float

    @property
    def paper_time(self) -> float | None:
        """The paper's ratio for MoA of neurons with as many maps, or None."""
        return PAPER_TIME.get(NEURONS[self.form].maps) if self.kind.gated else None

    def json(self) -> dict[str, object]:
        """JSON form."""
        return asdict(self)


def layer_family(form: str, kind: Kind, width: int) -> Family:
    """The family that is measured: silu, or all seven with sigmoid gates; no hidden biases."""
    return Family(
        kind=kind,
        neuron=form,
        width=HIDDEN * width,
        dimension=width,
        outputs=width,
        dictionary=FULL_DICTIONARY if kind.mixes or not NEURONS[form].mixtures else ("silu",),
        gate=GateSpec(name="sigmoid") if kind.gated else None,
        bias=False,
    )


def compared(forms: Sequence[str], width: int, *, learned: bool = True) -> dict[Family, Family]:
    """The layers that are measured, each with the one it is compared with.

    Without ``learned`` those of learned coefficients are left out.

    Raises:
        ValueError: a form that no fixed layer is comparable with.

    >>> for measured, reference in compared(["two_sided"], 16).items():
    ...     print(measured.kind, measured.neuron, reference.neuron)
    fixed one_sided one_sided
    la two_sided one_sided
    moa two_sided one_sided
    """
    found: dict[Family, Family] = {}
    for form in forms:
        name = fixed_form(form)
        if name is None:
            raise ValueError(f"required: forms that hold a fixed layer; got {form}, which has none")
        reference = layer_family(name, Kind.FIXED, width)
        found[reference] = reference
        mixing = [k for k in kinds_of(NEURONS[form]) if k.gated or (k.learned and learned)]
        found |= {layer_family(form, kind, width): reference for kind in mixing}
    return found


def require_room(width: int) -> None:
    """Refuse layers that this machine cannot hold: their float32 weights and as many gradients.

    Raises:
        ValueError: what they would take, and what there is.
    """
    weights = sum(f.parameter_count for f in compared(_FORMS, width))
    what = f"layers of width {width}, all at once"
    require_memory({"cpu": 2 * weights * 4}, what, "a smaller width")


def modes() -> tuple[str, ...]:
    """``eager``, and ``compiled`` where there is a compiler."""
    return _MODES if compiler_available() else _MODES[:1]


def measure(
    *,
    width: int,
    mode: str,
    forms: Sequence[str] = _FORMS,
    learned: bool = True,
    tokens: int = 2048,
    rounds: int = 5,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Iterator[Overhead]:
    """Measure fixed, LA and MoA layers of one width in one mode.

    Args:
        width: inputs and outputs.
        mode: one of :func:`modes`.
        forms: what to measure.
        learned: whether LA is measured, beside fixed and MoA.
        tokens: inputs in one batch.
        rounds: repetitions of each layer.
        device: of the weights and the inputs.
        dtype: of the same, and of the arithmetic.

    Raises:
        ValueError: a size below 1, or a form that no fixed layer is comparable with.
    """
    for name, size in (("width", width), ("tokens", tokens), ("rounds", rounds)):
        if size < 1:
            raise ValueError(f"required: {name} of at least 1; got {size}")
    # Else glibc hands every large activation back to the kernel, and page faults are measured.
    keep_freed_memory()
    cases = compared(forms, width, learned=learned)
    generator = torch.Generator().manual_seed(0)
    x_TD, gradient_TD = (
        torch.randn(tokens, width, generator=generator).to(device, dtype) for _ in range(2)
    )
    modules = [FeedForward(family, device=device, dtype=dtype) for family in cases]
    costs = _costs(modules, x_TD.requires_grad_(), gradient_TD, mode, rounds)
    found = dict(zip(cases, costs, strict=True))
    for family, reference in cases.items():
        seconds, saved = found[family]
        reference_seconds, reference_saved = found[reference]
        yield Overhead(
            form=family.neuron,
            kind=family.kind,
            mode=mode,
            width=width,
            tokens=tokens,
            threads=torch.get_num_threads(),
            time_ratio=seconds / reference_seconds,
            saved_memory_ratio=saved / reference_saved,
            milliseconds=1000 * seconds,
        )


def _costs(
    layers: Sequence[nn.Module], x_TD: Tensor, gradient_TD: Tensor, mode: str, rounds: int
) -> list[tuple[float, int]]:
    """Seconds and saved bytes of each layer; they take turns."""
    with many_programs(), warnings.catch_warnings():
        # Third-party deprecations inside the compiler are not the user's business.
        warnings.simplefilter("ignore")
        modules = list(layers)
        if mode == "compiled":
            # Sizes of an earlier width must not make this one's programs generic.
            optimised = [torch.compile(m, fullgraph=True, dynamic=False) for m in modules]
            modules = [cast(nn.Module, module) for module in optimised]
        for module in modules:
            _step(module, x_TD, gradient_TD)
        saved = [saved_bytes(module, x_TD) for module in modules]
        seconds = [float("inf")] * len(modules)
        for _ in range(rounds):
            for place, module in enumerate(modules):
                seconds[place] = min(seconds[place], _step(module, x_TD, gradient_TD))
    return list(zip(seconds, saved, strict=True))


def saved_bytes(module: nn.Module, x: Tensor) -> int:
    """Bytes that one forward pass keeps for the backward pass, parameters excluded.

    Counts distinct storages, the input's included, of eager and compiled modules alike.

    >>> saved_bytes(nn.Linear(3, 2), torch.zeros(5, 3))
    60
    """
    parameters = {p.untyped_storage().data_ptr() for p in module.parameters()}
    storages: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        module(x)
    return sum(s.nbytes() for address, s in storages.items() if address not in parameters)


def _step(module: nn.Module, x_TD: Tensor, gradient_TD: Tensor) -> float:
    """Seconds of one forward and backward pass."""
    module.zero_grad(set_to_none=True)
    x_TD.grad = None
    synchronize(x_TD.device)
    started = time.perf_counter()
    module(x_TD).backward(gradient_TD)
    synchronize(x_TD.device)
    return time.perf_counter() - started


def synchronize(device: torch.device | str) -> None:
    """Wait until a device has done all that it was told to; a CPU always has."""
    if torch.device(device).type != "cpu":
        torch.accelerator.synchronize(device)


def many_programs() -> Any:
    """A layer's code is one function, and torch.compile gives up after eight programs for it."""
    return cast(Any, torch)._dynamo.config.patch(recompile_limit=64)
