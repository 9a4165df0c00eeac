"""Bad input of every sort: code 2, one line, nothing written.

Kinds: negative (unknown names, unusable options and expressions, more than memory holds),
reference (the choices that a refusal lists).
"""

import math
import re

import pytest
import torch
from command_lines import HUGE, one_line, refused

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.commands import overhead as overhead_command
from expressivity.commands import separate as separate_command
from expressivity.fitting import limits
from expressivity.separation.settings import Noise, Settings
from expressivity.targets.builtin import TARGETS

torch.set_num_threads(1)
CHOICES = {
    "target": ", ".join(TARGETS),
    "family": ", ".join(Kind),
    "form": ", ".join(FORMS),
    "gate": "sigmoid, tanh, softmax",
    "activation": ", ".join(FULL_DICTIONARY),
    "optimizer": "varpro, lm, adam",
    "loss": "l2, h1",
    "device": "auto, cpu, cuda",
    "dtype": "float64, float32",
}
UNKNOWN = {
    "target": ["nope"],
    "family": ["t1", "--family", "la,nope"],
    "form": ["t1", "--form", "nope"],
    "gate": ["t1", "--gate", "nope"],
    "activation": ["t1", "--dictionary", "relu,nope"],
    "optimizer": ["t1", "--optimizer", "nope"],
    "loss": ["t1", "--loss", "nope"],
    "device": ["t1", "--device", "nope"],
    "dtype": ["t1", "--dtype", "nope"],
}


@pytest.mark.parametrize("noun", CHOICES)
def test_unknown_names_list_the_choices(call, out, noun):
    line = refused(call, out, *UNKNOWN[noun])
    assert f"unknown {noun} 'nope': choose from {CHOICES[noun]}" in line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["t1", "--widths", "0"], "widths of at least 1"),
        (["t1", "--widths", "1,0"], "widths of at least 1"),
        (["t1", "--widths=-1"], "widths of at least 1"),
        (["t1", "--widths", "x"], "widths of at least 1"),
        (["t1", "--widths", "1.5"], "widths of at least 1"),
        (["t1", "--widths", ""], "widths of at least 1"),
        (["t1", "--restarts", "0"], "restarts of at least 1"),
        (["t1", "--restarts", "x"], "--restarts"),
        (["t1", "--candidates", "0"], "candidates of at least 1"),
        (["t1", "--seed", "-1"], "seed of at least 0"),
        (["t1", "--groups", HUGE, "--family", "la"], "at most 1024 groups"),
        (["t1", "--generations", "-1"], "generations of at least 0"),
        (["t1", "--generations", HUGE], "at most 65536 generations"),
        (["t1", "--generations", "5", "--optimizer", "lm"], "got 5 with lm: choose 0"),
        (["t1", "--generations", "5", "--restarts", "3"], "got 3: choose more, or 0 generations"),
        (["t1", "--family", ""], "at least one family"),
        (["t1", "--dictionary", ""], "at least one activation"),
        (["t1", "--dictionary", ","], "at least one activation"),
        (["t1", "--dictionary", "relu,relu"], "each activation once"),
        (["t5", "--family", "fixed"], "families that exist in form two_sided"),
        (["t2", "--lambda", "nan"], "finite lambda"),
        (["t2", "--lambda", "inf"], "finite lambda"),
        (["t2", "--lambda", "-inf"], "finite lambda"),
        (["t2", "--lambda", "0"], "lambda above 0"),
        (["t2", "--lambda", "-1"], "lambda above 0"),
        (["t2", "--lambda", "x"], "--lambda"),
        (["t2", "--lambda", "1e-320"], "positive finite norm"),
        (["t1", "--lambda", "nan"], "finite lambda"),
        (["t1", "--nonsense"], "No such option"),
        (["t1", "--expr", "x"], "target names or --expr"),
        (["t1", "nope"], "unknown target 'nope'"),
    ],
)
def test_unusable_options_are_refused(call, out, arguments, expected):
    assert expected in refused(call, out, *arguments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x.__class__", "got '.__class__' at column 2"),
        ("().__class__.__bases__", "required: "),
        ("__import__('os').system('id')", "got '__import__' at column 1"),
        ("eval(x)", "a known function; got 'eval'"),
        ("[x for x in x]", "required: "),
        ("lambda: x", "required: "),
        ("y", "a variable (x or x1..x16)"),
        ("ReLU(x)", "got 'ReLU' at column 1 (did you mean relu?); choose from abs"),
        ("rleu(x)", "(did you mean relu?)"),
        ("sqrt(x**2 + 1)", "(did you mean (...)**0.5?)"),
        ("x*y", "got 'y' at column 3 (did you mean x2?)"),
        ("qqqqqq(x)", "got 'qqqqqq' at column 1; choose from"),
        ("x^2", "got '^2' at column 2; write ** in the place of ^"),
        ("x17", "variables among x1..x16"),
        ("x + x1", "either x alone or x1..xd"),
        ("(" * 10_000 + "x" + ")" * 10_000, "at most 10,000 characters"),
        ("(" * 4_999 + "x" + ")" * 4_999, "at most 64 levels"),
        ("x**x", "literal rational exponent"),
        ("x**65", "literal rational exponent"),
        ("1/0*x", "finite"),
        ("exp(1000)*x", "finite"),
        ("", "required: an expression"),
        ("3", "got a constant"),
        ("x +", "operand"),
        ("1/x", "finite on the interval; the base x1 of power -1 is or may be 0 near x1 = 0"),
        ("1/x*x", "is or may be 0 near x1 = 0"),
        ("x**0.5", "the base x1 of power 1/2 is negative"),
        ("1/(x1**2 + x2**2)", "near x1 = 0, x2 = 0"),
        ("tanh(x)/(x - 0.25)", "near x1 = 0.25"),
        ("1/(x - x)", "is or may be 0"),
        ("exp(exp(exp(exp(x))))", "finite with its gradient"),
        ("relu(-1)*x", "positive finite norm"),
        ("x - x", "positive finite norm"),
        ("relu(-2 - x)", "positive finite norm"),
    ],
)
def test_unusable_expressions_are_refused(call, out, text, expected):
    assert expected in refused(call, out, "--expr", text)


