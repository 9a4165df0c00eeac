"""Sweep files with something wrong in most of them, seeded."""

import random

GRID = {
    "target": '["t1"]', "family": '["fixed", "la"]', "form": '["type1"]', "width": "[1]",
    "dictionary": '[["relu", "id"]]', "seed": "[0]", "bias": "[true]", "loss": '["l2"]',
    "groups": "[1]", "constraint": '["free"]', "optimizer": '["varpro"]', "gate": '["tanh"]',
    "lambda": "[2.0]",
}  # fmt: skip
SETTINGS = {"restarts": "2", "candidates": "1", "generations": "0", "seeds": "1",
            "device": '"cpu"', "dtype": '"float64"', "compile": '"never"'}  # fmt: skip
VALUES = (
    "0", "-1", "1.5", "nan", "[nan]", "inf", "[-inf]", "1e400", "[1e308]", "1000000000000",
    "9" * 30, "9" * 5000, f"[{'9' * 19}]", "0x7fffffffffffffff", "true", "[true, 1]", '"x"', '[""]',
    '["t1", 5]', '["T1"]', '["nonsense"]', "[[]]", "[[[[1]]]]", "[" * 60 + "]" * 60,
    "[" * 5000 + "]" * 5000, "{}", "{a = {b = {c = 1}}}", "1979-05-27", "[07:32:00]", "''",
    '"\\u0000"', '["\\u202e"]', '"\U0001f600"', '["__import__(\'os\')"]', "[]", "[1, 1, 1]",
    '["softmax"]', '["two_sided"]', '["moa"]', '["h1"]', "[0]", "[-5]", "[100000]", "[1, 2, x]",
    "[[\"relu\", \"relu\"]]", '[["nonsense"]]', "[" + "1," * 30000 + "]", "[2147483648]", '"cuda"',
    "{size = 0.1, points = 10}", "{size = nan, points = 10}", "{size = 1, points = 99999999999}",
    '["x1.__class__"]', '["1/x"]', '["exp(1000)*x"]', '["' + "x+" * 6000 + 'x"]', '["0*x"]',
    '["' + "(" * 90 + "x" + ")" * 90 + '"]', "['x**2', 'tanh(x1)*x2']",
)  # fmt: skip
KEYS = (
    "targets", "Lambda", "lambda_", "noise", "expr", "width", "seed", "restarts", "compile", "grid",
    "settings", "name", "experiment", "tier", '"a b"', '""', "a.b.c", "grid.width", "\u00fc", "1",
    '"\\u0000"', "target", "device", "grid.grid", "__class__", "model_config",
)  # fmt: skip
NAMES = ('"ok"', '"../up"', '"/etc/x"', '"."', '""', '"a\\nb"', f'"{"n" * 300}"', "5", '"con:"',
         '"\u0445"', '"-x"', "'~'")  # fmt: skip


def _text(name: str, top: list[str], grid: dict[str, str], settings: dict[str, str]) -> str:
    lines = [f"name = {name}", *top]
    for title, table in (("grid", grid), ("settings", settings)):
        lines += [f"[{title}]", *(f"{key} = {value}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def odd_sweep(seed: int) -> bytes:
    """The content of a sweep file; where it can be run, that takes a moment."""
    draw = random.Random(seed)
    name, top, grid, settings = '"ok"', list[str](), dict(GRID), dict(SETTINGS)
    for _ in range(draw.choice((0, 1, 1, 1, 2, 3))):
        way, table = draw.randrange(6), draw.choice((grid, grid, settings))
        if way < 3:
            table[draw.choice(list(table))] = draw.choice(VALUES)
        elif way == 3:
            table[draw.choice(KEYS)] = draw.choice(VALUES)
        elif way == 4:
            top.append(f"{draw.choice(KEYS)} = {draw.choice(VALUES)}")
        else:
            name = draw.choice(NAMES)
    data = bytearray(_text(name, top, grid, settings).encode())
    if draw.random() < 0.2:
        at = draw.randrange(len(data))
        data[at : at + draw.randrange(3)] = draw.choice(
            (b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"[", b'"', b"=", b"\r", b"[grid]\n", b"#")
        )
    return bytes(data)
