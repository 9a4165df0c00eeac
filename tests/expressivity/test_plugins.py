"""Plug-ins that fail: each is named in one notice, and the rest works as if it were not there.

Kinds: negative (every way to fail, in every group), soundness (nothing of a failed plug-in
stays, standard output holds results alone), metamorphic (commands answer as without it).
Packages are laid out on disk; the commands run in processes of their own, once under -O.
"""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from expressivity import cli, output
from expressivity.classes.activations import Activation
from expressivity.classes.gates import Gate
from expressivity.plugins import PluginError, PluginValueError, blaming, plugins, reason
from expressivity.registry import Registry, UnknownNameError, a_function, of_type
from expressivity.symbolic.proof import Theorem

ROOT = Path(__file__).parents[2]


def install(
    folder: Path, name: str, points: dict[str, str], code: str = "", *, version: str = "1.0"
) -> None:
    """A package of one module of the same name.

    Args:
        folder: on the path of modules.
        name: of the distribution; its module has underscores.
        points: entry points by group, each ``name = module:attribute`` lines.
        code: of the module.
        version: of the distribution.
    """
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    facts = folder / f"{module}-{version}.dist-info"
    facts.mkdir()
    header = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (facts / "METADATA").write_text(header, encoding="utf-8")
    text = "".join(f"[{group}]\n{lines}\n" for group, lines in points.items())
    (facts / "entry_points.txt").write_text(text, encoding="utf-8")


FAILURES = {
    "does not exist": ("no_such_module:register", ""),
    "has no such attribute": ("{module}:nothing", ""),
    "is no reference": ("{module}:::", ""),
    "cannot be imported": ("{module}:register", "import no_such_module"),
    "is no Python": ("{module}:register", "def register(:"),
    "exits": ("{module}:register", "import sys; sys.exit(7)"),
    "exits with text": ("{module}:register", "raise SystemExit('bye')"),
    "exits when called": ("{module}:register", "def register(r):\n    raise SystemExit(0)"),
    "raises when called": (
        "{module}:register",
        "def register(r):\n    raise RuntimeError('two\\nlines')",
    ),
    "raises a BaseException": (
        "{module}:register",
        "class Odd(BaseException): ...\ndef register(r):\n    raise Odd",
    ),
    "raises what cannot be shown": (
        "{module}:register",
        "class Odd(Exception):\n    def __str__(self): raise self\ndef register(r):\n    raise Odd",
    ),
    "stops like a generator": ("{module}:register", "def register(r):\n    raise GeneratorExit"),
    "is an object": ("{module}:register", "register = 5"),
    "takes nothing": ("{module}:register", "def register():\n    pass"),
    "recurses": ("{module}:register", "def register(r):\n    register(r)"),
    "registers a taken name": ("{module}:register", "def register(r):\n    r.add('one', 1)"),
    "registers a wrong type": ("{module}:register", "def register(r):\n    r.add('new', 'text')"),
    "registers no name": ("{module}:register", "def register(r):\n    r.add(None, 1)"),
    "fails after a first entry": (
        "{module}:register",
        "def register(r):\n    r.add('half', 1)\n    raise ValueError('the second is missing')",
    ),
    "prints and fails": (
        "{module}:register",
        "print('{{}}')\ndef register(r):\n    r.add('one', 2)",
    ),
}


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """Notices of other tests do not count."""
    monkeypatch.setattr(output, "_noticed", set())


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def notices(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "expressivity"]


def numbers() -> Registry[int]:
    registry: Registry[int] = Registry("number", group="some.group", check=of_type(int))
    registry.add("one", 1)
    return registry


