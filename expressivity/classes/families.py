"""Families: what a network class IS. How it is evaluated lives in ``networks.py``.

With z_j = w_j.x + b_j and y_j = v_j.x + c_j, a family of width m computes

    type1      sum_j a_j L(z_j)                 one_sided  sum_j a_j L(z_j) y_j
    two_sided  sum_j a_j L(z_j) R(y_j)          quadratic  sum_j a_j Q(z_j, y_j)

where L, R mix the dictionary, sum_k coefficient_k s_k(.), and Q mixes its products,
sum_kl coefficient_kl s_k(z) s_l(y). The kind says what the coefficients are: ``fixed`` one
activation, ``la`` learned numbers, ``moa`` learned numbers times gates of x. Coefficients
are shared by all neurons; vector outputs share everything but a. (docs/theory.md, section 1)

``FAMILIES`` gives names to classes of any width and dimension, a user's own among them.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar, cast

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.gates import GateSpec
from expressivity.registry import Registry


class Kind(StrEnum):
    """How a layer chooses its activation."""

    FIXED = "fixed"
    LA = "la"
    MOA = "moa"


class Form(StrEnum):
    """Shape of one neuron."""

    TYPE1 = "type1"
    ONE_SIDED = "one_sided"
    TWO_SIDED = "two_sided"
    QUADRATIC = "quadratic"


FIXED_FORMS = (Form.TYPE1, Form.ONE_SIDED)


@dataclass(frozen=True, kw_only=True)
class Family:
    """One network class of finite width.

    Attributes:
        kind, form: see the module docstring; ``fixed`` exists for type1 and one_sided. Their
            names are accepted too.
        width: number of neurons m.
        dimension: input dimension d.
        dictionary: names of the activations; for ``fixed`` exactly one.
        gate: the gate of ``moa``, or its name, with both switches on; None for other kinds.
        bias: whether the hidden biases b and c are on.
        outputs: number of outputs.

    Raises:
        ValueError: a field of another type, an unknown name or a combination that does not
            exist, in one line.

    >>> Family(kind=Kind.LA, form=Form.TYPE1, width=4, dimension=2).parameter_count
    23
    """

    kind: Kind
    form: Form
    width: int
    dimension: int
    dictionary: tuple[str, ...] = FULL_DICTIONARY
    gate: GateSpec | None = None
    bias: bool = True
    outputs: int = 1

    def __post_init__(self) -> None:
        coerced = {
            "kind": _member(Kind, "kind", self.kind),
            "form": _member(Form, "form", self.form),
            "dictionary": _names(self.dictionary),
            "gate": _gate(self.gate),
            "bias": _switch("bias", self.bias),
            **{name: _count(name, getattr(self, name)) for name in _COUNTS},
        }
        for name, value in coerced.items():
            object.__setattr__(self, name, value)
        if not self.dictionary:
            raise ValueError("required: a dictionary of at least one activation; got none")
        if len(set(self.dictionary)) < len(self.dictionary):
            listed = ",".join(self.dictionary)
            raise ValueError(f"required: each activation once in the dictionary; got {listed}")
        for name in self.dictionary:
            ACTIVATIONS[name]
        if self.kind is Kind.FIXED and len(self.dictionary) != 1:
            raise ValueError("required: exactly one activation in a fixed family")
        if self.kind is Kind.FIXED and self.form not in FIXED_FORMS:
            raise ValueError(
                f"required: form type1 or one_sided for a fixed family; got {self.form}"
            )
        if (self.gate is not None) != (self.kind is Kind.MOA):
            raise ValueError(f"required: a gate for moa and none otherwise; kind is {self.kind}")

    @property
    def activation(self) -> str | None:
        """The one activation of a fixed family."""
        return self.dictionary[0] if self.kind is Kind.FIXED else None

    @property
    def basis(self) -> tuple[str, ...]:
        """Activations that the program evaluates.

        A fixed family over one of the built-in seven is evaluated as LA over all seven with
        one-hot coefficients, so that fixed and LA share one compiled program.
        """
        if self.kind is Kind.FIXED and self.dictionary[0] in FULL_DICTIONARY:
            return FULL_DICTIONARY
        return self.dictionary

    @property
    def sides(self) -> int:
        """Number of coefficient vectors: two for two_sided (one for each factor)."""
        return 2 if self.form is Form.TWO_SIDED else 1

    @property
    def coefficients(self) -> int:
        """Length of one coefficient vector: K = len(basis), or K^2 for quadratic."""
        size = len(self.basis)
        return size * size if self.form is Form.QUADRATIC else size

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every parameter block with its shape, in the order of a packed vector.

        The last column of ``w``, ``v`` and ``u*`` multiplies the constant coordinate: it
        holds the bias. A switch that is off freezes its block (``frozen``), so that the
        shapes depend on nothing but form, kind and sizes.
        """
        columns = self.dimension + 1
        blocks: dict[str, tuple[int, ...]] = {"w": (self.width, columns)}
        if self.form is not Form.TYPE1:
            blocks["v"] = (self.width, columns)
        if self.kind is Kind.MOA:
            for side in range(self.sides):
                blocks[f"u{side}"] = (self.coefficients, columns)
        blocks["a"] = (self.outputs, self.width)
        for side in range(self.sides):
            blocks[f"scale{side}"] = (self.coefficients,)
        return MappingProxyType(blocks)

    def frozen(self, block: str) -> "slice | None":
        """Columns of a block that a switch holds at their start value, or None.

        >>> family = Family(kind=Kind.LA, form=Form.TYPE1, width=1, dimension=1, bias=False)
        >>> family.frozen("w"), family.frozen("a")
        (slice(-1, None, None), None)
        """
        if block in ("w", "v"):
            return None if self.bias else slice(-1, None)
        if block.startswith("u"):
            return None if self.gate is None or self.gate.bias else slice(-1, None)
        if block.startswith("scale"):
            learned = self.kind is Kind.LA or (self.gate is not None and self.gate.scale)
            return None if learned else slice(None)
        return None

    @property
    def parameter_count(self) -> int:
        """Learned parameters, by the formula of docs/theory.md, section 1.

        neurons m (d + b) for each linear map, outputs o m, coefficients C for each side of
        la, C (d + e + scale) for each side of moa; b, e, scale are 1 where on.
        """
        maps = 1 if self.form is Form.TYPE1 else 2
        count = maps * self.width * (self.dimension + self.bias) + self.outputs * self.width
        if self.kind is Kind.LA:
            count += self.sides * self.coefficients
        if self.gate is not None:
            each = self.dimension + self.gate.bias + self.gate.scale
            count += self.sides * self.coefficients * each
        return count

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds per input; evaluations of activations and gate functions are not counted.

        neurons m d for each linear map and m for the product of two factors, outputs o m;
        gates C (d + scale) for each side; mixing m C for each side of la and moa, for
        quadratic m (C + K), the K products with s_k(z) last. Biases start the sums they are in.

        >>> la = Family(kind=Kind.LA, form=Form.TYPE1, width=4, dimension=2)
        >>> la.multiply_adds
        40
        """
        maps = 1 if self.form is Form.TYPE1 else 2
        count = maps * self.width * self.dimension + self.outputs * self.width
        if self.form in (Form.ONE_SIDED, Form.TWO_SIDED):
            count += self.width
        if self.kind is not Kind.FIXED:
            count += self.sides * self.width * self.coefficients
            if self.form is Form.QUADRATIC:
                count += self.width * len(self.basis)
        if self.gate is not None:
            count += self.sides * self.coefficients * (self.dimension + self.gate.scale)
        return count

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "kind": str(self.kind),
            "form": str(self.form),
            "width": self.width,
            "gate": None if self.gate is None else self.gate.json(),
            "activation": self.activation,
            "dictionary": list(self.dictionary),
            "bias": self.bias,
        }


_COUNTS = ("width", "dimension", "outputs")
_E = TypeVar("_E", bound=StrEnum)


def _member(choices: type[_E], name: str, value: Any) -> _E:
    try:
        return choices(value)
    except ValueError:
        listed = ", ".join(choices)
        raise ValueError(f"required: a {name} among {listed}; got {value!r}") from None


def _names(value: Any) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(
        isinstance(name, str) for name in cast(Any, names)
    ):
        raise ValueError(f"required: a dictionary of names of activations; got {value!r}")
    return tuple(cast(Any, names))


def _gate(value: Any) -> GateSpec | None:
    if value is None or isinstance(value, GateSpec):
        return value
    if isinstance(value, str):
        return GateSpec(name=value)
    raise ValueError(f"required: a GateSpec, the name of a gate or None; got {value!r}")


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"required: True or False for {name}; got {value!r}")
    return value


def _count(name: str, value: Any) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        count = None
    if count is None or isinstance(value, bool):
        raise ValueError(f"required: {name} as a whole number; got {value!r}")
    if count < 1:
        raise ValueError(f"required: {name} of at least 1; got {count}")
    return count


def default_dictionary(form: Form) -> tuple[str, ...]:
    """The full dictionary; for products of two mixtures, the four activations T4 and T5 need.

    The 49 products of seven activations are nearly dependent on a bounded domain, and random
    starts then stop between 1e-6 and 1e-5.

    >>> default_dictionary(Form.QUADRATIC)
    ('id', 'relu', 'silu', 'tanh')
    """
    return (
        ("id", "relu", "silu", "tanh")
        if form in (Form.TWO_SIDED, Form.QUADRATIC)
        else FULL_DICTIONARY
    )


FamilyFactory = Callable[[int, int], Family]
"""(width, dimension) -> the family."""


def require_factory(factory: FamilyFactory) -> None:
    """Refuse what does not make families.

    Raises:
        ValueError: no function, or one that does not return a Family of width 2 in dimension 2.
    """
    made: Any = None
    if callable(factory):
        try:
            made = factory(2, 2)
        except Exception as error:  # noqa: BLE001 - a plug-in's function may raise anything
            raise ValueError(
                "required: a function of width and dimension that returns a Family; it raised "
                f"{type(error).__name__} at width 2, dimension 2: {error}"
            ) from None
    if not isinstance(made, Family) or (made.width, made.dimension) != (2, 2):
        raise ValueError(
            "required: a function of width and dimension that returns a Family of these; "
            f"got {made!r} from {factory!r}"
        )


FAMILIES: Registry[FamilyFactory] = Registry(
    "family", group="expressivity.families", check=require_factory
)


def family_of(
    kind: Kind,
    form: Form = Form.TYPE1,
    *,
    dictionary: tuple[str, ...] | None = None,
    gate: GateSpec | None = None,
    bias: bool = True,
) -> FamilyFactory:
    """An entry of ``FAMILIES``: everything but width and dimension.

    >>> family_of(Kind.FIXED, dictionary=("gelu",))(3, 2).parameter_count
    12
    """

    def family(width: int, dimension: int) -> Family:
        return Family(
            kind=kind,
            form=form,
            width=width,
            dimension=dimension,
            dictionary=dictionary or default_dictionary(form),
            gate=gate,
            bias=bias,
        )

    return family


for _name in ("relu", "relu2", "silu", "tanh"):
    FAMILIES.add(_name, family_of(Kind.FIXED, dictionary=(_name,)))
FAMILIES.add("la", family_of(Kind.LA))
for _name in ("sigmoid", "tanh", "softmax"):
    FAMILIES.add(f"moa-{_name}", family_of(Kind.MOA, gate=GateSpec(name=_name)))
FAMILIES.add("glu-silu", family_of(Kind.FIXED, Form.ONE_SIDED, dictionary=("silu",)))
for _form in (Form.ONE_SIDED, Form.TWO_SIDED, Form.QUADRATIC):
    _title = _form.replace("_", "-")
    FAMILIES.add(f"la-{_title}", family_of(Kind.LA, _form))
    FAMILIES.add(f"moa-{_title}", family_of(Kind.MOA, _form, gate=GateSpec(name="tanh")))
