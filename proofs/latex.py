"""A transcript of proofs as one LaTeX document that needs article and amsmath only.

Statements are plain text with formulas in it, as the terminal shows them. :func:`typeset` sets
what it recognises as a formula: subscripts, powers, Greek letters, relations. It changes how a
statement looks, never what it says: everything else is escaped and stands as it was written.
"""

import re
from collections.abc import Iterator, Sequence

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

_GREEK = "alpha beta gamma delta eta theta kappa lambda mu omega phi psi rho sigma chi pi Gamma Phi"
_LETTER = rf"(?:{'|'.join(_GREEK.split())}|[A-Za-z])"
_SYMBOLS = {"!=": r"\ne", "<=": r"\le", ">=": r"\ge", "->": r"\to", " - ": "-", "-": "-"}

# Whole words only: leaky_relu and T2 stay text. The order decides where two could begin.
_FORMULA = re.compile(
    rf"\babs\((?P<abs>[^()]*)\)"
    rf"|\b(?P<base>{_LETTER}|sum|scale|gate)_(?P<sub>leaky_relu|[a-z0-9]+)(?![A-Za-z0-9_])"
    rf"|\b(?P<letter>[abcepqruvwx])(?P<digit>[0-9])(?![A-Za-z0-9_])"
    rf"|(?<![A-Za-z0-9_])(?P<greek>{'|'.join(_GREEK.split())})(?![A-Za-z0-9_(])"
    r"|(?:\^|\*\*)(?P<power>[0-9]+|[A-Za-z](?![A-Za-z(])|\([0-9/]+\)|\{[0-9a-z,]+\}|abs\([a-z]\))"
    r"|(?P<symbol>!=|<=|>=|->| - |(?<![\w)\-])-(?=[\w(]))"
    r"|(?P<times> ?\* ?)"
)

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
    '\\(|\\)\\(\\alpha_{k}\\)\\(|\\) \\(\\ne\\) \\(x_{1}\\)\\(^{2}\\), leaky\\_relu'
    """
    line = " ".join(text.split())
    parts: list[str] = []
    done = 0
    for match in _FORMULA.finditer(line):
        parts += [escape_characters(line[done : match.start()]), _formula(match)]
        done = match.end()
    return "".join([*parts, escape_characters(line[done:])])


def _formula(match: re.Match[str]) -> str:
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    match found:
        case {"abs": inner}:
            return rf"\(|\){typeset(inner)}\(|\)"
        case {"base": base, "sub": sub}:
            sub = (
                sub
                if re.fullmatch("[a-z]?[0-9]*|[ij]{2}|[kl]{2}", sub)
                else rf"\mathrm{{{escape(sub)}}}"
            )
            name = rf"\mathrm{{{base}}}" if base in ("scale", "gate") else _name(base)
            return rf"\({name}_{{{sub}}}\)"
        case {"letter": letter, "digit": digit}:
            return rf"\({letter}_{{{digit}}}\)"
        case {"greek": name}:
            return rf"\({_name(name)}\)"
        case {"power": power}:
            inner = re.sub(r"abs\((.)\)", r"|\1|", power).strip("(){}")
            return rf"\(^{{{inner.replace('infinity', chr(92) + 'infty')}}}\)"
        case {"symbol": symbol}:
            space = " " if symbol == " - " else ""
            return rf"{space}\({_SYMBOLS[symbol]}\){space}"
        case _:
            assert "times" in found
            return r"\,"


def _name(letter: str) -> str:
    return letter if len(letter) == 1 else rf"\{letter}"


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