@pytest.mark.parametrize("how", FAILURES)
def test_a_plug_in_that_fails_is_named_once_and_leaves_nothing(site, caplog, capsys, how):
    value, code = FAILURES[how]
    module = f"broken_{list(FAILURES).index(how)}"
    install(
        site, module.replace("_", "-"), {"some.group": f"bad = {value.format(module=module)}"}, code
    )
    install(
        site,
        "whole",
        {"some.group": "good = whole:register"},
        "def register(r):\n    r.add('two', 2)",
    )
    sys.modules.pop("whole", None)
    registry = numbers()
    with caplog.at_level(logging.WARNING):
        assert list(registry) == ["one", "two"]
        assert (registry["one"], registry["two"]) == (1, 2)
    (line,) = notices(caplog)
    name = module.replace("_", "-")
    assert line.startswith(f"left out: plug-in 'bad' (group some.group) of {name} 1.0: ")
    assert "\n" not in line
    assert capsys.readouterr().out == ""
    with pytest.raises(UnknownNameError, match=rf"left out: plug-in 'bad' .* of {name} 1\.0$"):
        registry["half"]
    assert list(numbers()) == ["one", "two"]
    assert len(notices(caplog)) == 1  # not again in this process


def test_an_interrupt_is_nobodys_failure(site):
    install(
        site,
        "slow",
        {"some.group": "slow = slow:register"},
        "def register(r):\n    raise KeyboardInterrupt",
    )
    with pytest.raises(KeyboardInterrupt):
        list(numbers())


def test_a_package_whose_entry_points_cannot_be_read_hides_no_other(site, caplog):
    install(site, "unreadable", {"some.group": "no reference at all"})
    install(
        site,
        "whole2",
        {"some.group": "good = whole2:register"},
        "def register(r):\n    r.add('two', 2)",
    )
    with caplog.at_level(logging.WARNING):
        assert list(numbers()) == ["one", "two"]
    assert [line for line in notices(caplog) if "unreadable" in line]
    assert [plugin.name for plugin, _ in plugins("expressivity.listings")] == [
        "experiments",
        "figures",
    ]


def test_own_entry_points_come_first(site):
    install(site, "a-first", {"expressivity.commands": "aaa = a_first:register"})
    found = [plugin for plugin, _ in plugins("expressivity.commands")]
    assert [plugin.own for plugin in found] == [True] * (len(found) - 1) + [False]


# --- entries that fail when they are used --------------------------------------------------------


def test_an_entry_that_fails_is_named_when_asked_for_and_left_out_of_all(site, caplog):
    code = (
        "def refuses(x):\n    raise ValueError('required: x above 0')\n"
        "def register(r):\n    r.add('refuses', refuses)\n"
        "    r.add('crashes', lambda x: x.nothing)\n    r.add('exits', lambda x: exit(1))"
    )
    install(site, "functions", {"other.group": "all = functions:register"}, code)
    registry = Registry("function", group="other.group", check=a_function)
    registry.add("own", lambda x: x + 1)
    with caplog.at_level(logging.WARNING):
        assert registry.each(lambda f: f(1)) == {"own": 2}
    assert notices(caplog) == [
        "left out: function 'refuses' of functions 1.0: required: x above 0",
        "left out: function 'crashes' of functions 1.0: AttributeError: 'int' object has no "
        "attribute 'nothing'",
        "left out: function 'exits' of functions 1.0: SystemExit: 1",
    ]
    with pytest.raises(PluginValueError, match=r"function 'refuses' of functions 1\.0: required"):
        registry.use("refuses", lambda f: f(1))
    with pytest.raises(PluginError, match=r"of functions 1\.0: AttributeError") as caught:
        registry.each(lambda f: f(1), ["own", "crashes"])
    assert not isinstance(caught.value, ValueError)


def test_what_this_package_raises_passes_as_it_is():
    (plugin, _), *_ = plugins("expressivity.theorems")
    assert plugin.own
    with pytest.raises(KeyError):
        blaming(plugin, "theorem", lambda: {}["T1"])
    registry = numbers()
    with pytest.raises(ZeroDivisionError):
        registry.each(lambda number: number / 0)


