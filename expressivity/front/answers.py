"""What the front door returns: objects that a terminal and a notebook show well.

Each is a table, or holds one; ``repr`` is plain text, ``_repr_html_`` the same for notebooks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import sympy as sp
import torch
from sympy.printing.latex import LatexPrinter
from torch import Tensor

from expressivity.bounds import Bound
from expressivity.certificates.writer import write
from expressivity.classes.families import Family
from expressivity.classes.mixing import constrained
from expressivity.classes.networks import evaluate, unpack
from expressivity.classes.weights import Weights, unchecked_expression
from expressivity.evidence import Membership
from expressivity.membership.decide import Classification
from expressivity.separation.gaps import Gap
from expressivity.separation.result import Result, notes
from expressivity.targets.target import Target

if TYPE_CHECKING:
    from matplotlib.figure import Figure

T = TypeVar("T")
_NEGLIGIBLE = 1e-9
_DIGITS = 4


class Table(Sequence[T], Generic[T]):
    """Records that show themselves as rows; otherwise a sequence of the records."""

    def __init__(
        self, records: Iterable[T], columns: Sequence[str], rows: Iterable[Sequence[str]]
    ) -> None:
        """Records, and what is shown of each."""
        self._records = tuple(records)
        self._columns = tuple(columns)
        self._rows = [tuple(row) for row in rows]

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._records[index]

    def __repr__(self) -> str:
        lines = [self._columns, *self._rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(map(str.ljust, line, widths)).rstrip() for line in lines
        )  # fmt: skip

    @property
    def html(self) -> str:
        """The table for a web page."""

        def line(cells: Iterable[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        body = "".join(line(row, "td") for row in self._rows)
        return f"<table>{line(self._columns, 'th')}{body}</table>"

    def _repr_html_(self) -> str:
        return self.html


def classified(found: Sequence[Classification]) -> Table[Classification]:
    """A row for each class."""
    return Table(
        found,
        ("class", "verdict", "width", "evidence", "why"),
        (
            (
                " ".join(filter(None, (c.family.kind_and_form, c.family.activation))),
                _verdict(c.membership),
                "any" if c.witness is None else str(c.family.width),
                str(c.membership.evidence),
                c.membership.reason,
            )
            for c in found
        ),
    )


def bounded(found: Sequence[Bound]) -> Table[Bound]:
    """A row for each bound."""
    return Table(
        found,
        ("norm", "error >=", "evidence", "method", "holds at"),
        (
            (
                b.norm,
                f"{b.value:.6g}",
                str(b.evidence),
                b.method,
                "every width" if b.every_width else "this width",
            )
            for b in found
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Separation:
    """What the main job found.

    Attributes:
        results: a fit of each class to each target, with bounds and membership.
        gaps: what they say of neighbouring classes.
    """

    results: Table[Result]
    gaps: Table[Gap]

    def __repr__(self) -> str:
        return "\n".join((f"{self.results!r}\n\n{self.gaps!r}", *notes(self.results)))

    def _repr_html_(self) -> str:
        told = "".join(f"<p>{escape(line)}</p>" for line in notes(self.results))
        return self.results.html + self.gaps.html + told


def separated(results: Sequence[Result], gaps: Sequence[Gap]) -> Separation:
    """Two tables, fits and verdicts."""
    return Separation(
        results=Table(
            results,
            ("target", "class", "params", "l2 error", "l2 >=", "w1inf error", "w1inf >=",
             "membership"),
            (
                (
                    r.target,
                    r.family.label,
                    str(r.parameters),
                    _error(r, "l2"),
                    _bound(r.lower_bound["l2"]),
                    _error(r, "w1inf"),
                    _bound(r.lower_bound["w1inf"]),
                    f"{_verdict(r.membership)} ({r.membership.evidence})",
                )
                for r in results
            ),
        ),
        gaps=Table(
            gaps,
            ("target", "form", "gap", "expected", "confirmed", "strict", "evidence", "why"),
            (
                (
                    g.target,
                    g.form,
                    f"{g.smaller} < {g.larger}",
                    "-" if g.expected is None else _yes(g.expected),
                    _yes(g.confirmed),
                    _yes(g.strict),
                    str(g.evidence),
                    g.reason,
                )
                for g in gaps
            ),
        ),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The best network that a fit has found, and what is known of its class.

    Attributes:
        target, family: what was fitted, and by networks of which class.
        result: errors, lower bounds, membership, as a run folder keeps them.
        theta: the packed weights, float64, of shape P.
    """

    target: Target
    family: Family
    result: Result
    theta: Tensor

    @property
    def error(self) -> dict[str, float | None]:
        """``l2`` and ``sup`` relative to the target's norm, ``w1inf`` of the gradient, absolute."""
        return self.result.error

    @property
    def weights(self) -> dict[str, Tensor]:
        """The weights by block, as docs/formats.md names them."""
        return {name: block[0] for name, block in unpack(self.family, self.theta[None]).items()}

    def __call__(self, points: Any) -> Tensor:
        """Values of the network at points: N x d, or N for d = 1; shape N."""
        nodes = torch.as_tensor(points, dtype=torch.float64)
        nodes_ND = nodes[:, None] if nodes.ndim == 1 and self.family.dimension == 1 else nodes
        if nodes_ND.ndim != 2 or nodes_ND.shape[1] != self.family.dimension:
            raise ValueError(
                f"required: points of shape N x {self.family.dimension}; got {tuple(nodes.shape)}"
            )
        return evaluate(self.family, self.theta[None], nodes_ND)[0, 0]

    @property
    def formula(self) -> sp.Expr:
        """The network with weights of four digits; activations stand by their names."""
        blocks = self.weights
        for side in range(self.family.sides):
            free_GK = blocks[f"scale{side}"].view(self.family.group_count, -1)
            held_GK = constrained(free_GK[None], self.family.constraint)[0]
            blocks[f"scale{side}"] = held_GK.flatten()
        weights = Weights(blocks={name: _exact(block) for name, block in blocks.items()})
        return unchecked_expression(self.family, weights, _named)

    def __repr__(self) -> str:
        r = self.result
        lines = [f"{self.target.name} = {self.target.formula} by {self.family.label}, "
                 f"{r.parameters} parameters"]  # fmt: skip
        for norm in r.error:
            bound = r.lower_bound[norm]
            known = "" if bound is None else f", of every such network at least {_bound(bound)}"
            off = f", off by an estimated {r.l2_off:.0e}" if norm == "l2" and r.l2_estimate else ""
            lines.append(f"{norm} error {_error(r, norm)} ({r.error_evidence}{off}){known}")
        lines.append(f"{_verdict(r.membership)} ({r.membership.evidence}): {r.membership.reason}")
        lines += notes([r])
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {_Latex().doprint(self.formula)}$"

    def plot(self) -> "Figure":
        """Target, fit and error, in one or two dimensions.

        Raises:
            ValueError: more dimensions.
        """
        from expressivity.front.plots import plot_fit

        return plot_fit(self)


