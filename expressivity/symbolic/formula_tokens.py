"""The tokens of a formula as it is typed, by what they can be in one (``formulas``)."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

# fmt: off
_GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu",
    "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega",
    "Gamma", "Delta", "Lambda", "Sigma", "Phi", "Psi", "Omega",
)
_RENAMED = {"epsilon": r"\varepsilon", "phi": r"\varphi", "infinity": r"\infty"}
LETTERS = {name: _RENAMED.get(name, rf"\{name}") for name in (*_GREEK, "infinity")}
"""Letters that go by their name, and their TeX."""
TITLES = {
    "relu": "ReLU", "relu2": "ReLU^2", "relu3": "ReLU^3", "gelu": "GELU", "silu": "SiLU",
    "elu": "ELU", "selu": "SELU", "mish": "Mish", "leaky_relu": "LeakyReLU",
}
"""Functions whose name in a formula is not the one in the grammar of expressions."""
_PREFIXES = frozenset(("log", "max", "min", "sup", "inf", "grad", "ess", "lim", "Re", "Im"))
"""Functions whose argument may follow a blank."""
_FUNCTIONS = _PREFIXES | set(TITLES) | set(TITLES.values()) | {
    "abs", "Abs", "arctan", "artanh", "conj", "cos", "cosh", "diag", "dist", "erf", "exp", "id",
    "Id", "logit", "norm", "PReLU", "rank", "sigmoid", "sign", "sin", "softmax", "softplus",
    "softsign", "span", "sqrt", "tanh", "trace",
}
BIG = {"sum": r"\sum", "prod": r"\prod", "int": r"\int"} | {
    name: rf"\{name}" for name in ("min", "max", "sup", "inf", "lim")
}
"""What takes an index below it, and its TeX."""
_NAMED = frozenset(("scale", "gate", "slope", "kink", "cone", "dim", "deg"))
"""Quantities that go by a word."""
_WORDS = frozenset(
    ("in", "for", "and", "if", "with", "all", "on", "of", "or", "over", "off", "const", "where",
     "error")
)
"""Words that may stand in a formula that is marked as one."""
# fmt: on

_TOKEN = re.compile(
    r"(?P<abbreviation>\b(?:e\.g|i\.e|cf)\.)"
    r"|(?P<number>(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z]{2}|_|\.\d))"
    r"|(?P<word>(?<!['\u2019])[A-Za-z]\w*)"
    r"|(?P<dots>\.\.\.?)"
    r"|(?P<open>[(\[{]|(?<![\w)])<(?=\w[^<>]*,[^<>]*>))|(?P<close>[)\]}]|(?<=[\w)])>(?![\w=]|\s\w))"
    r"|(?P<relation>!=|<=|>=|->|=(?!=)|<|>)"
    r"|(?P<power>\^|\*\*)"
    r"|(?P<sign>\+-|\+|-(?!-))"
    r"|(?P<times>[*/])"
    r"|(?P<dot>(?<=\w)\.(?=[A-Za-z])|(?<=\))\.(?=[A-Za-z(])|(?<=\w)\.(?=\())"
    r"|(?P<bar>\|)"
    r"|(?P<lower>(?<=[)\]])_(?=\w))"
    r"|(?P<prime>(?<=[\w)'])'(?!\w)|(?<=[\w)])!(?!=))"
    r"|(?P<separator>[,;])"
    r"|(?P<blank>\s+)"
    r"|(?P<other>.)",
    re.ASCII | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Token:
    """A stretch of text and what it can be in a formula."""

    role: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The place after it."""
        return self.start + len(self.text)


OPERANDS = frozenset(("atom", "number", "name", "function", "big"))
STARTS = OPERANDS | {"open", "bar"}
ENDS = frozenset(("atom", "number", "name", "close", "prime", "bar", "dots"))


def tokens_of(text: str, *, marked: bool, functions: Collection[str] = ()) -> list[Token]:
    """Tokens by what they can be in a formula; ``other`` ends one."""
    raw = [
        Token(role=match.lastgroup or "other", text=match[0], start=match.start())
        for match in _TOKEN.finditer(text)
    ]
    classed: list[Token] = []
    for place, token in enumerate(raw):
        after = raw[place + 1 : place + 3]
        role = _role(token, after, marked=marked, functions=functions)
        classed.append(Token(role=role, text=token.text, start=token.start))
    return classed if marked else list(_without_joined(classed))


def _role(token: Token, after: Sequence[Token], *, marked: bool, functions: Collection[str]) -> str:
    if token.role == "abbreviation":
        return "other"
    if token.role != "word":
        return token.role
    name, _, _ = token.text.partition("_")
    called = bool(after) and after[0].role in ("open", "power")
    if called and token.text in functions:
        return "function"
    if token.text in _FUNCTIONS and (called or name not in BIG or not marked):
        led = bool(after) and after[0].role == "blank" and name in _PREFIXES
        return "function" if called or led else ("name" if marked else "other")
    if name in BIG and ("_" in token.text or (marked and after)):
        return "big"
    if token.text == "L2":
        return "atom" if called else "other"
    if re.fullmatch(r"t\d+[a-z]?", name) or (marked and re.fullmatch("d[a-z]", token.text)):
        return "name"
    if len(name) == 1 or name in LETTERS:
        return "atom"
    if re.fullmatch(r"[a-km-zAJKU]\d\d?", name) or (marked and re.fullmatch(r"[A-Z]\d", name)):
        return "atom"
    if name in _NAMED and ("_" in token.text or marked):
        return "atom" if "_" in token.text else "name"
    if marked and token.text in _WORDS:
        return "text"
    return "other"


def _without_joined(tokens: Sequence[Token]) -> Iterator[Token]:
    """Signs and dots that join words, as in ``Type-II`` or ``docs/theory.md``, are text."""
    last: Token | None = None
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else None
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        joined = token.role in ("sign", "times", "dot", "power", "prime", "relation") and any(
            beside is not None and beside.role == "other" for beside in (before, after)
        )
        # As is ``beta`` of ``swish-beta``, or ``x`` of ``src=x``.
        hung = token.role == "atom" and last is not None and last.role == "other"
        last = Token(role="other", text=token.text, start=token.start) if joined or hung else token
        yield last
