"""The tokens of a formula written as TeX (``formulas``)."""

import re
from collections.abc import Collection, Sequence

from expressivity.symbolic.formula_tokens import BIG, ENDS, LETTERS, OPERANDS, STARTS, TITLES, Token

BREAK = r"\allowbreak "
"""Stands in the TeX where a line may end, outside all braces."""
MAX_DEPTH = 64
"""Brackets within brackets, as many as an expression may have."""
_RELATIONS = {"!=": r"\ne", "<=": r"\le", ">=": r"\ge", "->": r"\to", "=": "=", "<": "<", ">": ">"}
_INDEX = re.compile(r"[a-zA-Z]?[0-9]*|[ij]{2}|[kl]{2}|[rc]{2}|jk")
_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_WRITTEN = {"{": r"\{", "}": r"\}", "<": r"\langle ", ">": r"\rangle "}
_FENCES = {"abs": ("lvert", "rvert"), "Abs": ("lvert", "rvert"), "norm": ("lVert", "rVert")}


def written(tokens: Sequence[Token]) -> str | None:
    """The TeX, or None where the tokens make no formula."""
    if tokens[0].role not in (*STARTS, "sign", "text") or tokens[-1].role not in ENDS:
        return None
    if len(partners(tokens)) != sum(token.role in ("open", "close") for token in tokens):
        return None
    if sum(token.role == "bar" for token in tokens) % 2:
        return None
    try:
        return _Writer(tokens).sequence()
    except _UnreadableError:
        return None


def partners(run: Sequence[Token]) -> set[int]:
    """Places of the brackets that have one."""
    found: set[int] = set()
    opened: list[int] = []
    for place, token in enumerate(run):
        if token.role == "open":
            opened.append(place)
        elif token.role == "close" and opened:
            found |= {opened.pop(), place}
    return found


def solid_beside(tokens: Sequence[Token], place: int) -> tuple[Token | None, Token | None]:
    """The tokens before and after a place that are no blanks."""
    left = [token for token in tokens[max(0, place - 2) : place] if token.role != "blank"]
    right = [token for token in tokens[place + 1 : place + 3] if token.role != "blank"]
    return (left[-1] if left else None, right[0] if right else None)


class _UnreadableError(Exception):
    """The tokens make no formula."""


