"""A transcript of proofs as one LaTeX document that needs article and amsmath only.

Statements are plain text with formulas in it, as the terminal shows them. :func:`typeset` sets
what can be read as a formula (``expressivity.symbolic.formulas``); everything else is escaped and
stands as it was written.
"""

from collections.abc import Iterator, Sequence

from expressivity.symbolic.formulas import pieces
from expressivity.symbolic.proof import MutationOutcome, Proof, ProofVerdict, StepOutcome

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\ensuremath{<}",
    ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}",
    '"': r"\texttt{\char34}",
    "-": r"{-}",  # no ligature of two hyphens to a dash
    "`": r"\texttt{\char96}",
    "'": r"{'}",
}

_PREAMBLE = r"""\documentclass[a4paper]{article}
\usepackage{amsmath}
\setlength{\textwidth}{160mm}
\setlength{\oddsidemargin}{0mm}
\setlength{\textheight}{235mm}
\setlength{\topmargin}{-12mm}
\renewcommand{\labelitemi}{\ensuremath{\bullet}}
\sloppy
\begin{document}
\title{Transcript of the proofs}
\author{expressivity prove}
\date{}
\maketitle
"""

_MEANING = (
    "A step is proved when its exact check succeeds and refuted when an exact counterexample is "
    "found; unknown means not settled. A stated step is a sentence that the argument needs and "
    "no computation replaces. A theorem is proved when all its checked steps are."
)


def escape(text: str) -> str:
    r"""Plain text for LaTeX; characters outside ASCII become their code points.

    >>> escape("a_1 < 50%")
    'a\\_1 \\ensuremath{<} 50\\%'
    """
    return escape_characters(" ".join(text.split()))


def escape_characters(text: str) -> str:
    """The same, with all spaces kept."""
    return "".join(_ESCAPES.get(c, c) if c.isascii() else f"[U+{ord(c):04X}]" for c in text)


def typeset(text: str) -> str:
    r"""Plain text for LaTeX, with its formulas in math mode, ``\(`` to ``\)``.

    >>> typeset("abs(alpha_k) != x1^2, leaky_relu")
    '\\(\\lvert \\alpha_{k}\\rvert  \\ne \\allowbreak x_{1}^{2}\\), leaky\\_relu'
    """
    return "".join(
        escape_characters(piece.text) if piece.tex is None else rf"\({piece.tex}\)"
        for piece in pieces(" ".join(text.split()))
    )


def transcript(proofs: Sequence[Proof], mutations: Sequence[MutationOutcome] = ()) -> str:
    r"""The whole document.

    A step's ``latex`` is set as it stands, in display mode; everything else is escaped.

    >>> transcript([]).splitlines()[-1]
    '\\end{document}'
    """
    lines = [_PREAMBLE + escape(_MEANING)]
    for proof in proofs:
        own = [outcome for outcome in mutations if outcome.theorem == proof.theorem.name]
        lines += _section(proof, own)
    lines.append(r"\end{document}")
    return "\n".join(lines) + "\n"


def _section(proof: Proof, mutations: Sequence[MutationOutcome]) -> Iterator[str]:
    theorem = proof.theorem
    yield rf"\section*{{{escape(theorem.name)}: {typeset(theorem.title)}}}"
    yield rf"\noindent\textbf{{Statement.}} {typeset(theorem.statement)}"
    yield rf"\emph{{Source:}} {escape(theorem.source)}. \emph{{Verdict:}} {proof.verdict}."
    yield from _list("Assumptions", "itemize", [typeset(line) for line in theorem.assumptions])
    before = [None, *(outcome.step.source for outcome in proof.outcomes)]
    steps = [_step(o, source) for o, source in zip(proof.outcomes, before, strict=False)]
    yield from _list("Proof", "enumerate", steps)
    yield from _list("Mutations", "itemize", [_mutation(outcome) for outcome in mutations])


def _list(heading: str, environment: str, items: Sequence[str]) -> Iterator[str]:
    if not items:  # LaTeX rejects a list without items
        return
    yield ""
    yield rf"\medskip\noindent\textbf{{{heading}.}}\nopagebreak"
    yield rf"\begin{{{environment}}}\setlength{{\itemsep}}{{0pt}}"
    # The group keeps an item that starts with a bracket from being read as a label.
    yield from (rf"\item{{}} {item}" for item in items)
    yield rf"\end{{{environment}}}"


def _step(outcome: StepOutcome, source_before: str | None) -> str:
    """One step; its source is named where it is not that of the step before."""
    step = outcome.step
    formula = "" if step.latex is None else f"\n\\[ {' '.join(step.latex.split())} \\]\n"
    checked = outcome.verdict is not ProofVerdict.STATED
    verdict = rf"\textbf{{{outcome.verdict}}}" if checked else r"\emph{stated}"
    source = "" if step.source == source_before else f"; {escape(step.source)}"
    return f"{typeset(step.statement)}{formula} ({verdict}{source})"


def _mutation(outcome: MutationOutcome) -> str:
    statement = outcome.mutation.counterexample.statement
    return (
        f"{typeset(outcome.mutation.name)}: {typeset(outcome.in_words)}. "
        rf"\emph{{Counterexample:}} {typeset(statement)} ({outcome.counterexample.verdict})."
    )
