"""Families: what a network class IS. How it is evaluated lives in ``networks.py``.

A family of width m computes sum_j a_j N(z_j1, ..., z_jr) with z_ji = w_ji.x + b_ji. The record of
the neuron (``neurons/``) says what N is and which of its parts mix the dictionary,
sum_k c_k s_k(.). The kind says what the coefficients c are: ``fixed`` one activation, ``la``
learned numbers, ``moa`` learned numbers times gates of x. The constraint says where learned
numbers may lie, the groups how many neurons share them; vector outputs share everything but a.
(docs/theory.md, section 1)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.fields import (
    as_count,
    as_gate,
    as_member,
    as_name,
    as_names,
    as_switch,
    require_gate,
)
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import PER_NEURON, Constraint, Kind, kinds_of
from expressivity.classes.neurons import NEURONS, Neuron

_COUNTS = ("width", "dimension", "outputs")


@dataclass(frozen=True, kw_only=True)
class Family:
    """One network class of finite width.

    Attributes:
        neuron: name of the record of the neuron, the ``form`` of files and commands.
        kind: see the module docstring; a neuron of one mixture exists in every kind, one
            without mixtures is ``fixed``, one of several or of products ``la`` or ``moa``.
        width: number of neurons m.
        dimension: input dimension d.
        dictionary: names of the activations; for ``fixed`` exactly one, for a neuron without
            mixtures none; by default all seven of the paper.
        gate: the gate of ``moa``, or its name, with both switches on; None for other kinds.
        constraint: of the learned coefficients of ``la``; see :class:`Constraint`.
        groups: into how many groups of equal size the neurons are cut, each with coefficients
            of its own; ``neuron`` for one each.
        bias: whether the hidden biases are on.
        outputs: number of outputs.

    Raises:
        ValueError: a field of another type, an unknown name or a combination that does not
            exist, in one line.

    >>> Family(neuron="type1", kind="la", width=4, dimension=2).parameter_count
    23
    """

    neuron: str
    kind: Kind
    width: int
    dimension: int
    dictionary: tuple[str, ...] = FULL_DICTIONARY
    gate: GateSpec | None = None
    constraint: Constraint = Constraint.FREE
    groups: int | str = 1
    bias: bool = True
    outputs: int = 1

    if TYPE_CHECKING:  # what may be given; the fields say what is kept

        def __init__(
            self,
            *,
            neuron: str,
            kind: Kind | str,
            width: int,
            dimension: int,
            dictionary: Sequence[str] | str = FULL_DICTIONARY,
            gate: GateSpec | str | None = None,
            constraint: Constraint | str = Constraint.FREE,
            groups: int | str = 1,
            bias: bool = True,
            outputs: int = 1,
        ) -> None: ...

    def __post_init__(self) -> None:
        neuron = NEURONS.canonical(as_name("form", self.neuron))
        record = NEURONS[neuron]
        names = as_names(self.dictionary if record.mixtures else ())
        coerced = {
            "kind": as_member(Kind, "kind", self.kind),
            "neuron": neuron,
            "dictionary": tuple(map(ACTIVATIONS.canonical, names)),
            "gate": as_gate(self.gate),
            "constraint": as_member(Constraint, "constraint", self.constraint),
            "groups": self.groups if self.groups == PER_NEURON else as_count("groups", self.groups),
            "bias": as_switch("bias", self.bias),
            **{name: as_count(name, getattr(self, name)) for name in _COUNTS},
        }
        if not record.mixtures and self.dictionary not in ((), [], FULL_DICTIONARY):
            listed = ", ".join(as_names(self.dictionary))
            raise ValueError(
                f"required: no dictionary for {neuron}, which mixes nothing; got {listed}"
            )
        for name, value in coerced.items():
            object.__setattr__(self, name, value)
        self._check_dictionary()
        self._check_coefficients()

    def _check_dictionary(self) -> None:
        if not self.dictionary and self.record.mixtures:
            raise ValueError("required: a dictionary of at least one activation; got none")
        if len(set(self.dictionary)) < len(self.dictionary):
            listed = ",".join(self.dictionary)
            raise ValueError(f"required: each activation once in the dictionary; got {listed}")

    def _check_coefficients(self) -> None:
        kinds = kinds_of(self.record)
        if self.kind not in kinds:
            listed = " or ".join(kinds)
            raise ValueError(f"required: kind {listed} for form {self.neuron}; got {self.kind}")
        if self.kind is Kind.FIXED and len(self.dictionary) != len(self.record.mixtures):
            listed = ", ".join(self.dictionary)
            raise ValueError(f"required: exactly one activation in a fixed family; got {listed}")
        require_gate(self.gate, self.kind)
        if self.constraint is not Constraint.FREE and self.kind is not Kind.LA:
            raise ValueError(
                f"required: constraint free for {self.kind}, whose coefficients are not learned "
                f"numbers; got {self.constraint}"
            )
        if self.groups != 1 and self.kind is Kind.FIXED:
            raise ValueError(f"required: groups 1 for a fixed family; got {self.groups}")
        if self.width % self.group_count:
            raise ValueError(
                f"required: groups that divide the width; got {self.groups} groups of "
                f"{self.width} neurons"
            )

    @property
    def record(self) -> Neuron:
        """The record of the neuron."""
        return NEURONS[self.neuron]

    def belongs_to(self, neuron: str, kind: Kind) -> bool:
        """Whether a statement about all families of this neuron and kind is about this one.

        >>> Family(kind="la", neuron="type1", width=2, dimension=1).belongs_to("type1", Kind.LA)
        True
        """
        return (self.neuron, self.kind) == (neuron, kind)

    def at_width(self, width: int) -> "Family":
        """The same class at another width.

        >>> Family(kind="la", neuron="type1", width=1, dimension=2).at_width(3).label
        'la type1 m=3'
        """
        return replace(self, width=width)

    def at_least(self, width: int) -> "Family":
        """The same class at this width, or at the next that its groups divide.

        >>> Family(kind="la", neuron="type1", width=2, dimension=2, groups=2).at_least(3).width
        4
        """
        return self.at_width(-(-width // self.width_step) * self.width_step)

    @property
    def group_count(self) -> int:
        """Number of groups."""
        return self.width if isinstance(self.groups, str) else self.groups

    @property
    def width_step(self) -> int:
        """The number whose multiples are the widths of the class: of groups, where it is fixed."""
        return 1 if isinstance(self.groups, str) else self.groups

    @property
    def activation(self) -> str | None:
        """The one activation of a fixed family, if it has one."""
        return self.dictionary[0] if self.kind is Kind.FIXED and self.dictionary else None

    @property
    def mixes(self) -> bool:
        """Whether there are coefficients that are learned or gated."""
        return self.kind.mixes

    @property
    def nonlinearity(self) -> str:
        """What stands where a plain layer has its activation, in a word or two.

        >>> Family(neuron="type1", kind="moa", gate="tanh", width=2, dimension=1).nonlinearity
        'moa tanh'
        """
        words = [self.activation or (str(self.kind) if self.sides else "")]
        words += [] if self.gate is None else [self.gate.name]
        words += [] if self.constraint is Constraint.FREE else [str(self.constraint)]
        if self.groups != 1:
            words.append(f"groups={self.groups}")
        return " ".join(words).strip()

    @property
    def kind_and_form(self) -> str:
        """The two words that name a class of arXiv:2605.26647, as ``la type1``."""
        return f"{self.kind} {self.neuron}"

    @property
    def place(self) -> tuple[int, int, int, str]:
        """What listings are sorted by: form, kind, width, activation."""
        form = list(NEURONS).index(self.neuron)
        return form, self.kind.rank, self.width, str(self.activation)

    @property
    def class_label(self) -> str:
        """The class without its width: nonlinearity and form.

        >>> Family(neuron="type1", kind="la", width=2, dimension=1).class_label
        'la type1'
        """
        return f"{self.nonlinearity} {self.neuron}".strip()

    @property
    def label(self) -> str:
        """The family in one short line.

        >>> Family(neuron="type1", kind="la", width=2, dimension=1).label
        'la type1 m=2'
        """
        return f"{self.class_label} m={self.width}"

    @property
    def is_linear_in_scales(self) -> bool:
        """Whether a network is linear, without a constant term, in its learned ``scale0``."""
        learned = self.mixes and self.sides > 0 and self.frozen("scale0") is None
        free = self.constraint is Constraint.FREE
        return learned and free and self.record.vanishes_without(0)

    @property
    def basis(self) -> tuple[str, ...]:
        """Activations that have a place in the coefficient vectors.

        A fixed family over one of the built-in seven is laid out as LA over all seven with
        one-hot coefficients, so that fixed and LA can share one compiled program; uncompiled it
        evaluates its one activation (``networks.Structure``).
        """
        if self.activation in FULL_DICTIONARY:
            return FULL_DICTIONARY
        return self.dictionary

    @property
    def sides(self) -> int:
        """Number of coefficient vectors of a group: one for each mixture of the neuron."""
        return len(self.record.mixtures)

    def size(self, side: int) -> int:
        """Length of a coefficient vector: K = len(basis), or K^2 for a mixture of products."""
        return len(self.basis) ** len(self.record.mixtures[side])

    @property
    def coefficients(self) -> int:
        """Length of the longest coefficient vector; 0 without mixtures."""
        return max((self.size(side) for side in range(self.sides)), default=0)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every parameter block with its shape, in the order of a packed vector.

        The last column of ``w``, ``v``, ``w3``, ... and ``u*`` multiplies the constant
        coordinate: it holds the bias. ``p`` holds the neurons' own parameters. A switch that is
        off freezes its block (``frozen``), so that the shapes depend on nothing but neuron, kind
        and sizes. The blocks of ``u*`` and ``scale*`` list group after group.
        """
        columns = self.dimension + 1
        record = self.record
        blocks: dict[str, tuple[int, ...]] = {}
        for name in map_names(record.maps):
            blocks[name] = (self.width, columns)
        if record.parameters:
            blocks["p"] = (1 if record.shared else self.width, len(record.parameters))
        sizes = [self.group_count * self.size(side) for side in range(self.sides)]
        if self.kind is Kind.MOA:
            for side, size in enumerate(sizes):
                blocks[f"u{side}"] = (size, columns)
        blocks["a"] = (self.outputs, self.width)
        for side, size in enumerate(sizes):
            blocks[f"scale{side}"] = (size,)
        return MappingProxyType(blocks)

    def frozen(self, block: str) -> "slice | None":
        """Columns of a block that a switch holds at their start value, or None.

        >>> family = Family(neuron="type1", kind="la", width=1, dimension=1, bias=False)
        >>> family.frozen("w"), family.frozen("a")
        (slice(-1, None, None), None)
        """
        if block in map_names(self.record.maps):
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

        neurons m (d + b) for each linear map, the neurons' own parameters (once for a layer that
        shares them), outputs o m, and in each group coefficients C for each side of la,
        C (d + e + scale) for each side of moa; b, e, scale are 1 where on.
        """
        record = self.record
        count = record.maps * self.width * (self.dimension + self.bias) + self.outputs * self.width
        count += len(record.parameters) * (1 if record.shared else self.width)
        sizes = self.group_count * sum(self.size(side) for side in range(self.sides))
        if self.kind is Kind.LA:
            count += sizes
        if self.gate is not None:
            count += sizes * (self.dimension + self.gate.bias + self.gate.scale)
        return count

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds per input; evaluations of activations and gate functions are not counted.

        neurons m d for each linear map and m for each product that the neuron's expression
        writes, outputs o m; gates C (d + scale) for each side and group; mixing m C for each
        side of la and moa, and m K more for a mixture of products, those with s_k(z) last.
        Biases start the sums they are in.

        >>> Family(neuron="type1", kind="la", width=4, dimension=2).multiply_adds
        40
        """
        record = self.record
        count = record.maps * self.width * self.dimension + self.outputs * self.width
        count += self.width * record.products
        if not self.mixes:
            return count
        for side in range(self.sides):
            count += self.width * self.size(side)
            if len(record.mixtures[side]) > 1:
                count += self.width * len(self.basis)
            if self.gate is not None:
                each = self.dimension + self.gate.scale
                count += self.group_count * self.size(side) * each
        return count

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md; :meth:`from_json` reads it."""
        return {
            "kind": str(self.kind),
            "form": self.neuron,
            "width": self.width,
            "gate": None if self.gate is None else self.gate.json(),
            "activation": self.activation,
            "dictionary": list(self.dictionary),
            "constraint": str(self.constraint),
            "groups": self.groups,
            "outputs": self.outputs,
            "bias": self.bias,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], *, dimension: int) -> "Family":
        """The family of a JSON form, which does not hold the dimension.

        Files of earlier versions lack ``constraint``, ``groups`` and ``outputs``.

        Raises:
            ValueError: as the constructor.

        >>> family = Family(neuron="type1", kind="moa", gate="tanh", width=2, dimension=1)
        >>> Family.from_json(family.json(), dimension=1) == family
        True
        """
        gate = document["gate"]
        return cls(
            neuron=document["form"],
            kind=document["kind"],
            width=document["width"],
            dimension=dimension,
            dictionary=tuple(document["dictionary"]),
            gate=None if gate is None else GateSpec(**gate),
            constraint=document.get("constraint", Constraint.FREE),
            groups=document.get("groups", 1),
            outputs=document.get("outputs", 1),
            bias=document["bias"],
        )


def map_names(maps: int) -> tuple[str, ...]:
    """Names of the blocks of the affine maps.

    >>> map_names(3)
    ('w', 'v', 'w3')
    """
    return ("w", "v", *(f"w{i}" for i in range(3, maps + 1)))[:maps]
