"""A user's own ``nn.Module`` as a class: what can be fitted, and what its author declares.

Nothing is derived from a module. It is a function of its parameters and of x; its facts are the
author's word, and whatever rests on them carries the evidence ``declared``. Without facts, fits
work and membership is unknown.

Shape letters: L lanes, P packed parameters, O outputs, N nodes, D dimension, E = d + 1 coordinates.
"""

import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from expressivity.classes.networks import NetworkFunction


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What the author of a module states of every network of the class; None claims nothing.

    Attributes:
        smoothness: k, where every network is C^k.
        analytic: True, where every network is real-analytic on the whole space.
        degree: where every network is piecewise a polynomial of at most this degree.

    Raises:
        ValueError: a fact of another type.
    """

    smoothness: int | None = None
    analytic: bool | None = None
    degree: int | None = None

    def __post_init__(self) -> None:
        for name in ("smoothness", "degree"):
            value: Any = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 0):
                raise ValueError(f"required: {name} as a number from 0 on, or None; got {value!r}")
        if self.analytic not in (None, True):
            raise ValueError(f"required: analytic True or None; got {self.analytic!r}")

    def __str__(self) -> str:
        """The declared facts in words."""
        facts = {
            f"C^{self.smoothness}": self.smoothness is not None,
            "real-analytic": self.analytic is not None,
            f"piecewise polynomial of degree {self.degree}": self.degree is not None,
        }
        return ", ".join(fact for fact, stated in facts.items() if stated) or "nothing"


ModuleFactory = Callable[[int, int], nn.Module]
"""(width, dimension) -> a module from (N, dimension) to (N, outputs), its parameters random."""


@dataclass(frozen=True, kw_only=True)
class ModuleFamily:
    """An entry of ``FAMILIES`` beside factories of families: a module of any width and dimension.

    Attributes:
        name: in commands.
        factory: makes the module; what it draws at random starts a fit.
        facts: the author's word.
        outputs: number of outputs.
    """

    name: str
    factory: ModuleFactory
    facts: Declared = Declared()
    outputs: int = 1

    def __call__(self, width: int, dimension: int) -> "ModuleClass":
        """The class of this width and dimension.

        Raises:
            ValueError: what the factory makes is no module from (N, dimension) to (N, outputs).
        """
        made = ModuleClass(family=self, width=width, dimension=dimension)
        module: Any = made.module(seed=0)
        if not isinstance(module, nn.Module):
            raise ValueError(
                f"required: an nn.Module from the factory of {self.name}; got {module!r}"
            )
        shape = tuple(module(torch.zeros(3, dimension, dtype=torch.float64)).shape)
        if shape != (3, self.outputs):
            raise ValueError(
                f"required: values of shape (3, {self.outputs}) of {self.name} at 3 nodes; "
                f"got {shape}"
            )
        return made


@dataclass(frozen=True, kw_only=True)
class ModuleClass:
    """A module's networks of one width and dimension, as fits and membership ask for them.

    Attributes:
        family: what it is one of.
        width, dimension: of the module.
    """

    family: ModuleFamily
    width: int
    dimension: int

    @property
    def name(self) -> str:
        """The name of the family."""
        return self.family.name

    @property
    def facts(self) -> Declared:
        """What the author declares."""
        return self.family.facts

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.family.outputs

    def module(self, *, seed: int) -> nn.Module:
        """A module with the factory's random parameters, in float64."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = self.family.factory(self.width, self.dimension)
        return made.double() if isinstance(made, nn.Module) else made  # pyright: ignore[reportUnnecessaryIsInstance]

    @functools.cached_property
    def _modules(self) -> tuple[nn.Module]:
        return (self.module(seed=0),)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every parameter with its shape, in the order of a packed vector."""
        named = self._modules[0].named_parameters()
        return MappingProxyType({name: tuple(block.shape) for name, block in named})

    @property
    def parameter_count(self) -> int:
        """Learned parameters."""
        return sum(prod(shape) for shape in self.shapes.values())

    def frozen(self, block: str) -> slice | None:
        """No part of a block is held."""
        return None

    def start(self, *, seed: int, lane: int) -> Tensor:
        """Packed parameters theta_P of the factory's random module; (seed, lane) decide."""
        module = self.module(seed=(seed * 1_000_003 + lane) % 2**63)
        return torch.cat([block.detach().flatten() for block in module.parameters()])

    def network(self) -> NetworkFunction:
        """Values and Jacobian of lanes, by automatic differentiation, uncompiled."""
        (module,) = self._modules
        names = tuple(self.shapes)
        lock = threading.Lock()  # a call puts the parameters into the module, which threads share

        def values(parameters: tuple[Tensor, ...], x_EN: Tensor) -> Tensor:
            named = dict(zip(names, parameters, strict=True))
            return torch.func.functional_call(module, named, (x_EN[:-1].mT,)).mT

        def both(parameters: tuple[Tensor, ...], x_EN: Tensor) -> tuple[Tensor, Tensor]:
            found = values(parameters, x_EN)
            return found, found

        derivative: Any = torch.func.jacrev(both, has_aux=True)
        batched: Any = torch.func.vmap(derivative, in_dims=(0, None))

        def network(x_EN: Tensor, blocks: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
            with lock:
                jacobians, f_LON = batched(blocks, x_EN)
            rows = [
                jacobian.flatten(3).movedim(3, 1)
                for jacobian in (j[..., None] if j.ndim == 3 else j for j in jacobians)
            ]
            return f_LON, rows

        return network
