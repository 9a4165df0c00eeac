"""The closure of facts, and what the cells say together.

Kinds: soundness (random classes of sets: no cell says what is false of them), reference (nothing
that follows is missed, against brute force), metamorphic (order of facts, facts added), negative
(contradictions are raised, weak evidence is refused).
"""

import itertools
import random
from dataclasses import dataclass

import pytest

from expressivity.evidence import Evidence
from expressivity.relations.closure import (
    Answer,
    Containment,
    ContradictionError,
    Standing,
    close,
)
from expressivity.relations.order import (
    Relation,
    covers,
    equal_classes,
    minimal_open,
    relation,
)

SEEDS = range(25)


def within(smaller: str, larger: str, **changes) -> Containment:
    changes = {"evidence": Evidence.PROVED} | changes
    return Containment(smaller=smaller, larger=larger, maps=("a map",), **changes)


def stands(target: str, family: str, *, member: bool, **changes) -> Standing:
    fields = {"dimension": 1, "evidence": Evidence.PROVED, "reason": "made by hand"} | changes
    return Standing(target=target, family=family, member=member, **fields)


@dataclass(frozen=True)
class World:
    """Classes that are sets of targets, and some true facts about them."""

    classes: dict[str, frozenset[str]]
    containments: list[Containment]
    standings: list[Standing]

    @property
    def names(self) -> list[str]:
        return list(self.classes)


def world(seed: int) -> World:
    draw = random.Random(seed)
    targets = [f"t{index}" for index in range(5)]
    names = [f"c{index}" for index in range(6)]
    classes = {n: frozenset(t for t in targets if draw.random() < 0.6) for n in names}
    containments = [
        within(a, b, where=draw.choice([Answer.YES, Answer.DOMAIN]))
        for a, b in itertools.permutations(names, 2)
        if classes[a] <= classes[b] and draw.random() < 0.6
    ]
    standings = [
        stands(t, n, member=t in classes[n])
        for t, n in itertools.product(targets, names)
        if draw.random() < 0.4
    ]
    return World(classes, containments, standings)


