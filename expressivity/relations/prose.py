"""Cells of an atlas in sentences that a reader can follow to the facts."""

from collections.abc import Mapping, Sequence
from typing import Any


def sentence(cell: Mapping[str, Any]) -> str:
    """What a cell of ``atlas.json`` says, and why.

    >>> cell = {"smaller": "a", "larger": "b", "answer": "open", "evidence": "unknown"}
    >>> sentence(cell)
    'It is open whether a lies in b.'
    """
    smaller, larger, answer = cell["smaller"], cell["larger"], cell["answer"]
    if answer == "open":
        return f"It is open whether {smaller} lies in {larger}."
    if answer == "no":
        has, lacks = cell["member"], cell["excluded"]
        return (
            f"{smaller} does not lie in {larger}: {cell['target']} (d = {cell['dimension']}) is in "
            f"{has['class']}, {has['reason']}{_so(smaller, has['class'], has['maps'], 'is in')}; "
            f"it is not in {lacks['class']}: {lacks['reason']}"
            f"{_so(larger, lacks['class'], lacks['maps'], 'is not in')}."
        )
    where = "" if answer == "yes" else " on the domain"
    return f"{smaller} lies in {larger}{where}: {_chain(cell['maps'])}."


def _so(name: str, fact: str, steps: Sequence[Mapping[str, Any]], verb: str) -> str:
    """What a fact about one class says of another, by containments."""
    return "" if name == fact else f"; {_chain(steps)}, so it {verb} {name}"


def _chain(steps: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{step['smaller']} in {step['larger']} by {', '.join(step['maps']) or 'the same weights'}"
        for step in steps
    )
