"""A transcript of proofs as one LaTeX document that needs article and amsmath only."""

from collections.abc import Iterator, Sequence

from expressivity.proof import MutationOutcome, Proof, ProofVerdict, StepOutcome

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

_PREAMBLE = r"""\documentclass{article}
\usepackage{amsmath}
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
    line = " ".join(text.split())
    return "".join(_ESCAPES.get(c, c) if c.isascii() else f"[U+{ord(c):04X}]" for c in line)


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
    yield rf"\section*{{{escape(theorem.name)}: {escape(theorem.title)}}}"
    yield rf"\noindent\textbf{{Statement.}} {escape(theorem.statement)}"
    yield rf"\emph{{Source:}} {escape(theorem.source)}. \emph{{Verdict:}} {proof.verdict}."
    yield from _list("Assumptions", "itemize", [escape(line) for line in theorem.assumptions])
    yield from _list("Proof", "enumerate", [_step(outcome) for outcome in proof.outcomes])
    yield from _list("Mutations", "itemize", [_mutation(outcome) for outcome in mutations])


def _list(heading: str, environment: str, items: Sequence[str]) -> Iterator[str]:
    if not items:  # LaTeX rejects a list without items
        return
    yield ""
    yield rf"\medskip\noindent\textbf{{{heading}.}}"
    yield rf"\begin{{{environment}}}"
    # The group keeps an item that starts with a bracket from being read as a label.
    yield from (rf"\item{{}} {item}" for item in items)
    yield rf"\end{{{environment}}}"


def _step(outcome: StepOutcome) -> str:
    step = outcome.step
    formula = "" if step.latex is None else f"\n\\[ {' '.join(step.latex.split())} \\]\n"
    checked = outcome.verdict is not ProofVerdict.STATED
    verdict = rf"\textbf{{{outcome.verdict}}}" if checked else r"\emph{stated}"
    return f"{escape(step.statement)}{formula} ({verdict}; {escape(step.source)})"


def _mutation(outcome: MutationOutcome) -> str:
    caught = "caught" if outcome.caught else "not caught"
    statement = outcome.mutation.counterexample.statement
    return (
        f"{escape(outcome.mutation.name)}: {caught} (proof {outcome.proof.verdict}). "
        rf"\emph{{Counterexample:}} {escape(statement)} ({outcome.counterexample.verdict})."
    )
