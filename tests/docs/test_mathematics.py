"""Mathematics in the pages, in a small project of their own.

Kinds: property (what is typed becomes MathML on the pages that ask for it, and only there; nothing
is fetched), negative (TeX that cannot be read ends the build).
"""

import sys

import pytest
from pages import ROOT

PAGE = """# A page of x1

In R^d, with $\\alpha_k \\ne 0$, `sum_j a_j` for `relu` and `--gate softmax`:

```
R/m   if R <= m/2
```

```
$ run x1
```
"""


@pytest.fixture
def built(tmp_path, monkeypatch):
    sphinx = pytest.importorskip("sphinx.application", reason="needs the extra docs")
    pytest.importorskip("myst_parser", reason="needs the extra docs")
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.delitem(sys.modules, "generators.mathematics", raising=False)

    def build(page: str) -> dict[str, str]:
        settings = {
            "extensions": ["myst_parser", "generators.mathematics"],
            "html_math_renderer": "mathml",
            "myst_enable_extensions": ["dollarmath"],
            "mathematical_pages": ["index"],
            "root_doc": "index",
            "html_theme": "basic",
        }
        for name in ("index", "other"):
            (tmp_path / f"{name}.md").write_text(page, encoding="utf-8")
        out = tmp_path / "out"
        sphinx.Sphinx(
            tmp_path, None, out, tmp_path / "trees", "html", settings, status=None, warning=None
        ).build()
        return {name: (out / f"{name}.html").read_text("utf-8") for name in ("index", "other")}

    return build


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_typed_becomes_mathematics_where_it_is_asked_for(built):
    pages = built(PAGE)
    body = pages["index"].split('class="body"')[1]
    for typed in (r"R^d", r"\alpha_k \ne 0", "sum_j a_j", "R/m   if R &lt;= m/2"):
        assert f'alttext="{typed}"' in body
    assert "A page of x1" in body, "headings stay text"
    for kept in ("relu", "softmax", "run x1"):
        assert kept in body and f'alttext="{kept}"' not in body
    assert body.count("<math") == 4
    other = pages["other"].split('class="body"')[1]
    assert other.count("<math") == 1, "TeX between dollars is set everywhere"
    assert "src=" not in body


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tex_that_cannot_be_read_ends_the_build(built):
    with pytest.raises(Exception, match="TeX of mathematics"):
        built(PAGE + "\n$\\nosuchcommand$\n")
