"""Expressions for fuzzers, seeded: inside the grammar, just outside of it, and hostile."""

import random
from collections.abc import Callable

NAMED = ("id", "relu", "relu2", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "abs", "exp",
         "sin", "cos")  # fmt: skip
NUMBERS = ("0", "1", "2", "3", "0.5", "1e-3", ".25", "7.", "1e3", "12345.678", "(1/3)", "(-2)")
HUGE = ("1e308", "1e309", "1e400", "1e401", "1e999999999", "1e-400", "1e-999", "9" * 300, "9" * 401,
        "0." + "0" * 390 + "1", "2**64", "2**64**64", "(1e200*1e200)", "1e154", "10**64",
        "1e-300", "exp(709)", "exp(710)", "(1e16+1)", "0.1e-5", "0**0", "0**-1", "1/0")  # fmt: skip
EXPONENTS = ("0", "1", "7", "64", "65", "-1", "-2", "-64", "0.5", "-0.5", "(1/3)", "(-2/3)",
             "(63/64)", "0.1", "1e-5", "x", "(2*3)", "(1/0)", "2**3", "(1+1)", "-(-2)", "1e1",
             "64.0", "(64/1)", "33", "(1/3**2)", "1e400", "0.333333333333")  # fmt: skip
FOREIGN = ("__import__", "eval", "exec", "open", "print", "getattr", "globals", "lambda", "None",
           "True", "__class__", "__builtins__", "breakpoint", "exit", "quit", "type", "object",
           "import", "yield", "await", "nan", "inf", "oo", "pi", "E", "I", "j", "log", "sqrt",
           "sinh", "RELU", "Tanh", "x_", "_x", "x.real", "X", "y", "xx", "x1_2", "S", "Symbol",
           "sympify", "Function", "max", "softmax", "swish", "help", "x0", "x17", "x99999",
           "x01", "x٣")  # fmt: skip
SIGNS = "".join(chr(code) for code in (
    0, 7, 10, 27, 127, 0xA0, 0xB2, 0xD7, 0x301, 0x445, 0x661, 0x200B, 0x202E, 0x2028, 0x2212,
    0xD800, 0xFEFF, 0xFF58, 0x1D465, 0x1F600, 0x10FFFF))  # fmt: skip
PIECES = ("x", "x1", "x2", "+", "-", "*", "/", "**", "(", ")", " ", "2", "0.5", "relu", "tanh(",
          "//", "^", "%", "[", "]", "{", "}", "'", '"', "\\", ";", ":", "=", ",", ".", "@", "!",
          "#", "$", "&", "|", "~", "<", ">", "?", "`", "\t", "\n", "e", "1e", "0x1F", "1_000",
          "--", "-", "if", "for", "{0}", "%s", "$(true)", "../..", "[/bold]")  # fmt: skip


def valid(draw: random.Random, variables: tuple[str, ...], depth: int) -> str:
    """Inside the grammar; it may still not be finite on its domain."""
    if depth == 0:
        return draw.choice(variables if draw.random() < 0.7 else NUMBERS)

    def inner() -> str:
        return valid(draw, variables, draw.randrange(depth))

    kind = draw.randrange(8)
    if kind < 2:
        return f"{inner()} {draw.choice('+-')} {inner()}"
    if kind < 4:
        return f"({inner()})*({inner()})"
    if kind < 6:
        return f"{draw.choice(NAMED)}({inner()})"
    if kind == 6:
        return f"({inner()})**{draw.choice(('2', '3', '0.5', '-1', '(1/3)'))}"
    return f"-({inner()})/{draw.choice(NUMBERS[1:])}"


def _variables(draw: random.Random) -> tuple[str, ...]:
    most = draw.choice((1, 1, 1, 2, 2, 3))
    return ("x",) if most == 1 else tuple(f"x{number + 1}" for number in range(most))


def plain(draw: random.Random) -> str:
    return valid(draw, _variables(draw), draw.choice((1, 2, 2, 3)))


def damaged(draw: random.Random) -> str:
    """One or two characters lost, repeated, exchanged or put in."""
    text = plain(draw)
    for _ in range(draw.choice((1, 1, 2))):
        at = draw.randrange(len(text) + 1)
        put = draw.choice(("", "", draw.choice(PIECES), text[at : at + 1] * 2, draw.choice(SIGNS)))
        text = text[:at] + put + text[at + draw.randrange(2) :]
    return text


def singular(draw: random.Random) -> str:
    """Poles, roots of what may be negative, and growth beyond the floats."""
    point = draw.choice(("0", "0.5", "1", "1/3", "1.0000001", "2", "1e-9", "0.999999999999"))
    base = draw.choice((f"x - {point}", f"x*x - {point}", f"x1 - x2 + {point}", f"abs(x) + {point}",
                        "x - x", f"sin(9*x) + {point}", f"relu(x) - {point}",
                        f"x1*x1 + x2*x2 - {point}", f"exp({point}*x)", "tanh(x) - tanh(x)",
                        f"cos(x1) + x2*{point}"))  # fmt: skip
    return draw.choice((f"1/({base})", f"({base})**0.5", f"({base})**-{draw.randrange(1, 64)}",
                        f"({base})/({base})", f"tanh(1/({base}))", f"exp(exp(exp(9*({base}))))",
                        f"exp(-1/({base})**2)", f"({base})**(1/3)",
                        f"sin(1/({base}))"))  # fmt: skip