def by_rules(made: World) -> dict[tuple[str, str], str]:
    """The four rules, applied until nothing is new."""
    inside = {(c.smaller, c.larger) for c in made.containments} | {(n, n) for n in made.names}
    has = {(s.target, s.family) for s in made.standings if s.member}
    lacks = {(s.target, s.family) for s in made.standings if not s.member}
    while True:
        before = len(inside) + len(has) + len(lacks)
        inside |= {(a, d) for a, b in inside for c, d in inside if b == c}
        has |= {(t, b) for t, c in has for a, b in inside if a == c}
        lacks |= {(t, a) for t, c in lacks for a, b in inside if b == c}
        if before == len(inside) + len(has) + len(lacks):
            break
    apart = {(a, b) for t, a in has for u, b in lacks if t == u}
    return {
        pair: "no" if pair in apart else "in" if pair in inside else "open"
        for pair in itertools.permutations(made.names, 2)
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_no_cell_says_what_is_false(seed):
    made = world(seed)
    for (a, b), cell in close(made.names, made.containments, made.standings).items():
        contained = made.classes[a] <= made.classes[b]
        assert cell.answer is Answer.OPEN or cell.answer.contained is contained
        assert (cell.evidence is Evidence.UNKNOWN) is (cell.answer is Answer.OPEN)


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_that_follows_is_found(seed):
    made = world(seed)
    cells = close(made.names, made.containments, made.standings)
    short = {Answer.YES: "in", Answer.DOMAIN: "in", Answer.NO: "no", Answer.OPEN: "open"}
    assert {pair: short[cell.answer] for pair, cell in cells.items()} == by_rules(made)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_reason_leads_from_fact_to_fact(seed):
    made = world(seed)

    def leads(start, path, end) -> bool:
        places = [start, *(step.larger for step in path)]
        starts = [step.smaller for step in path]
        return starts == places[:-1] and places[-1] == end and set(path) <= set(made.containments)

    for (a, b), cell in close(made.names, made.containments, made.standings).items():
        if cell.answer.contained:
            assert cell.path and leads(a, cell.path, b)
            on_domain = any(step.where is Answer.DOMAIN for step in cell.path)
            assert (cell.answer is Answer.DOMAIN) is on_domain
        if cell.answer is Answer.NO:
            assert cell.member in made.standings and cell.excluded in made.standings
            assert cell.member.member and not cell.excluded.member
            assert cell.member.target == cell.excluded.target
            assert leads(cell.member.family, cell.rises, a)
            assert leads(b, cell.falls, cell.excluded.family)


@pytest.mark.parametrize("seed", SEEDS[:20])
def test_the_order_of_facts_changes_no_answer_and_more_facts_take_none_back(seed):
    made = world(seed)
    cells = close(made.names, made.containments, made.standings)
    mixed = close(made.names, made.containments[::-1], made.standings[::-1])
    assert {p: c.answer for p, c in cells.items()} == {p: c.answer for p, c in mixed.items()}
    fewer = close(made.names, made.containments[1:], made.standings[1:])
    for pair, cell in fewer.items():
        if cell.answer is not Answer.OPEN:
            assert cells[pair].answer is cell.answer or cell.answer is Answer.DOMAIN


@pytest.mark.parametrize("seed", SEEDS)
def test_one_false_fact_is_found_out_or_changes_nothing_that_is_known(seed):
    """A standing turned round contradicts the others wherever they decide it."""
    made = world(seed)
    for index, standing in enumerate(made.standings):
        others = made.standings[:index] + made.standings[index + 1 :]
        known = implied(made, others, standing)
        turned = stands(standing.target, standing.family, member=not standing.member)
        if known is standing.member:
            with pytest.raises(ContradictionError, match="one of the two is wrong"):
                close(made.names, made.containments, [*others, turned])


def implied(made: World, others: list[Standing], asked: Standing) -> bool | None:
    """Whether the others imply that the target is in the class, or that it is not."""
    probe = "probe"  # a class that holds this target alone, and one that lacks it alone
    names = [*made.names, probe]
    has = close(names, made.containments, [*others, stands(asked.target, probe, member=False)])
    lacks = close(names, made.containments, [*others, stands(asked.target, probe, member=True)])
    if has[asked.family, probe].answer is Answer.NO:
        return True
    return False if lacks[probe, asked.family].answer is Answer.NO else None


def test_a_contradiction_names_both_ways():
    facts = [stands("t", "a", member=True), stands("t", "c", member=False)]
    with pytest.raises(ContradictionError) as caught:
        close(["a", "b", "c"], [within("a", "b"), within("b", "c")], facts)
    assert "t is in a (a: made by hand) and not in it (a in b in c: made by hand)" in str(
        caught.value
    )


def test_the_stronger_evidence_and_the_simpler_target_are_kept():
    weak, strong = {"evidence": Evidence.DECLARED}, {"evidence": Evidence.CERTIFIED}
    facts = [
        stands("x", "a", member=True),
        stands("x", "b", member=False, **weak),
        stands("long", "a", member=True, **strong),
        stands("long", "b", member=False),
        stands("longer", "a", member=True, **strong),
        stands("longer", "b", member=False),
    ]
    cell = close(["a", "b"], [], facts)["a", "b"]
    assert (cell.member.target, cell.evidence) == ("long", Evidence.CERTIFIED)
    plane = [stands("y", "a", member=True, dimension=2), stands("y", "b", member=False)]
    line = [stands("zz", "a", member=True), stands("zz", "b", member=False)]
    assert close(["a", "b"], [], plane + line)["a", "b"].member.target == "zz"
    steps = [within("a", "b", evidence=Evidence.DECLARED), within("a", "c"), within("c", "b")]
    path = close(["a", "b", "c"], steps, [])["a", "b"].path
    assert [step.larger for step in path] == ["c", "b"]


@pytest.mark.parametrize("evidence", [Evidence.NUMERICAL, Evidence.UNKNOWN])
def test_no_verdict_rests_on_weak_evidence(evidence):
    with pytest.raises(ValueError, match="evidence that a verdict may rest on"):
        within("a", "b", evidence=evidence)
    with pytest.raises(ValueError, match="evidence that a verdict may rest on"):
        stands("t", "a", member=True, evidence=evidence)


@pytest.mark.parametrize("where", [Answer.NO, Answer.OPEN])
def test_a_containment_holds_somewhere(where):
    with pytest.raises(ValueError, match="required: yes or domain"):
        within("a", "b", where=where)


# --- what cells say together ---------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_relations_are_those_of_the_sets(seed):
    made = world(seed)
    cells = close(made.names, made.containments, made.standings)
    for a, b in itertools.permutations(made.names, 2):
        one, other = made.classes[a], made.classes[b]
        true = {
            Relation.EQUAL: one == other,
            Relation.INSIDE: one < other,
            Relation.CONTAINS: one > other,
            Relation.INCOMPARABLE: not (one <= other or other <= one),
            Relation.OPEN: True,
        }
        assert true[relation(cells, a, b)]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_diagram_generates_every_containment_and_no_edge_is_spare(seed):
    made = world(seed)
    cells = close(made.names, made.containments, made.standings)
    groups = equal_classes(made.names, cells)
    assert sorted(name for group in groups for name in group) == made.names
    names = [group[0] for group in groups]
    edges = covers(names, cells)

    def reached(edges) -> set[tuple[str, str]]:
        steps = [within(a, b) for a, b in edges]
        return {p for p, c in close(names, steps, []).items() if c.answer.contained}

    contained = {p for p in itertools.permutations(names, 2) if cells[p].answer.contained}
    assert reached(edges) == contained
    for edge in edges:
        assert reached(other for other in edges if other != edge) < contained


@pytest.mark.parametrize("seed", SEEDS)
def test_every_open_pair_follows_from_a_minimal_one_and_none_of_those_from_another(seed):
    made = world(seed)
    facts = made.containments, made.standings
    cells = close(made.names, *facts)
    questions = minimal_open(made.names, cells)
    unanswered = {pair for pair, cell in cells.items() if cell.answer is Answer.OPEN}
    decided: set[tuple[str, str]] = set()
    for question in questions:
        pair = question.smaller, question.larger
        apart = [
            stands("new", question.smaller, member=True),
            stands("new", question.larger, member=False),
        ]
        after = close(made.names, facts[0], [*facts[1], *apart])
        now = {p for p in unanswered if after[p].answer is Answer.NO}
        assert len(now) == question.decides
        assert pair in now
        assert not any((q.smaller, q.larger) in now - {pair} for q in questions)
        decided |= now
    assert decided == unanswered
    assert [q.decides for q in questions] == sorted((q.decides for q in questions), reverse=True)
    if questions:
        first = questions[0].smaller, questions[0].larger
        rest = minimal_open(made.names, cells, without={first})
        assert first not in {(q.smaller, q.larger) for q in rest}
