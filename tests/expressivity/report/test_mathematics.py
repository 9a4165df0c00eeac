"""Mathematics in a page.

Kinds: property (whatever the text is, nothing of it is markup; formulas have names), negative
(TeX that cannot be read).
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_page import Page

from expressivity.report.mathematics import formula, from_tex, mathematics


def test_a_formula_keeps_its_name_and_what_is_none_is_code():
    assert 'alttext="x1**2"' in formula("x1**2")
    assert formula("<b> ?") == "<code>&lt;b&gt; ?</code>"
    long = formula("tanh(2*x1)*relu(x2) + x1 - 1")
    assert long.count('aria-label="tanh(2*x1)*relu(x2) + x1 - 1"') == 1
    assert long.count("<math") == long.count('<math aria-hidden="true"') > 1
    assert long.count("<wbr>") == long.count("<math") - 1


@given(st.text(st.sampled_from("ax1 =<>&\"'+-*/^_(){}|\\%$\u03bb;\n"), max_size=40))
def test_no_text_is_markup(text):
    written = str(mathematics(text))
    tags = {tag for tag, _ in Page(written).tags}
    assert tags <= {
        "math", "mrow", "mi", "mn", "mo", "msup", "msub", "msubsup", "mspace", "mtext", "span",
        "wbr", "mfrac", "msqrt", "munder", "munderover",
    }  # fmt: skip
    for _, attributes in Page(written).tags:
        assert "style" not in attributes and not any(name.startswith("on") for name in attributes)


def test_tex_that_cannot_be_read_is_refused():
    assert from_tex(r"\frac12", display=True).startswith('<div class="formula"><math')
    with pytest.raises(ValueError, match=r"required: TeX of mathematics; got '\\\\nosuch'"):
        from_tex(r"\nosuch")
