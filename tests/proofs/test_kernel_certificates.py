"""``certify --kernel`` and ``check FILE.v``.

Kinds: soundness (files that compile against the library; slow), negative (members, undecided
expressions, falsified and foreign files, bad input). Those that run Coq are skipped where it is
not installed; they share one compiled library.
"""

from dataclasses import replace

import pytest
from kernel_targets import OTHERS, SEPARATING

from expressivity.certificates.kernel import KERNELS
from expressivity.commands.certify import Options, understand
from proofs.kernel import certificates, find_coq
from proofs.kernel.audit import AXIOMS
from proofs.kernel.certificate_file import Certificate, read, target_of, text_of
from proofs.kernel.claims import CLAIMS
from proofs.kernel.coq import CoqMissingError
from proofs.kernel.library import builtin_library

try:
    COQ = find_coq()
except CoqMissingError:
    COQ = None

needs_coq = pytest.mark.skipif(COQ is None, reason="Coq is not installed")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPRESSIVITY_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def registered():
    if "coq" not in KERNELS:  # the installed package may be an older one
        certificates.register(KERNELS)


def family(expression, kind, form):
    return understand(Options(target=None, expr=expression, width=1, kinds=kind, form=form)).family


def text(expression, kind, form):
    planes, points = CLAIMS[f"{kind} {form}"].find(target_of(expression))
    return text_of(
        Certificate(
            expression=expression,
            family=f"{kind} {form}",
            library=builtin_library().digest,
            planes=planes,
            points=points,
        )
    )


# Without Coq


@pytest.mark.parametrize("row", SEPARATING)
def test_a_file_is_written_again_from_its_header(row):
    assert text_of(read(text(*row))) == text(*row)


def test_a_file_says_what_is_proved():
    stated = text("tanh(2*x1)*relu(x2)", "la", "type1")
    assert "Definition target (x : vec) : R :=\n  ((tanh (2 * (x1 x))) * (relu (x2 x)))." in stated
    assert "forall b m, outside unit_ball (over_seven la type1 b 2 m) target." in stated


@pytest.mark.parametrize("row", OTHERS)
def test_others_get_no_file_and_a_reason(row):
    expression, kind, form, word = row
    answer = certificates.certify(expression, family(expression, kind, form))
    assert (answer.outcome, answer.text) == ("not decided", None)
    assert word in answer.reason


FALSIFIED = {
    "target": ("(tanh (2 * (x1 x)))", "(tanh (3 * (x1 x)))"),
    "admitted": ("certify_LA written", "admit. (* "),
    "width": ("forall b m, outside", "forall b, let m := 0%nat in outside"),
    "expression": ('"tanh(2*x1)*relu(x2)"', '"tanh(x1)*relu(x2)"'),
    "axiom": ("Theorem target_outside", "Axiom a : False. Theorem target_outside"),
}


@pytest.mark.parametrize("name", FALSIFIED)
def test_a_file_that_was_changed_is_rejected(name, call, tmp_path):
    good = text("tanh(2*x1)*relu(x2)", "la", "type1")
    assert FALSIFIED[name][0] in good
    file = tmp_path / "changed.v"
    file.write_text(good.replace(*FALSIFIED[name], 1))
    answer = call("check", file)
    assert (answer.code, answer.out.strip()) == (
        1,
        "rejected: the text is not the one that its header belongs to",
    )


@pytest.mark.parametrize("foreign", ["", "Axiom a : False.", "(* expressivity kernel *)"])
def test_a_foreign_file_is_refused(foreign, call, tmp_path):
    file = tmp_path / "foreign.v"
    file.write_text(foreign)
    answer = call("check", file)
    assert (answer.code, answer.out) == (2, "")
    assert "a file of certify --kernel" in answer.err


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--expr", "relu(tanh(1)*x1+x2)"), "rational coefficients"),
        (("--expr", "relu(x1)*relu(x1*x2)"), "affine map"),
        (("--expr", "mish(x1)*relu(x2)"), "got mish"),
        (("--expr", "relu(x2)/(2+tanh(x1))"), "a division"),
        (("--expr", "relu(x1)*x1"), "2 or 3 variables"),
        (("--expr", "relu(x1)*x2", "--dictionary", "relu,mish"), "got mish"),
        (("--expr", "relu(x1)*x2", "--dictionary", "relu,tanh"), "all seven"),
        (("--expr", "relu(x1)*x2", "--form", "two_sided"), "got la two_sided"),
        (("--expr", "relu(x1)*x2", "--width", "3"), "every width"),
    ],
)
def test_bad_input_is_told_in_one_line(options, word, call):
    answer = call("certify", *options, "--kernel", "--out", "file.v")
    assert answer.code == 2
    (line,) = answer.err.splitlines()
    assert word in line


def test_without_coq_one_line_says_how_to_install_it(call, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "file.v"
    answer = call("certify", "--expr", "tanh(x1)*relu(x2)", "--kernel", "--out", out)
    assert answer.code == 3
    assert "apt-get install coq" in answer.err
    assert not out.exists()


# With Coq


@needs_coq
@pytest.mark.slow
@pytest.mark.parametrize("row", SEPARATING)
def test_separating_expressions_get_files_that_compile(row):
    answer = certificates.certify(row[0], family(*row))
    assert answer.outcome == "verified", answer.reason
    assert answer.text == text(*row)


@needs_coq
@pytest.mark.slow
@pytest.mark.parametrize(
    ("expression", "kind", "form"),
    [
        ("relu(x1)+relu(x2)", "la", "type1"),
        ("x1*relu(x2)", "la", "one_sided"),
        ("x3*relu(x1)+x3*relu(x2)", "moa", "type1"),
    ],
)
def test_a_false_statement_does_not_compile(expression, kind, form):
    """The points of another target, in a file that is whole: Coq itself refuses it."""
    other = {"type1": "tanh(x1)*relu(x2)", "one_sided": "tanh(x1)*x1*relu(x2)"}[form]
    if kind == "moa":
        other = "x3*relu(x1)+relu(x2)"
    given = read(text(other, kind, form))
    false = Certificate(
        expression=expression,
        family=f"{kind} {form}",
        library=given.library,
        planes=given.planes,
        points=given.points,
    )
    answer = certificates.check(text_of(false))
    assert answer.outcome == "rejected"
    assert "coqc refuses it" in answer.reason


@needs_coq
@pytest.mark.slow
def test_a_certificate_that_rests_on_more_is_not_verified(monkeypatch):
    row = ("tanh(2*x1)*relu(x2)", "la", "type1")
    monkeypatch.setattr("proofs.kernel.audit.AXIOMS", AXIOMS[:-1])
    answer = certificates.certify(row[0], family(*row))
    assert answer.outcome == "not decided"
    assert answer.reason == f"it assumes {AXIOMS[-1]}"


def test_numbers_that_no_certificate_is_read_with_are_refused():
    with pytest.raises(ValueError, match="required: rational numbers of at most 300 digits"):
        certificates.certify("((0.5**64)**64)**64*abs(x1)*x2", family("x1*x2", "la", "type1"))


def test_long_cycles_are_foreign():
    good = text("x3*relu(x1+x2)+relu(x2-x1)", "moa", "type1")
    stated = read(good)
    longer = replace(stated, planes=stated.planes * 4, points=stated.points * 4)
    with pytest.raises(ValueError, match="a file of certify --kernel"):
        read(text_of(longer))
