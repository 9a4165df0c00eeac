"""What a form or kind implies is known to ``expressivity/classes`` alone.

Whoever else wants to know asks the record or the family for a fact. The checker keeps a reading of
its own on purpose.

Kinds of tests: soundness (no syntax tree outside asks which form or kind it has), negative (every
way of asking is found where it is planted, and what only looks like one is not).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from expressivity.classes.kinds import FIXED_FORMS, Kind
from expressivity.classes.neurons import FORMS

ROOT = Path(__file__).parents[1]
ROOMS = ("expressivity", "proofs", "experiments", "figures", "benchmarks")
OWNERS = ("expressivity/classes/", "expressivity/checker/")
ONE_TABLE = "figures/style.py"
"""Colour, marker and label of each kind: data of the figures, looked up by ``look_of`` alone."""

NAMES = {*FORMS, *Kind}
ASKED = {"kind", "form", "neuron"}
TABLES = {"FORMS", "FIXED_FORMS", "FIXED", "Kind"}
REGISTRIES = {"NEURONS"}
WRAPPERS = {"Kind", "str", "repr", "hash", "type", "id", "list", "tuple", "set", "frozenset"}
LOOKUPS = {"get", "pop", "setdefault", "index", "count"}
ENDS = {"startswith", "endswith", "removeprefix", "partition", "split"}


class Dispatch(ast.NodeVisitor):
    """Collects ``line: source`` of whatever asks which form or kind it has."""

    def __init__(self, source: str) -> None:
        self.found: list[str] = []
        self.source = source
        tree = ast.parse(source)
        self.enums = {"Kind"} | {
            alias.asname
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.name == "Kind" and alias.asname
        }
        self.constants: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if self.names_a_member(node.value):
                    self.constants |= {t.id for t in targets if isinstance(t, ast.Name)}
        self.visit(tree)

    def names_a_member(self, node: ast.expr) -> bool:
        """``Kind.LA``, ``"la"``, a constant, record or collection made of these."""
        match node:
            case ast.Attribute(value=ast.Name(id=name)) if name in self.enums:
                return True
            case ast.Attribute(value=held, attr="value" | "name"):
                return self.names_a_member(held)
            case ast.Constant(value=str(name)):
                return name in NAMES
            case ast.Name(id=name):
                return name in self.constants | TABLES
            case ast.Tuple(elts=held) | ast.List(elts=held) | ast.Set(elts=held):
                return any(self.names_a_member(one) for one in held)
            case ast.Dict(keys=held):
                return any(one is not None and self.names_a_member(one) for one in held)
            case ast.Subscript(value=ast.Name(id=name), slice=key) if name in REGISTRIES:
                return self.names_a_member(key)
            case ast.Call(func=ast.Name(id=name), args=[held]):
                return name in WRAPPERS and self.names_a_member(held)
            case _:
                return False

    def asks(self, node: ast.expr) -> bool:
        """``family.kind``, ``form``, ``row["form"]`` and what merely wraps them."""
        match node:
            case ast.Attribute(value=held, attr=name):
                return name in ASKED or (name in ("value", "name") and self.asks(held))
            case ast.Name(id=name):
                return name in {"kind", "form"}
            case ast.Subscript(slice=ast.Constant(value=name)):
                return name in ASKED
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=name), *_]):
                return name in ASKED
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=name), *_]):
                return name in ASKED
            case ast.Call(func=ast.Name(id=name), args=[held]):
                return name in WRAPPERS and self.asks(held)
            case ast.Call(func=ast.Attribute(value=held), args=[]):
                return self.asks(held)
            case ast.Tuple(elts=held) | ast.List(elts=held) | ast.Set(elts=held):
                return any(self.asks(one) for one in held)
            case ast.NamedExpr(value=held) | ast.Starred(value=held):
                return self.asks(held)
            case _:
                return False

    def add(self, node: ast.AST) -> None:
        segment = ast.get_source_segment(self.source, node) or ""
        self.found.append(f"{node.lineno}: {' '.join(segment.split())[:90]}")  # type: ignore[attr-defined]

    def visit_Compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        named = any(self.names_a_member(side) for side in sides)
        asked = any(self.asks(side) for side in sides)
        # The kind of a token or of a rule is another word: its names are not ours.
        elsewhere = any(_is_literal(side) for side in sides)
        if named or (asked and not elsewhere):
            self.add(node)
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        patterns = [value for case in node.cases for value in ast.walk(case.pattern)]
        values = [value.value for value in patterns if isinstance(value, ast.MatchValue)]
        fields = {
            attribute
            for value in patterns
            if isinstance(value, ast.MatchClass)
            for attribute in value.kwd_attrs
        }
        foreign = values and all(_is_literal(value) for value in values)
        asked = self.asks(node.subject) or bool(fields & ASKED)
        if any(map(self.names_a_member, values)) or (asked and not foreign):
            self.add(node.subject)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        registry = isinstance(node.value, ast.Name) and node.value.id in REGISTRIES
        table = isinstance(node.value, ast.Dict) and self.names_a_member(node.value)
        keyed = self.asks(node.slice) or self.is_key(node.slice)
        if table or (keyed and not registry):
            self.add(node)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        keys = [key for key in node.keys if key is not None]
        if sum(self.names_a_member(key) for key in keys) > (1 if all(map(_is_text, keys)) else 0):
            self.add(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            name, arguments = node.func.attr, node.args[:1]
            keyed = name in LOOKUPS and any(self.asks(one) or self.is_key(one) for one in arguments)
            begun = name in ENDS and (
                self.asks(node.func.value)
                or any(_is_text(one) and _stem(one) in NAMES for one in arguments)
            )
            told = name == "belongs_to" and any(map(self.names_a_member, node.args))
            if keyed or begun or told:
                self.add(node)
        self.generic_visit(node)

    def is_key(self, node: ast.expr) -> bool:
        """Whether a look-up names a form or kind; ``Sequence[Kind]`` and ``row["la"]`` do not."""
        if isinstance(node, ast.Tuple):
            return any(self.is_key(one) for one in node.elts)
        return not isinstance(node, ast.Name | ast.Constant) and self.names_a_member(node)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _stem(node: ast.expr) -> str:
    assert isinstance(node, ast.Constant)
    return str(node.value).strip("-_ .")


def _is_literal(node: ast.expr) -> bool:
    """A constant, or a collection of them, that holds no name of ours."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return bool(node.elts) and all(_is_literal(one) for one in node.elts)
    return isinstance(node, ast.Constant) and node.value not in NAMES