def huge(draw: random.Random) -> str:
    number = draw.choice(HUGE)
    return draw.choice((f"{number}*x", f"x + {number}", f"relu(x*{number})", f"x/{number}",
                        f"tanh({number})*x", f"x**{number}", f"{number}",
                        f"sin({number}*x1)*x2", f"{number}*x - {number}*x",
                        f"exp({number}*x)"))  # fmt: skip


def powers(draw: random.Random) -> str:
    base, first, second = plain(draw), draw.choice(EXPONENTS), draw.choice(EXPONENTS)
    return draw.choice((f"x**{first}", f"(x1 + x2)**{first}", f"({base})**{first}",
                        f"(x+1)**{first}*(x-2)**{second}", f"(x**{first})**{second}",
                        f"relu(x)**{first}", f"x**{first}**{second}", f"2**{first}*x"))  # fmt: skip


def nested(draw: random.Random) -> str:
    levels = draw.choice((5, 20, 40, 63, 64, 65, 66, 200, 3000))
    opened, closed = draw.choice((("(", ")"), ("-(", ")"), ("tanh(", ")"), ("relu(", ")"),
                                  ("1+x*(", ")"), ("sin(x+", ")"), ("-", ""), ("x**", ""),
                                  ("(", ")**2"), ("abs(x-", ")"), ("1/(2+", ")"),
                                  ("exp(-", ")")))  # fmt: skip
    return opened * levels + "x" + closed * (levels - draw.choice((0, 0, 0, 1)))


def long(draw: random.Random) -> str:
    """Near and beyond 10,000 characters."""
    piece = draw.choice(("x+", "x*", "x1*x2+", "relu(x)+", "tanh(2*x)*", "0.1+", "x-", "1/3+",
                         "2**", "x**2*", "-", "(", "x1+x2-"))  # fmt: skip
    length = draw.choice((600, 3000, 9_990, 10_000, 10_001, 12_000, 100_000))
    last = "x1" if "x1" in piece else "x"
    return piece * (length // len(piece)) + last


def foreign(draw: random.Random) -> str:
    name = draw.choice(FOREIGN)
    return draw.choice((f"{name}(x)", f"{name}*x", name, f"x + {name}", f"{name}('os')",
                        f"{name}.{draw.choice(FOREIGN)}", f"relu({name})", f"x.{name}()",
                        f"[{name} for x in x]", f"{name}: x", f"({name}:=x)"))  # fmt: skip


def unicode(draw: random.Random) -> str:
    text = list(plain(draw))
    for _ in range(draw.randrange(1, 4)):
        text.insert(draw.randrange(len(text) + 1), draw.choice(SIGNS))
    return "".join(text)


def mixed(draw: random.Random) -> str:
    """Variables that do not go together, do not exist, or are many."""
    several = ("x", "x1", "x2", "x3", "x8", "x16", "x17", "x0")
    text = valid(draw, several, 2)
    return draw.choice(
        (
            text,
            "+".join(f"x{n}" for n in range(1, draw.randrange(2, 18))),
            "*".join(f"relu(x{n})" for n in range(1, draw.randrange(2, 10))),
        )
    )


def soup(draw: random.Random) -> str:
    return "".join(draw.choice(PIECES) for _ in range(draw.randrange(12)))


KINDS: tuple[Callable[[random.Random], str], ...] = (
    plain, damaged, singular, huge, powers, nested, long, foreign, unicode, mixed, soup,
)  # fmt: skip


def odd_expressions(seeds: range) -> list[str]:
    """An expression for each seed; all kinds take turns."""
    return [KINDS[seed % len(KINDS)](random.Random(seed)) for seed in seeds]


ASKED = (
    ("classify", "{}", "--family", "fixed,la", "--form", "type1", "--dictionary", "relu,id"),
    ("classify", "{}", "--form", "two_sided", "--dictionary", "relu,id", "--json"),
    ("separate", "--expr", "{}", "--widths", "1000000"),
    ("classify", "{}", "--family", "la,moa", "--form", "one_sided", "--dictionary", "tanh,relu2"),
    ("classify", "{}", "--family", "fixed,moa", "--form", "type1", "--no-bias", "--gate", "softmax",
     "--dictionary", "gelu,leaky_relu"),
)  # fmt: skip
"""Commands for an expression; the one of separate is refused in any case."""


def questions(seeds: range) -> list[list[str]]:
    """A command for each seed's expression; all commands meet all kinds."""
    return [
        [text if word == "{}" else word for word in ASKED[seed // len(KINDS) % len(ASKED)]]
        for seed, text in zip(seeds, odd_expressions(seeds), strict=True)
    ]
