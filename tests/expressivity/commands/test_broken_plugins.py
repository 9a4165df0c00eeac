"""Commands beside plug-ins that fail.

Kinds: negative (a command that cannot be added or that crashes), metamorphic (commands answer as
without the plug-in). The slow test runs them in processes of their own, once under -O.
"""

from pathlib import Path

import pytest
import typer
from broken_packages import ROOT, install
from many_commands import answers_to

from expressivity import cli

pytestmark = pytest.mark.usefixtures("forgotten")


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
    commands = cli.app.registered_commands
    own = [info for info in commands if info.callback.__module__.startswith("expressivity.")]
    monkeypatch.setattr(cli.app, "registered_commands", own)


@pytest.mark.parametrize("how", COMMANDS)
def test_a_command_that_cannot_be_added_leaves_the_others(call, site, fresh, how):
    name = f"command{list(COMMANDS).index(how)}"
    install(
        site, name, {"expressivity.commands": f"bad = {name}:register"}, REGISTERS + COMMANDS[how]
    )
    unneeded = call("list", "gates", "--json")
    assert (unneeded.code, unneeded.err) == (0, "")
    assert list(unneeded.document["names"]) == ["sigmoid", "tanh", "softmax"]
    answer = call("--help")
    assert answer.code == 0
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
        ("BrokenPipeError", 4, ""),
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
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{folder}:{ROOT}", "OMP_NUM_THREADS": "1"}
    answers, _ = answers_to(ASKED, folder, env, *flags)
    return answers


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
    line = "left out: plug-in 'late' (group expressivity.families) of late 1.0: required: "
    assert told.count(line) == 1  # a family is made once when it is registered
    for what in ("target 'mine'", "target 'other'", "experiment 'mine'"):
        assert told.count(f"left out: {what} of late 1.0") == 1
    assert "Traceback" not in told
