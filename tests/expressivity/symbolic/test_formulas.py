"""Formulas in running text, and their TeX.

Kinds: reference (TeX written by hand), property (pieces together are the text, whatever it is;
every expression of the grammar can be read), negative (words, names and files stay text).
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressivity.symbolic.formulas import BREAK, pieces, tex
from expressivity.targets.builtin import TARGETS


def found(text):
    """The formulas of a text, their breaks left out."""
    return [piece.tex.replace(BREAK, "") for piece in pieces(text) if piece.tex is not None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tanh(2*x1)*relu(x2)", r"\operatorname{tanh}(2\,x_{1})\,\operatorname{ReLU}(x_{2})"),
        ("relu2(x) - 2*3*x**3", r"\operatorname{ReLU}^{2}(x)-2 \cdot 3\,x^{3}"),
        ("1.5e-10*x", r"1.5 \cdot 10^{-10}\,x"),
        ("sum_j a_j s_k(w_j.x)", r"\sum_{j} a_{j}\,s_{k}(w_{j} \cdot x)"),
        ("sum_{i > m} sigma_i^2", r"\sum_{i > m} \sigma_{i}^{2}"),
        ("abs(alpha_k) != x1^(n-2s)", r"\lvert \alpha_{k}\rvert  \ne x_{1}^{n-2s}"),
        ("norm(M_p(f))_F <= sqrt(2/pi)", r"\lVert M_{p}(f)\rVert _{F} \le \sqrt{2/\pi }"),
        ("ess sup abs(grad(f - t))", r"\operatorname{ess}\,\sup \lvert \nabla (f-t)\rvert "),
        ("psi'(0+) - psi'(0-)", r"\psi '(0+)-\psi '(0-)"),
        ("i = 1, .., m", r"i = 1, \ldots , m"),
        ("{x_+, x_-}", r"\{x_{+}, x_{-}\}"),
        ("[0, pi)", r"[0, \pi )"),
        ("W^{1,infinity}", r"W^{1, \infty }"),
        ("<U_n, f> = L2(D)", r"\langle U_{n}, f\rangle  = L^{2}(D)"),
        ("leaky_relu = eta id", r"\text{LeakyReLU} = \eta \,\text{id}"),
        ("R/m if R <= m/2", r"R/m\text{ if }R \le m/2"),
    ],
)  # fmt: skip
def test_whole_formulas(text, expected):
    written = tex(text)
    assert written is not None
    assert written.replace(BREAK, "") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "relu",
        "type1",
        "--width 2",
        "--gate softmax",
        "(x",
        "x)",
        "x +",
        "a ? b",
        "^2",
        "sine(x)",
    ],
)
def test_what_is_no_formula_is_none(text):
    assert tex(text) is None


def test_names_of_further_functions_can_be_given():
    assert tex("sine(2*x1)", {"sine"}) == r"\operatorname{sine}(2\,x_{1})"


@pytest.mark.parametrize("name", TARGETS)
def test_the_formulas_of_targets_can_be_read(name):
    assert tex(TARGETS.use(name, lambda make: make(2.0, "tanh", 7)).formula) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the target is a network, as a C^1 function is", ["C^{1}"]),
        ("t1 has a kink, of size 1, at x = 0 (T2).", ["x = 0"]),
        ("its x1-derivative jumps by (b - lambda)/2", ["x_{1}", r"(b-\lambda )/2"]),
        ("at least R/m if R <= m/2 and by 1/2 otherwise", ["R/m", r"R \le m/2", "1/2"]),
        ("widths b, c of A x1 + C", ["b", "c", r"A\,x_{1}+C"]),
        ("abs(x) (d = 1) lies in swish-beta", [r"\lvert x\rvert ", "d = 1"]),
        ("a a_j, a != 0", ["a_{j}", r"a \ne 0"]),
    ],
)  # fmt: skip
def test_formulas_in_running_text(text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a type1 LA network of width 1", "Type-II, one_sided", "docs/theory.md, section 4, B4",
        "e.g. 1,000 times in 2.13.0", "doi:10.1215/S0012-7094-75-04256", "the layer\u2019s",
        "<script src=x>", "see <br>", "--gate softmax", "exit 2: a sum of squares",
        "I am A", "T2-sigmoid and C1a",
        "arXiv:2605.26647", "--family la", "separate.json", "it is 50 % (or more)",
    ],
)  # fmt: skip
def test_text_stays_text(text):
    assert found(text) == []


@given(st.text(st.sampled_from("ab x12_^*/+-=<>.,()[]{}|'! \nsumtanhlambda\\$\u03bb"), max_size=60))
def test_pieces_are_the_text_and_braces_balance(text):
    assert "".join(piece.text for piece in pieces(text)) == text
    for written in found(text):
        bare = written.replace(r"\{", "").replace(r"\}", "")
        assert bare.count("{") == bare.count("}")


def test_deep_and_long_text_is_left_alone_quickly():
    assert found("(" * 5000) == []
    assert tex("(" * 100 + "x" + ")" * 100) is None
    assert len(found("x1 + (" * 2000)) == 2000
