"""What the checker does not decide, and the work it does not exceed.

Negative: targets and kinks outside the method, hostile expressions. Property: counts of work, and
the precision that is restored.
"""

import copy
from fractions import Fraction

import flint
import pytest
from certificates_by_hand import certificate, claim, exact_network, family, seal, upper_certificate

from expressivity.checker import (
    cells,
    check_document,
    integrals,
    lower,
    search,
    work,
)
from expressivity.checker.balls import PRECISION
from expressivity.checker.evaluation import Function, compile_target
from expressivity.symbolic.parser import parse


@pytest.mark.parametrize(
    "expression",
    ["abs(x2)**0.5", "(x1 - 2)**0.5*x2", "1/(x1 + 0*x2)", "relu(x1**2 - x2)", "0*x1*x2"],
)
def test_targets_with_singularities_are_not_decided(genuine, expression):
    document = copy.deepcopy(genuine)
    document["target"]["expression"] = expression
    assert check_document(seal(document)).outcome == "not decided"


def test_kinks_that_are_no_lines_are_not_decided(monkeypatch):
    monkeypatch.setattr(integrals, "MAX_PIECES", 40)
    document = upper_certificate("1", exact_network(), "relu(x1**2 + x2**2 - 1/2)")
    answer = check_document(document)
    assert answer.outcome == "not decided"
    assert "a kink of relu may be on no line" in answer.reason


def test_the_thin_strips_count(monkeypatch):
    # Where lines meet the circle no cell covers the disk: without 400 bits it shows.
    enclosures = []
    for bits in (400, 20):
        root = cells.square_root
        monkeypatch.setattr(cells, "square_root", lambda v, _, b=bits, r=root: r(v, b))
        with flint.ctx.workprec(PRECISION):
            function = Function(root=parse("relu(x1 - x2 + 1/3)").root)
            target = compile_target(function)
            goal = flint.arb("1e-30")
            enclosures.append(integrals.integrate(function, target, 2, goal))
        monkeypatch.undo()
    assert enclosures[0] in enclosures[1]
    assert float(enclosures[0].rad()) < 1e-25
    assert 1e-8 < float(enclosures[1].rad()) < 1e-4


def test_the_work_is_bounded(monkeypatch, genuine, genuine_upper):
    monkeypatch.setattr(work, "MAX_WORK", 1000)
    for document in (genuine, genuine_upper):
        answer = check_document(document)
        assert (answer.outcome, "work" in answer.reason) == ("not decided", True)


_NESTED = "abs(" * 28 + "x1" + "".join(f"-1/{k + 2})" for k in range(28))
HOSTILE = {
    "huge powers": "x1**64*x2**64",
    "many kinks": "+".join(f"abs(x1-{k}/701)" for k in range(1, 560)) + "+x2",
    "deep": "x2+" + "abs(" * 55 + "x1" + ")" * 55,
    "deep with kinks": f"{_NESTED}+x2",
    "deep squares": "x2+" + "relu2(" * 55 + "x1" + ")" * 55,
    "products": "*".join(["((1/3+(1/7)**64)**64+x1)"] * 50) + "*x2",
    "many powers": "+".join(["(x1+x2+1)**59"] * 100),
    "high degree": "(1+x2)**40*sin(50*x1)",
    "quick waves": "sin(4000*x1)*x2",
    "waves of waves": "exp(sin(64*exp(sin(64*x1))))*x2",
    "a tower": "exp(exp(exp(x1*2)))+x2",
    "a peak": "1/(1/100000000000000000+x1**2+x2**2)",
}


@pytest.mark.parametrize("method", ["ridge-rank", "ridge-search", "network-error"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_targets_end_within_the_work(monkeypatch, name, method):
    """Of a share of it, in a moment; what stops them is a count."""
    monkeypatch.setattr(work, "MAX_WORK", 100_000)
    monkeypatch.setattr(integrals, "MAX_PIECES", 40)
    monkeypatch.setattr(search, "MAX_BOXES", 10)
    functions: list[Function] = []
    plain = Function.spend

    def spend(self, operations=None):
        if self not in functions:
            functions.append(self)
        plain(self, operations)

    monkeypatch.setattr(Function, "spend", spend)
    zero = [[["0x0p+0", "0x0p+0"]]] * 61
    weights = {"row_weights": [1] * 61, "column_weights": [[1]]}
    hint = {"degree": 60, "rank": 1, **weights, "shift": "0x0p+0", "factor": zero}
    documents = {
        "ridge-rank": {"lower": claim("1e-9", "ridge-rank"), "ridge_rank": hint},
        "ridge-search": {
            "lower": claim("1e-9", "ridge-search"),
            "ridge_search": {"degree": 60, "rank": 1},
        },
    }
    if method == "network-error":
        document = upper_certificate("1e-20", exact_network(), HOSTILE[name])
    else:
        document = certificate(HOSTILE[name], "disk", family(), **documents[method])
    answer = check_document(document)
    assert answer.outcome == "not decided"
    assert "failed" not in answer.reason
    # Whatever the function, one evaluation ends soon after the work is spent.
    assert all(f.work.done <= 100_000 + 60 * (f.size + 3600) for f in functions)


def test_many_lines_are_found_at_once():
    function = Function(root=parse("x1").root)
    lines = [(Fraction(k), Fraction(1), Fraction(0)) for k in range(20_000)]
    assert [function.line(line) for line in lines] == list(range(20_000))
    assert [function.line(line) for line in lines] == list(range(20_000))
    assert function.lines == lines and function.line(None) is None


@pytest.mark.parametrize("error", [TypeError, OverflowError, RecursionError])
def test_gaps_of_the_checker_are_no_verdicts(monkeypatch, genuine, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(lower, "disk_moments", fail)
    answer = check_document(genuine)
    assert (answer.outcome, "failed" in answer.reason) == ("not decided", True)


def test_precision_is_restored(genuine_upper):
    before = flint.ctx.prec
    check_document(genuine_upper)
    assert flint.ctx.prec == before