class _Writer:
    """One pass over tokens whose brackets have partners."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.bars = 0
        self.inside_braces = 0
        self.depth = 0

    def sequence(self, closing: Collection[str] = ()) -> str:
        """Up to a closing bracket, which stays, or to the end."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _UnreadableError
        parts: list[str] = []
        while (token := self.peek()) is not None:
            if token.role == "close":
                if token.text not in closing:
                    raise _UnreadableError
                break
            if token.role == "blank":
                self.place += 1
                if parts and not _is_big(parts[-1]) and self.is_product():
                    parts.append(r"\," + (self.may_break() if parts[-1].endswith(")") else ""))
            else:
                parts.append(self.one())
        self.depth -= 1
        return "".join(parts)

    def peek(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def is_product(self) -> bool:
        """Whether the blank before the next token stands for a product."""
        before, after = self.tokens[self.place - 2], self.peek()
        if after is None or before.role == "function":
            return after is not None
        ends = before.role in ("atom", "number", "name", "close", "prime")
        starts = after.role in (*OPERANDS, "open")
        outside = self.bars % 2 == 0
        return (ends or (before.role == "bar" and outside)) and (
            starts or (after.role == "bar" and outside)
        )

    def one(self) -> str:
        """The token at hand with what belongs to it: index, power, argument of abs."""
        token = self.tokens[self.place]
        self.place += 1
        match token.role:
            case "number":
                return _number(token.text)
            case "atom" | "name" | "big":
                return self.symbol(token)
            case "function":
                return self.function(token)
            case "relation":
                return f" {_RELATIONS[token.text]} {self.may_break()}"
            case "power":
                return f"^{{{self.operand()}}}"
            case "lower":
                return f"_{{{self.operand()}}}"
            case "sign":
                return self.sign(token)
            case "times":
                return self.times() if token.text == "*" else self.slash()
            case "dot":
                return r" \cdot "
            case "dots":
                return r"\ldots "
            case "open":
                return self.bracket(token)
            case "bar":
                self.bars += 1
                return r"\lvert " if self.bars % 2 else r"\rvert "
            case "separator":
                return f"{token.text} {self.may_break()}"
            case "text":
                return r" \in " if token.text == "in" else rf"\text{{ {token.text} }}"
            case _:
                assert token.role == "prime", token
                return token.text

    def may_break(self) -> str:
        """Where a line may end, which is nowhere inside braces."""
        return "" if self.inside_braces else BREAK

    def sign(self, token: Token) -> str:
        before = self.tokens[self.place - 2].role if self.place > 1 else "open"
        binary = before == "blank" and self.place > 2
        written = r"\pm " if token.text == "+-" else token.text
        return written + (self.may_break() if binary else "")

    def slash(self) -> str:
        """A quotient; one of long numbers may be broken."""
        beside = solid_beside(self.tokens, self.place - 1)
        long = [side for side in beside if side and side.role == "number" and len(side.text) > 5]
        return "/" + (self.may_break() if len(long) == 2 else "")

    def times(self) -> str:
        """A thin space, between numbers a dot."""
        before, after = solid_beside(self.tokens, self.place - 1)
        numbers = [side for side in (before, after) if side and side.role == "number"]
        following = self.peek()
        if following is not None and following.role == "blank":
            self.place += 1
        return r" \cdot " if len(numbers) == 2 else r"\,"

    def bracket(self, token: Token) -> str:
        # Half-open intervals: either of these may end the other.
        closing = ")]" if token.text in "([" else _CLOSING[token.text]
        inner = self.sequence(closing)
        ends = (token.text, self.closed())
        opened, closed = (_WRITTEN.get(end, end) for end in ends)
        return f"{opened}{inner}{closed}"

    def grouped(self) -> str:
        """What the brackets at hand hold, for the inside of braces."""
        token = self.tokens[self.place]
        self.place += 1
        self.inside_braces += 1
        inner = self.sequence(_CLOSING[token.text])
        self.inside_braces -= 1
        self.closed()
        return inner

    def closed(self) -> str:
        token = self.peek()
        if token is None:
            raise _UnreadableError
        self.place += 1
        return token.text

    def symbol(self, token: Token) -> str:
        name, mark, sub = token.text.partition("_")
        if re.fullmatch(r"[A-Za-z]\d+", name) and token.role == "atom":
            name, sub, mark = name[0], name[1:] + (f",{sub}" if sub else ""), "_"
        if token.text in TITLES or token.text == "L2":
            title, _, power = TITLES.get(token.text, "L^2").partition("^")
            return (title if len(title) == 1 else rf"\text{{{title}}}") + _raised(power)
        if token.role == "big":
            written = BIG[name]
        else:
            written = LETTERS.get(name) or _upright(name, word=token.role == "name")
        if not mark:
            return f"{written} " if re.fullmatch(r"\\[a-zA-Z]+", written) else written
        lowered = _index(sub) if sub else self.operand()
        return f"{written}_{{{lowered}}}" + (" " if token.role == "big" else "")

    def function(self, token: Token) -> str:
        following = self.peek()
        opened = following is not None and following.text == "("
        if opened and token.text in _FENCES:
            before, after = _FENCES[token.text]
            return rf"\{before} {self.grouped()}\{after} "
        if opened and token.text == "sqrt":
            return rf"\sqrt{{{self.grouped()}}}"
        if token.text == "grad":
            return r"\nabla "
        title, _, power = TITLES.get(token.text, token.text).partition("^")
        return rf"\operatorname{{{title}}}" + _raised(power)

    def operand(self) -> str:
        """What is raised or lowered: a bracket without its brackets, a sign with a number."""
        token = self.peek()
        if token is None or token.role in ("relation", "blank", "close", "separator"):
            raise _UnreadableError
        if token.role == "open":
            return self.grouped()
        if token.role in ("sign", "times"):
            self.place += 1
            signed = self.peek()
            led = signed is not None and signed.role in ("number", "atom")
            return token.text + (self.one() if led else "")
        return self.one()


def _raised(power: str) -> str:
    return f"^{{{power}}}" if power else ""


def _is_big(part: str) -> bool:
    """Whether it is a sum or the like, with its index or without one."""
    return part.startswith(tuple(BIG.values()))


def _number(text: str) -> str:
    r"""As it is written; a decimal exponent becomes a power of ten.

    >>> _number("2.5e-10"), _number("1,000")
    ('2.5 \\cdot 10^{-10}', '1{,}000')
    """
    digits, mark, exponent = text.lower().partition("e")
    digits = digits.replace(",", "{,}")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if mark else digits


def _upright(name: str, *, word: bool) -> str:
    if len(name) == 1:
        return name
    if re.fullmatch("d[a-z]", name):
        return rf"\,\mathrm{{d}}{name[1]}"
    return rf"\text{{{name}}}" if word else rf"\operatorname{{{name}}}"


def _index(sub: str) -> str:
    if sub in LETTERS:
        return LETTERS[sub]
    if _INDEX.fullmatch(sub):
        return sub
    return rf"\text{{{sub.replace('_', ' ')}}}"