@pytest.mark.parametrize(
    ("kind", "group"),
    [(Activation, "activations"), (Gate, "gates"), (Theorem, "theorems")],
)
def test_every_field_of_a_record_is_checked(kind, group):
    import dataclasses

    from expressivity.classes.activations import ACTIVATIONS
    from expressivity.classes.gates import GATES
    from expressivity.symbolic.proof import THEOREMS

    registry = {"activations": ACTIVATIONS, "gates": GATES, "theorems": THEOREMS}[group]
    record = registry[next(iter(registry))]
    check = of_type(kind)
    check(record)
    for field in dataclasses.fields(kind):
        if field.name == "setting":
            continue  # of any type
        wrong = dataclasses.replace(record, **{field.name: object()})
        with pytest.raises(ValueError, match=rf"^required: {kind.__name__}\.{field.name} of type"):
            check(wrong)
    with pytest.raises(ValueError, match=f"required: a record of type {kind.__name__}; got"):
        check(kind)


def test_long_and_broken_reasons_are_one_short_line():
    assert len(reason(ValueError("a\n" * 10_000))) < 400
    assert reason(KeyboardInterrupt()) == "KeyboardInterrupt"


# --- commands ------------------------------------------------------------------------------------

REGISTERS = "import typer\ndef register(app):\n"
COMMANDS = {
    "adds nothing": "    pass",
    "adds a taken name": "    @app.command()\n    def classify(): ...",
    "adds a name twice": "    for name in ('b', 'c'):\n        app.command('a')(lambda: None)",
    "has an odd parameter": "    @app.command()\n    def strange(x: int | str): ...",
    "fails after its first": "    @app.command()\n    def half(): ...\n    raise RuntimeError",
}


@pytest.fixture
def fresh(monkeypatch):
    """An application with no command of a plug-in."""
    monkeypatch.setattr(cli, "_add_plugins", cli._add_plugins.__wrapped__)
    own = [info for info in cli.app.registered_commands if info.callback.__module__ == cli.__name__]
    monkeypatch.setattr(cli.app, "registered_commands", own)


@pytest.mark.parametrize("how", COMMANDS)
def test_a_command_that_cannot_be_added_leaves_the_others(call, site, fresh, how):
    name = f"command{list(COMMANDS).index(how)}"
    install(
        site, name, {"expressivity.commands": f"bad = {name}:register"}, REGISTERS + COMMANDS[how]
    )
    answer = call("list", "gates", "--json")
    assert answer.code == 0
    assert list(answer.document["names"]) == ["sigmoid", "tanh", "softmax"]
    assert answer.err.startswith(
        f"expressivity: left out: plug-in 'bad' (group expressivity.commands) of {name} 1.0: "
    )
    assert answer.err.count("\n") == 1
    names = list(typer.main.get_group(cli.app).commands)
    assert names.count("classify") == 1 and "prove" in names
    assert not set(names) & {"half", "a", "strange"}


ANSWERS = """
import sys, typer
def register(app):
    @app.command()
    def answers(what: str):
        return eval(what)
    @app.command()
    def raises(what: str):
        raise eval(what)
"""


@pytest.mark.parametrize(
    ("what", "code"),
    [("None", 0), ("0", 0), ("1", 1), ("3", 3), ("True", 4), ("7", 4), ("-1", 4), ("'no'", 4),
     ("1.0", 4), ("[]", 4), ("typer.Exit(3)", 4)],
)  # fmt: skip
def test_a_command_of_a_plug_in_gives_an_exit_code_or_four(call, site, fresh, what, code):
    install(site, "answers", {"expressivity.commands": "a = answers:register"}, ANSWERS)
    answer = call("answers", "--", what)
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.count("\n") == (1 if "required: an exit code" in answer.err else 0)