def test_a_cuda_device_that_is_absent_is_refused(call, out, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "torch finds none: use cpu" in refused(call, out, "t1", "--device", "cuda")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["list"], "Missing argument"),
        (["list", "nonsense"], "choose from targets, families, neurons, activations, gates"),
        (["nonsense"], "No such command 'nonsense'"),
        (["--nonsense"], "No such option"),
        (["separate", "t1", "--family"], "requires an argument"),
        (["doctor", "extra"], "extra"),
    ],
)
def test_unusable_commands_are_refused(call, arguments, expected):
    answer = call(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert expected in one_line(answer)


def test_help_is_shown(call):
    for arguments, code in ((["--help"], 0), (["separate", "--help"], 0), ([], 2)):
        answer = call(*arguments)
        assert (answer.code, answer.err) == (code, "")
        assert "Usage" in answer.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["t1", "--restarts", HUGE], "seeds * restarts * candidates of at most 4194304"),
        (["t1", "--candidates", HUGE], "seeds * restarts * candidates of at most 4194304"),
        (["t1", "--restarts", 4096, "--candidates", 4096], "seeds * restarts * candidates"),
        (["t1", "--restarts", 10**30], "seeds * restarts * candidates of at most 4194304"),
        (["t1", "--seed", 2**31], "seeds below 2147483648"),
        (["t1", "--widths", HUGE], "a network of at most 8192 weights"),
        (["t1", "--widths", 10**30], "a network of at most 8192 weights"),
        (["t1", "--widths", 2000, "--restarts", 10_000], "at most 268435456 weights in all"),
        (
            ["t1", "--restarts", HUGE],
            f"{HUGE} * 16, which take {HUGE * 16 / 2**27:.3g} GiB for each",
        ),
        (
            ["t1", "--widths", 2000, "--restarts", 10_000],
            " GiB: choose fewer restarts",
        ),
    ],
)
def test_what_memory_cannot_hold_is_refused_before_work(
    call, out, monkeypatch, arguments, expected
):
    monkeypatch.setattr(separate_command, "run_units", None)
    assert expected in refused(call, out, *arguments)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--widths", 400], r"fits in the 4 GiB of memory of this machine; .* takes (\S+) GiB or"),
        (["--restarts", 2048, "--widths", 260], r"choose a smaller width"),
    ],
)
def test_what_this_machine_cannot_hold_is_refused_before_work(
    call, out, monkeypatch, arguments, expected
):
    monkeypatch.setattr(limits, "memory_of", lambda device: 4 * 2**30)
    monkeypatch.setattr(separate_command, "run_units", None)
    message = refused(call, out, "t1", "--family", "la", *arguments)
    assert re.search(expected, message)
    assert "random starts and" in message and "lanes at a time takes" in message


def test_the_limits_are_on_the_size_and_not_on_the_time():
    most = limits.MAX_STARTS
    assert Settings(restarts=most // 16).restarts == most // 16
    with pytest.raises(ValueError, match="choose smaller ones"):
        Settings(restarts=most // 16 + 1)
    with pytest.raises(ValueError, match="1 to 1048576 points"):
        Noise(size=0.1, points=HUGE)
    for wrong in (2.5, True, "2", math.inf):
        with pytest.raises(ValueError, match="required: restarts as a whole number; got"):
            Settings(restarts=wrong)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="required: generations as a whole number; got"):
            Settings(generations=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [str(HUGE), "16385", "9" * 10_000, ","])
def test_layers_that_memory_cannot_hold_are_refused(call, width):
    answer = call("overhead", "--widths", width)
    assert answer.code == 2 and "of at most 16384" in one_line(answer)


def test_layers_that_this_machine_cannot_hold_are_refused_before_work(call, monkeypatch):
    monkeypatch.setattr(limits, "memory_of", lambda device: 4 * 2**30)
    monkeypatch.setattr(overhead_command, "measure", None)
    answer = call("overhead", "--widths", "64,8192")
    assert (answer.code, answer.out) == (2, "")
    # eight layers, the narrowest of 2 * 4 * 8192^2 float32 weights, and as many gradients
    asked = float(re.search(r"takes ([\d.]+) GiB or more", one_line(answer))[1])
    assert 8 * 2 * 2 * 4 * 8192**2 * 4 / 2**30 < asked < 2 * 8 * 2 * 2 * 4 * 8192**2 * 4 / 2**30
    assert "fits in the 4 GiB of memory of this machine" in one_line(answer)
