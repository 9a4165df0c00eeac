"""How the parser says what it refuses: what was required, what came and where, what to do."""

from expressivity.symbolic.expressions import ExpressionError

MAX_LEVELS = 64
MAX_DIMENSION = 16
MAX_EXPONENT = 64
# A literal is exact: its size is bounded by its text, and "1e999999999" must not be expanded.
MAX_LITERAL_CHARACTERS = 400
MAX_DECIMAL_EXPONENT = 400
# What each rule requires, and what to do about a breach.
_RULES = {
    "alphabet": ("ASCII characters only", "retype that character on an ASCII keyboard"),
    "symbols": (
        "only numbers, variables, function(argument), brackets ( ) and + - * / **",
        "rewrite the expression with these alone",
    ),
    "caret": ("** between a base and its power", "write ** in the place of ^"),
    "numbers": (
        "decimal numbers such as 2, 0.5 or 1e-3, and * between factors",
        "write 2*x for a product, and numbers without underscores, letters or leading zeros",
    ),
    "size": (
        f"a finite float64 number of at most {MAX_LITERAL_CHARACTERS} characters, with a decimal "
        f"exponent within {MAX_DECIMAL_EXPONENT}",
        "use a smaller or shorter number",
    ),
    "indices": (f"variables among x1..x{MAX_DIMENSION}", "renumber the variables"),
    "collision": ("either x alone or x1..xd, because x means x1", "write x1 for x"),
    "operand": (
        "an operand on each side of every operator and inside every bracket",
        "complete the expression there",
    ),
    "operator": ("an operator between operands", "write * for a product and ** for a power"),
    "opening": ("an opening bracket for each closing one", "remove it or open it earlier"),
    "closing": ("a closing bracket for each opening one", "close this one"),
    "argument": ("an argument in brackets after a function", "write for example tanh(x)"),
    "nesting": (
        f"at most {MAX_LEVELS} levels of nested brackets, signs and powers",
        "expand or split the expression",
    ),
    "exponent": (
        f"a literal rational exponent within [-{MAX_EXPONENT}, {MAX_EXPONENT}]",
        "write a number such as 2, -0.5 or (1/2)",
    ),
    "shape": (
        "sums, products, powers and functions of one argument",
        "rewrite this part with these alone",
    ),
}


def refusal(rule: str, text: str, column: int) -> ExpressionError:
    """Build an error that points at ``text[column]`` (reported 1-based)."""
    required, advice = _RULES[rule]
    got = shorten(text[column:])
    return ExpressionError(f"required: {required}; got {got} at column {column + 1}; {advice}")


def shorten(text: str) -> str:
    """Quote the beginning of ``text`` in one printable line."""
    limit = 32
    return ascii(text if len(text) <= limit else text[: limit - 3] + "...")