@pytest.mark.parametrize(
    ("what", "code", "told"),
    [
        ("KeyError('x')", 4, "unforeseen error: KeyError: 'x' (answers.py, line "),
        ("ZeroDivisionError", 4, "unforeseen error: ZeroDivisionError (answers.py, line "),
        ("SystemExit(3)", 3, ""),
        ("SystemExit", 0, ""),
        ("SystemExit('why')", 4, "required: an exit code from 0 to 4; the command gave 'why'"),
        ("SystemExit(7)", 4, "required: an exit code from 0 to 4; the command gave 7"),
        ("typer.Exit(3)", 3, ""),
        ("GeneratorExit", 4, "unforeseen error: GeneratorExit"),
        ("BrokenPipeError", 4, "the output is not complete"),
        ("RecursionError('deep')", 4, "the machine failed: deep"),
        ("ValueError('required: a')", 2, "required: a"),
        ("KeyboardInterrupt", 4, "interrupted"),
        ("typer.Abort", 4, "interrupted"),
    ],
)
def test_no_crash_of_a_command_exits_with_one(call, site, fresh, monkeypatch, what, code, told):
    from expressivity.commands import process

    monkeypatch.setattr(process, "_leave_stdout", lambda: None)  # of the test runner's
    install(site, "answers", {"expressivity.commands": "a = answers:register"}, ANSWERS)
    answer = call("raises", "--", what)
    assert (answer.code, answer.out) == (code, "")
    assert "Traceback" not in answer.err
    assert answer.err.count("\n") == bool(told)
    assert told in answer.err


# --- all at once, as a user would meet them ------------------------------------------------------

_RUNNER = """
import contextlib, io, json, sys
from expressivity import cli
answers = []
for arguments in json.load(sys.stdin):
    sys.argv = ["expressivity", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main()
    answers.append([code, out.getvalue(), err.getvalue()])
json.dump(answers, sys.stdout)
"""
GROUPS = ("activations", "gates", "targets", "families", "theorems", "experiments", "figures",
          "report_sections", "commands", "listings")  # fmt: skip
ASKED = [
    *(["list", what, "--json"] for what in
      ("targets", "families", "activations", "gates", "theorems", "experiments", "figures")),
    ["--help"],
    ["classify", "relu(x)", "--dictionary", "relu,id", "--json"],
    ["list", "nonsense"],
    ["separate", "--restarts", "0"],
    ["prove", "L1"],
]  # fmt: skip
USED = (
    "def fails(*a): raise KeyError('used')\n"
    "def targets(r): r.add('mine', fails); r.add('other', lambda *a: 5)\n"
    "def families(r): r.add('mine', fails)\n"
    "def experiments(r): r.add('mine', fails); r.add('other', lambda tier: None)\n"
)


def ask(folder: Path, *flags: str) -> list[list]:
    done = subprocess.run(
        [sys.executable, *flags, "-c", _RUNNER],
        input=json.dumps(ASKED),
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{folder}:{ROOT}", "OMP_NUM_THREADS": "1"},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def timeless(text: str) -> str:
    import re

    return re.sub(r"\d+\.\d+( s)?", "", text)


@pytest.mark.slow
def test_everything_answers_as_without_the_broken_packages(tmp_path):
    for folder in ("plain", "broken"):
        (tmp_path / folder).mkdir()
    broken = tmp_path / "broken"
    for group in GROUPS:
        points = {f"expressivity.{group}": f"bad = exits_{group}:register"}
        install(broken, f"exits-{group}", points, "print('noise')\nimport sys; sys.exit(1)")
    used = {
        f"expressivity.{group}": f"late = late:{group}"
        for group in ("targets", "families", "experiments")
    }
    install(broken, "late", used, USED)
    expected, found = ask(tmp_path / "plain"), ask(broken, "-O")
    told = "".join(err for _, _, err in found)
    for arguments, (code, out, err), (code_now, out_now, err_now) in zip(
        ASKED, expected, found, strict=True
    ):
        assert code_now == code, (arguments, err_now)
        assert timeless(out_now) == timeless(out), arguments
        for line in err.splitlines():
            if arguments != ["list", "nonsense"]:
                assert line in err_now
    # Groups that no command of these needed are not loaded, and not complained about.
    for group in set(GROUPS) - {"report_sections", "listings"}:
        line = f"plug-in 'bad' (group expressivity.{group}) of exits-{group} 1.0: SystemExit: 1"
        assert told.count(f"left out: {line}") == 1
    for what in ("target 'mine'", "target 'other'", "family 'mine'", "experiment 'mine'"):
        assert told.count(f"left out: {what} of late 1.0") == 1
    assert "Traceback" not in told
