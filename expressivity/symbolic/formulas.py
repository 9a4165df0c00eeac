r"""Formulas as they are typed: found in running text, and written as TeX.

Statements, reasons, targets and docs/theory.md share one plain notation,

    sum_j a_j s(w_j.x + b_j),   abs(alpha_k) != x1^2,   tanh(2*x1)*relu(x2),

which a terminal shows as it stands. Whoever can set mathematics asks here. What is written stays
what is said: no term is moved, a quotient keeps its brackets, and text that cannot be read as a
formula is left alone.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from expressivity.symbolic.formula_tex import BREAK, partners, solid_beside, written
from expressivity.symbolic.formula_tokens import ENDS, OPERANDS, STARTS, Token, tokens_of

__all__ = ["BREAK", "Piece", "pieces", "tex"]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of text, with its TeX if it is a formula."""

    text: str
    tex: str | None = None


def tex(formula: str, functions: Collection[str] = ()) -> str | None:
    r"""A whole formula as TeX; None for a lone name of the code, and where it cannot be read.

    Lines may end at `BREAK`. ``functions`` are names of functions beside those of the notation.

    >>> tex("sum_j a_j s(w_j.x + b_j)")
    '\\sum_{j} a_{j}\\,s(w_{j} \\cdot x+\\allowbreak b_{j})'
    >>> tex("x2**2*leaky_relu(-x1)")
    'x_{2}^{2}\\,\\operatorname{LeakyReLU}(-x_{1})'
    >>> tex("leaky_relu"), tex("--width 2"), tex("(x")
    (None, None, None)
    """
    tokens = tokens_of(formula, marked=True, functions=functions)
    first = tokens[0] if tokens else None
    alone = len(tokens) == 1 and first is not None and first.role == "name"
    if not tokens or alone or any(token.role == "other" for token in tokens):
        return None
    return written(tokens)


def pieces(text: str) -> list[Piece]:
    r"""Running text cut into what is a formula and what is not; together they are the text.

    >>> [piece.tex or piece.text for piece in pieces("a kink at x1 = 0, of size lambda/2")]
    ['a kink at ', 'x_{1} = \\allowbreak 0', ', of size ', '\\lambda /2']
    """
    found: list[Piece] = []
    done = 0
    for run in _runs(tokens_of(text, marked=False)):
        start, end = run[0].start, run[-1].end
        as_tex = written(run)
        if as_tex is not None:
            found += [Piece(text=text[done:start]), Piece(text=text[start:end], tex=as_tex)]
            done = end
    return [piece for piece in (*found, Piece(text=text[done:])) if piece.text]


_SIGNS = frozenset(
    ("relation", "power", "lower", "sign", "times", "dot", "prime", "function", "big")
)


def _runs(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Longest stretches that are formulas beyond doubt."""
    run: list[Token] = []
    for place, token in enumerate(tokens):
        if token.role == "other" or _is_article(tokens, place):
            yield from _cut(run)
            run = []
        else:
            run.append(token)
    yield from _cut(run)


def _is_article(tokens: Sequence[Token], place: int) -> bool:
    """The word "a", before something that might be its factor."""
    if tokens[place].text not in ("a", "A"):
        return False
    before, after = solid_beside(tokens, place)
    if tokens[place].text == "A" and before is not None and before.text != ".":
        return False
    led = before is None or before.role in ("other", "separator", "close", *OPERANDS)
    spaced = place + 1 < len(tokens) and tokens[place + 1].role == "blank"
    return led and spaced and (after is None or after.role in (*STARTS, "other"))


def _cut(run: Sequence[Token]) -> Iterator[list[Token]]:
    """At brackets without a partner and at commas outside brackets; what is left, trimmed."""
    depth = 0
    part: list[Token] = []
    paired = partners(run) - _remarks(run)
    for place, token in enumerate(run):
        lonely = token.role in ("open", "close") and place not in paired
        ends = token.role == "separator" and depth == 0 and not _beside_dots(run, place)
        if lonely or ends:
            yield from _trimmed(part)
            part = []
            continue
        depth += (token.role == "open") - (token.role == "close")
        part.append(token)
    yield from _trimmed(part)


def _remarks(run: Sequence[Token]) -> set[int]:
    """Places of round brackets that hold a remark, as those of ``abs(x) (d = 1)`` do."""
    found: set[int] = set()
    opened: list[int] = []
    related: set[int] = set()
    for place, token in enumerate(run):
        if token.role == "open":
            opened.append(place)
        elif token.role == "relation" and opened:
            related.add(opened[-1])
        elif token.role == "close" and opened:
            start = opened.pop()
            apart = start > 0 and run[start].text == "(" and run[start - 1].role == "blank"
            if apart and start in related:
                found |= {start, place}
    return found


def _beside_dots(run: Sequence[Token], place: int) -> bool:
    """Whether a comma is one of ``i = 1, .., m``."""
    return any(token and token.role == "dots" for token in solid_beside(run, place))


def _trimmed(part: Sequence[Token]) -> Iterator[list[Token]]:
    tokens = list(part)
    while tokens and not (tokens[0].role in STARTS or _negates(tokens)):
        tokens.pop(0)
    while tokens and tokens[-1].role not in ENDS:
        tokens.pop()
    if not tokens or len(partners(tokens)) != sum(t.role in ("open", "close") for t in tokens):
        return
    if _outer(tokens):  # brackets of the sentence, or of a function that was not recognised
        yield from _cut(tokens[1:-1])
        return
    roles = {token.role for token in tokens}
    if roles == {"number", "sign"} and tokens[0].role == "number":  # dates, numbers of pages
        return
    letters = [token.text for token in tokens if token.role == "atom"]
    lone = len(letters) == 1 and letters[0] in ("a", "A", "I")
    if roles & _SIGNS or (letters and not lone):
        yield tokens


def _negates(tokens: Sequence[Token]) -> bool:
    return len(tokens) > 1 and tokens[0].role == "sign" and tokens[1].role in STARTS


def _outer(tokens: Sequence[Token]) -> bool:
    """Whether round brackets enclose the whole, which then holds no comma of a tuple."""
    if tokens[0].text != "(" or tokens[-1].text != ")":
        return False
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.role == "open") - (token.role == "close")
        if depth == 0 and place < len(tokens) - 1:
            return False
        if depth == 1 and token.role == "separator":
            return False
    return True
