"""Names of arguments: checked before anything heavy is imported.

Kinds: reference (the file of names is what the registries say; rewritten by
``pytest tests/expressivity/commands --write-names``), metamorphic (the file and the registries
answer alike), negative (slips of the pen in every command).
"""

import json
import os
from pathlib import Path

import pytest
from broken_packages import ROOT, install
from many_commands import answers_to

from expressivity.commands import names

SLIPS = {
    ("separate", "t9x"): "unknown target 't9x' (did you mean t9?): choose from t1, ",
    ("separate", "t1", "nope"): "unknown target 'nope': choose from t1, ",
    ("separate", "t1", "--family", "la,moaa"): "unknown family 'moaa' (did you mean moa or ",
    ("separate", "t1", "--form", "typ1"): "unknown form 'typ1' (did you mean type1?): ",
    ("separate", "t1", "--gate", "tahn"): "unknown gate 'tahn' (did you mean tanh?): ",
    ("separate", "t1", "--dictionary", "id,gellu"): "unknown activation 'gellu' (did you mean ",
    ("certify", "t22"): "unknown target 't22' (did you mean t2?): ",
    ("classify", "relu(x)", "--gate", "nope"): "unknown gate 'nope': choose from sigmoid, ",
    ("compare", "la", "nope"): "unknown family 'nope': choose from fixed, la, moa, ",
    ("discover", "swiglue", "la"): "unknown family 'swiglue' (did you mean swiglu or ",
    ("atlas", "--classes", "relu,nope"): "unknown class 'nope': choose from relu, ",
    ("prove", "T22"): "unknown theorem 'T22' (did you mean T2?): ",
    ("figures", "lader"): "unknown figure 'lader' (did you mean ladder?): ",
    ("reproduce", "--only", "noize"): "unknown experiment 'noize' (did you mean noise?): ",
    ("list", "target"): "unknown listing 'target' (did you mean targets?): ",
    ("seperate",): "No such command 'seperate'. Did you mean 'separate'?",
}
ASKED = [("--help",), ("--version",), ("separate", "--help"),
         *(("list", what, "--json") for what in names.stored() if what != names.KINDS)]  # fmt: skip


def ask(folder: Path, asked: list[tuple[str, ...]]) -> tuple[list, list[str]]:
    """The answers of one process to many commands, and the heavy modules it has imported."""
    env = {"PATH": os.defpath, "PYTHONPATH": f"{folder}:{ROOT}"}
    return answers_to(asked, folder, env)


def test_help_lists_and_slips_need_nothing_heavy(tmp_path):
    answers, heavy = ask(tmp_path, [*ASKED, *SLIPS])
    assert heavy == []
    assert [code for code, _, _ in answers] == [0] * len(ASKED) + [2] * len(SLIPS)
    for (code, out, err), told in zip(answers[len(ASKED) :], SLIPS.values(), strict=True):
        assert (code, out) == (2, "")
        assert err.startswith(f"expressivity: {told}") and err.count("\n") == 1
    assert answers[1][1].startswith("expressivity ")
    shown = {document["what"]: document["names"] for document in
             (json.loads(out) for _, out, _ in answers[3 : len(ASKED)])}  # fmt: skip
    assert shown == {what: lines for what, lines in names.stored().items() if what != names.KINDS}


def test_the_file_of_names_is_what_the_registries_say(pytestconfig):
    from expressivity.commands.listings import names_of_all

    found = names_of_all()
    if pytestconfig.getoption("--write-names", default=False):
        names.FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(names.FILE.read_text(encoding="utf-8"))
    assert list(found["targets"])[:2] == ["t1", "t2"] and "T1" in found["theorems"]


@pytest.mark.parametrize("slip", SLIPS, ids=" ".join)
def test_the_registries_refuse_in_the_same_words(call, slip):
    import sympy  # noqa: F401 (where it is loaded, the registries answer)

    answer = call(*slip)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert answer.err.startswith(f"expressivity: {SLIPS[slip]}")


def test_a_name_that_another_package_adds_is_known(tmp_path):
    code = (
        "from expressivity.targets.builtin import TARGETS\n"
        "def register(registry): registry.add('t9x', lambda *a: TARGETS['t1']())\n"
    )
    install(tmp_path, "adds", {"expressivity.targets": "adds = adds:register"}, code)
    ((code, out, err),), heavy = ask(tmp_path, [("separate", "t9x", "--restarts", "0")])
    assert (code, out) == (2, "")
    assert "unknown" not in err and "restarts of at least 1" in err
    assert "sympy" in heavy


def test_other_spellings_mean_the_same(call):
    one = call("classify", "relu(x)", "--family", "fixed,la", "--dictionary", "relu,silu", "--json")
    two = call("classify", "relu(x)", "--family", "Fixed,LA", "--dictionary", "ReLU,swish",
               "--json")  # fmt: skip
    assert one.code == 0 and one.document == two.document
    assert call("compare", "SwiGLU", "glu-silu", "--widths", "1").err.endswith(
        "required: two classes; swiglu and glu-silu are one\n"
    )


@pytest.mark.parametrize(("typed", "offered"), [
    ("separate t", "t5q"), ("compare la ", "moa"), ("classify 'x' --dictionary id,re", "id,relu"),
    ("list ", "targets"), ("prove T", "T1"), ("sep", "separate"),
])  # fmt: skip
def test_a_shell_completes_commands_and_names(call, monkeypatch, typed, offered):
    monkeypatch.setenv("_EXPRESSIVITY_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"expressivity {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) + typed.endswith(" ")))
    answer = call()
    assert (answer.code, answer.err) == (0, "")
    assert offered in answer.out.split()