class Certificate(dict[str, Any]):
    """The document of docs/certificates.md; a dictionary, as JSON has it."""

    def write(self, path: Path | str) -> None:
        """Write the file that ``check`` verifies."""
        write(dict(self), Path(path))

    def __repr__(self) -> str:
        stated = self["target"]
        lines = [f"certificate for {stated['name']} = {stated['expression']}"]
        for side, words in (("lower_bound", "every network of the class: at least"),
                            ("upper_bound", "one network: at most")):  # fmt: skip
            claim = self[side] and self[side]["l2"]
            if claim:
                lines.append(f"relative l2 error of {words} {claim['value']} "
                             f"({claim['evidence']}, {claim['method']})")  # fmt: skip
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


class _Latex(LatexPrinter):
    """Names of activations as they are: an underscore or a digit makes no subscript."""

    def _hprint_Function(self, func: str) -> str:
        return "\\operatorname{" + func.replace("_", "\\_") + "}"


def _exact(block: Tensor) -> sp.ImmutableMatrix:
    rows = block if block.ndim > 1 else block[:, None]
    return sp.ImmutableMatrix([[_rounded(entry) for entry in row] for row in rows.tolist()])


def _rounded(value: float) -> sp.Expr:
    if abs(value) < _NEGLIGIBLE:
        return sp.S.Zero
    return sp.Float(value, _DIGITS) if value != int(value) else sp.Integer(int(value))


def _named(name: str, argument: sp.Expr) -> sp.Expr:
    return argument if name == "id" else sp.Function(name)(argument)


def _verdict(membership: Membership) -> str:
    return str(membership.verdict).replace("_", "-")


def _error(result: Result, norm: str) -> str:
    value = result.error[norm]
    return "failed" if value is None else f"{value:.1e}{result.mark(norm)}"


def _bound(bound: Bound | None) -> str:
    return "" if bound is None else f"{bound.value:.2g} {bound.evidence}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
