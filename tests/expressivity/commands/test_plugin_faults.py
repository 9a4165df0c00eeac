"""Two hundred packages that fail, each in a way drawn at random (slow; seeded).

Kinds: negative (commands answer as without the packages: each is named in one line, none ends a
command), reference (the exit codes of docs/formats.md). The fast kin are in
tests/expressivity/test_plugins.py.
"""

import os
import random
from pathlib import Path

import pytest
from broken_packages import FAILURES, ROOT, install
from many_commands import answers_to

FAULTS, AT_ONCE = 200, 25
PRINTED = "{{}}"
"""What one of FAILURES prints; it is shown where it does no harm."""
GROUPS = ("activations", "gates", "neurons", "targets", "families", "theorems", "experiments",
          "figures", "report_sections", "commands", "listings", "layer_adapters", "kernels",
          "vouchers")  # fmt: skip
ASKED = [
    ["--help"],
    ["list", "gates"],
    *(["list", what, "--json"] for what in
      ("targets", "families", "neurons", "activations", "gates", "theorems", "experiments",
       "figures")),
    ["list", "nonsense"],
    ["classify", "relu(x)", "--dictionary", "relu,id", "--json"],
    ["separate", "--restarts", "0"],
    ["separate", "nonsense"],
    ["prove", "L1", "--json"],
    ["check", "nowhere.json"],
    ["verify", "nowhere"],
]  # fmt: skip

WRONG = ("5", "None", "'text'", "[]", "{}", "object()", "float('nan')", "type", "Odd()", "Odd",
         "lambda *a: 1 / 0", "lambda *a: Odd()", "lambda *a: None", "lambda *a: ''")  # fmt: skip
"""What is registered where something else is required, or fails once it is used."""
_ODD = """
class Odd:
    name = "entry"
    def __getattr__(self, name): raise RuntimeError("no " + name)
    def __str__(self): raise SystemExit(9)
    __repr__ = __eq__ = __len__ = __iter__ = __call__ = __str__
    __hash__ = None
"""
RAISED = ("ValueError('required: a')", "KeyError('a')", "SystemExit(0)", "SystemExit(3)",
          "SystemExit('why')", "GeneratorExit", "StopIteration", "RecursionError",
          "AssertionError('wrong')", "TimeoutError", "OSError(28, 'full')", "BaseException('a')",
          "UnicodeDecodeError('utf-8', b'x', 0, 1, 'bad')", "NotImplementedError",
          "type('Odd', (BaseException,), {'__str__': lambda s: 1 / 0})()")  # fmt: skip


def fault(draw: random.Random, module: str) -> tuple[str, str]:
    """The value of an entry point and the code of its module."""
    kind = draw.randrange(4)
    if kind == 0:
        value, code = draw.choice(list(FAILURES.values()))
        return value.format(module=module), code
    where = draw.choice(["", "def register(*a):\n    "])
    if kind == 1:
        return f"{module}:register", f"{where}raise {draw.choice(RAISED)}"
    if kind == 2:
        line = f"def register(r): r.add('entry', {draw.choice(WRONG)})"
        return f"{module}:register", _ODD + line
    noise = "".join(chr(draw.randrange(33, 0x2FF)) for _ in range(draw.randrange(1, 30)))
    value = draw.choice([noise, f"{module}:{noise}", f"{noise}:register", "", ":", "a b:c", "."])
    return value, "register = None"


def installed(folder: Path, numbers: range) -> list[str]:
    """Packages with these numbers, which are their seeds; returns their names."""
    for number in numbers:
        draw, module = random.Random(number), f"faulty_{number}"
        value, code = fault(draw, module)
        group = f"expressivity.{draw.choice(GROUPS)}"
        install(folder, module.replace("_", "-"), {group: f"bad = {value}"}, code)
        if draw.random() < 0.1:  # metadata that cannot be read at all
            (folder / f"{module}-1.0.dist-info" / "entry_points.txt").write_bytes(
                bytes(draw.randrange(256) for _ in range(60))
            )
    return [f"faulty-{number}" for number in numbers]


def ask(folder: Path) -> list[list]:
    environment = {
        "PATH": os.defpath, "PYTHONPATH": f"{folder}:{ROOT}", "OMP_NUM_THREADS": "1",
        "EXPRESSIVITY_CACHE": str(folder / "cache"),
    }  # fmt: skip
    return answers_to(ASKED, folder, environment)[0]


def timeless(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if '"seconds"' not in line)


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> list[list]:
    return ask(tmp_path_factory.mktemp("plain"))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, FAULTS, AT_ONCE))
def test_commands_answer_as_without_packages_that_fail(tmp_path, expected, first):
    names = installed(tmp_path, range(first, first + AT_ONCE))
    told: list[str] = []
    for arguments, (code, out, err), (code_now, out_now, err_now) in zip(
        ASKED, expected, ask(tmp_path), strict=True
    ):
        assert code_now == code and code in range(5), (arguments, err_now)
        assert timeless(out_now) == timeless(out), arguments
        lines = err_now.splitlines()
        left_out = [line for line in lines if line.startswith("expressivity: left out: ")]
        told += left_out
        refusals = [line for line in lines if line not in (*left_out, PRINTED)]
        assert len(refusals) == len(err.splitlines()), (arguments, refusals)
        assert not any("Traceback" in line for line in lines), arguments
    for name in names:  # at most once for the whole process, wherever it is met
        assert sum(f" {name} 1.0" in line or f" {name} cannot" in line for line in told) <= 2
    assert len(told) > AT_ONCE / 3


@pytest.mark.slow
@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "MemoryError"])
def test_what_is_nobodys_fault_ends_a_command_with_four_and_one_line(tmp_path, raised):
    install(tmp_path, "ends", {"expressivity.gates": "e = ends:register"}, f"raise {raised}")
    for (code, out, err), arguments in zip(ask(tmp_path), ASKED, strict=True):
        if arguments == ["list", "gates"]:
            assert (code, out) == (4, "")
        assert code in range(5) and len(err.splitlines()) <= 1
