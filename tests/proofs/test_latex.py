"""The LaTeX transcript of proofs.

Kinds: property (escaping, pdflatex accepts the transcript), reference (the real separations).
"""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from theorems_by_hand import CAUGHT, call, step, theorem

import proofs
from expressivity.symbolic import proof as schema
from expressivity.symbolic.proof import mutate, prove
from proofs import latex

# LaTeX


def test_the_transcript_is_written(registered, tmp_path, capsys):
    file = tmp_path / "proof.tex"
    assert call("--mutate", "--latex", str(file)) == 0
    capsys.readouterr()
    text = file.read_text(encoding="utf-8")
    assert text.startswith("\\documentclass[a4paper]{article}\n") and text.endswith(
        "\\end{document}\n"
    )
    assert "\\section*{A: title of A}" in text and "\\(x_{1}\\) \\& \\(y\\)" in text


def well_formed(text):
    """Environments nest, braces balance, and no active character is left in plain text."""
    body = text.split("\\begin{document}")[1]
    formulas = re.compile(r"\n\\\[ .* \\\]\n|\\\((?P<inline>.*?)\\\)")
    inline = [m["inline"] for m in formulas.finditer(body) if m["inline"] is not None]
    assert not [f for f in inline if re.search(r"\\[()]|[$&#%~]|(?<!\\)_(?!\{)|\^(?!\{)", f)]
    assert all(f.count("{") == f.count("}") for f in inline)
    plain = re.sub(r"\\[\\{}$&#%_\[\]]", "", formulas.sub(" ", body))
    assert not re.search(r"\\[()]", plain)
    depth = 0
    for character in plain:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert not re.search(r"[$&#%_^~]", plain)
    stack = ["document"]
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", body):
        if what == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []
    assert not re.search(r"\\begin\{(\w+)\}\s*\\end", body)


def test_transcripts_are_well_formed():
    odd = theorem("A", True, *CAUGHT)
    formula = replace(step(True), latex="\\frac{a_1}{2}\n\n+ b", statement="[bracket] \u03bb\nline")
    odd = replace(odd, steps=lambda _: [formula, step(False)])
    bare = replace(theorem("B", None), assumptions=())
    text = latex.transcript([prove(odd), prove(bare)], mutate(odd))
    well_formed(text)
    assert "\n\\[ \\frac{a_1}{2} + b \\]\n" in text
    assert "[bracket] [U+03BB] line" in text
    assert text.isascii()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "abs(x1 - x2) of e_leaky_relu",
            r"\(\lvert x_{1}-x_{2}\rvert \) of \(e_{\text{leaky relu}}\)",
        ),
        ("two_sided leaky_relu Type-II", r"two\_sided leaky\_relu Type{-}II"),
        ("x^ 2 and -- and x^(a^b", None),
        ("^_^ -> ** \\( \\) $", None),
    ],
)
def test_formulas_in_statements(text, expected):
    found = latex.typeset(text)
    assert expected is None or found == expected
    well_formed("\\begin{document}" + found + "\\end{document}")


def unchecked(theorem, setting):
    """A proof with no check run: what a transcript has to lay out."""
    verdicts = {True: schema.ProofVerdict.STATED, False: schema.ProofVerdict.UNKNOWN}
    outcomes = [
        schema.StepOutcome(step=s, verdict=verdicts[s.check is None], seconds=0.0)
        for s in theorem.steps(setting)
    ]
    return schema.Proof(theorem=theorem, outcomes=tuple(outcomes))


def whole_transcript():
    """All theorems with all mutations; their checks take half a minute and are left out."""
    proofs.register(schema.THEOREMS)
    theorems = [schema.THEOREMS[name] for name in schema.THEOREMS]
    mutations = [
        schema.MutationOutcome(
            theorem=theorem.name,
            mutation=changed,
            proof=unchecked(theorem, changed.setting),
            counterexample=schema.StepOutcome(
                step=changed.counterexample, verdict=schema.ProofVerdict.UNKNOWN, seconds=0.0
            ),
        )
        for theorem in theorems
        for changed in theorem.mutations
    ]
    return latex.transcript([unchecked(t, t.setting) for t in theorems], mutations)


def test_the_whole_transcript_is_well_formed():
    text = whole_transcript()
    well_formed(text)
    assert text.isascii()
    assert "[U+" not in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_whole_transcript_compiles(tmp_path):
    (tmp_path / "proof.tex").write_text(whole_transcript(), encoding="utf-8")
    ran = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "proof.tex"],
        cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-2000:]
    assert (tmp_path / "proof.pdf").stat().st_size > 10_000
    log = (tmp_path / "proof.log").read_text("utf-8", errors="replace")
    assert "Overfull" not in log
    assert "Missing character" not in log


def test_the_real_separations_have_a_well_formed_transcript():
    from expressivity.symbolic.proof import THEOREMS
    from proofs import jump_lemma, t1, t3

    assert jump_lemma and t1 and t3
    found = [prove(THEOREMS[name]) for name in ("L1", "T1", "T3", "T3b")]
    well_formed(latex.transcript(found))
