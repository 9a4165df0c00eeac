"""Mathematics in a page as MathML, which browsers set: no script, no font, no network."""

import functools
from collections.abc import Collection

from markupsafe import Markup, escape
from math_core import LatexError, LatexToMathML

from expressivity.symbolic.formulas import BREAK, pieces, tex

_LONG = 20
"""Characters of a typed formula that may be broken over lines: browsers break no formula."""


def mathematics(text: str) -> Markup:
    """Running text with its formulas set as mathematics; everything is escaped.

    >>> print(mathematics("at most 1, for x > 0"))
    at most 1, for <math alttext="x &gt; 0"><mi>x</mi><mo>&gt;</mo><mn>0</mn></math>
    """
    return Markup("").join(
        escape(piece.text) if piece.tex is None else _set(piece.tex, piece.text)
        for piece in pieces(text)
    )


def formula(text: str, functions: Collection[str] = ()) -> Markup:
    """A whole formula as mathematics, or as code where it cannot be read as one.

    Args:
        text: of the grammar of expressions, or the notation of docs/theory.md.
        functions: names of further functions.

    >>> print(formula("x1**2"))
    <math alttext="x1**2"><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup></math>
    >>> print(formula("--width 2"))
    <code>--width 2</code>
    """
    written = tex(text, functions)
    return Markup("<code>{}</code>").format(text) if written is None else _set(written, text)


def from_tex(written: str, *, display: bool = False) -> Markup:
    r"""TeX as mathematics.

    Args:
        written: what LaTeX has between dollars.
        display: on a line of its own, which scrolls where it is too narrow.

    Raises:
        ValueError: it cannot be read.

    >>> print(from_tex(r"\frac12"))
    <math alttext="\frac12"><mfrac><mn>1</mn><mn>2</mn></mfrac></math>
    """
    try:
        made = _element(written, display=display, attributes={"alttext": written})
    except LatexError as error:
        raise ValueError(f"required: TeX of mathematics; got {written!r}: {error}") from error
    return Markup('<div class="formula">{}</div>').format(made) if display else made


def _set(written: str, text: str) -> Markup:
    """Cut at its breaks where it is long; the whole has a name then, and its parts have none."""
    # As a character of its own the prime stands right in every font, also those without tables.
    parts = written.replace("'", r"\text{\u2032}").split(BREAK)
    if len(text) <= _LONG or len(parts) == 1:
        return _element("".join(parts), attributes={"alttext": text})
    *broken, last = parts
    # The empty group makes an operator at the end of a line one between two operands.
    made = [
        _element(part, attributes={"aria-hidden": "true"})
        for part in (*(f"{part}{{}}" for part in broken), last)
    ]
    return Markup('<span role="math" aria-label="{}">{}</span>').format(
        text, Markup("<wbr>").join(made)
    )


def _element(written: str, *, attributes: dict[str, str], display: bool = False) -> Markup:
    made = _converter().convert_with_local_state(written, displaystyle=display)
    assert made.startswith("<math"), made
    named = Markup("").join(Markup(' {}="{}"').format(*each) for each in attributes.items())
    return Markup("<math") + named + Markup(made.removeprefix("<math"))


@functools.cache
def _converter() -> LatexToMathML:
    return LatexToMathML(fancy_error=False)