def dispatch(source: str) -> list[str]:
    return Dispatch(source).found


def modules() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if not path.relative_to(ROOT).as_posix().startswith(OWNERS):
                yield path


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_else_asks_for_a_form_or_kind(room: str) -> None:
    found = {
        path.relative_to(ROOT).as_posix(): asked
        for path in modules()
        if path.relative_to(ROOT).parts[0] == room and (asked := dispatch(path.read_text()))
    }
    allowed = found.pop(ONE_TABLE, [])
    assert len(allowed) <= 2, f"{ONE_TABLE}: one table and one look-up; found {allowed}"
    listed = "\n".join(f"  {path}:{one}" for path, asked in found.items() for one in asked)
    assert not found, f"ask the record or the family for a fact instead:\n{listed}"


def test_the_owners_are_where_the_test_looks_for_them() -> None:
    assert FIXED_FORMS and all((ROOT / owner).is_dir() for owner in OWNERS)
    assert dispatch((ROOT / "expressivity/classes/families.py").read_text())
    assert len(list(modules())) > 100


PLANTED = (
    "family.kind is Kind.MOA",
    "family.kind == 'moa'",
    "Kind.LA != mixing.kind",
    "family.neuron == 'type1'",
    "'quadratic' == name",
    "family.neuron in ('two_sided', 'quadratic')",
    "family.neuron not in FIXED_FORMS",
    "form is not other",
    "reading.result.form == wanted",
    "source.neuron is family.neuron",
    "row['form'] == wanted",
    "document.get('kind') == wanted",
    "getattr(family, 'kind') == wanted",
    "str(family.kind) == wanted",
    "family.kind.value == wanted",
    "family.neuron.lower() == wanted",
    "(r.target, r.kind) == wanted",
    "(r.target, what) == ('t2', Kind.LA)",
    "family.record is NEURONS['type1']",
    "{family.kind} <= wanted",
    "arm in {'la', 'moa'}",
    "{'type1': 1, 'one_sided': 2}.get(family.neuron)",
    "TABLE.get(form)",
    "{Kind.FIXED: 1}[what]",
    "{'la': 1, 'moa': 2}",
    "TABLE[family.neuron]",
    "TABLE[kind]",
    "TABLE[Kind.LA]",
    "TABLE[form, width]",
    "list(Kind).index(family.kind)",
    "name.startswith('moa-')",
    "family.neuron.endswith('_sided')",
    "family.belongs_to('type1', Kind.LA)",
    "match family.kind:\n    case what:\n        pass",
    "match name:\n    case 'type1':\n        pass",
    "match what:\n    case Kind.LA:\n        pass",
    "match family:\n    case Family(kind=wanted):\n        pass",
    "from expressivity.classes.families import Kind as K\nwhat is K.LA",
    "_LA = Kind.LA\nwhat is _LA",
    "_MATCHED = (Kind.LA, Kind.MOA)\nwhat in _MATCHED",
)
HARMLESS = (
    "Family(kind='la', neuron='type1', width=1, dimension=1)",
    "replace(family, kind=Kind.LA)",
    "Claim(form='type1', smaller=Kind.LA, larger=Kind.MOA)",
    "NEURONS[family.neuron].latex",
    "NEURONS['type1']",
    "family.mixes and family.gate is not None",
    "family.record == other.record",
    "family.belongs_to(claim.form, claim.larger)",
    "(reading.target, look_of(reading.kind)) == wanted",
    "reading.kind.gated",
    "token.kind == 'times'",
    "rule.kind != 'gauss'",
    "part.kind in ('step', 'erf')",
    "form is None",
    "form[0] > 0",
    "document['kind']",
    "for kind in Kind:\n    pass",
    "match token.kind:\n    case 'open':\n        pass",
    "{'kind': kind, 'form': form}",
    "sums['la']",
    "found: Mapping[tuple[Kind, str], int] = {}",
)


@pytest.mark.parametrize("planted", PLANTED)
def test_every_way_of_asking_is_found(planted: str) -> None:
    assert len(dispatch(planted)) >= 1


@pytest.mark.parametrize("harmless", HARMLESS)
def test_data_and_facts_are_not_dispatch(harmless: str) -> None:
    assert dispatch(harmless) == []
