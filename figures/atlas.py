"""The atlas as a Hasse diagram: what is proved to lie in what, and what is open.

Classes stand in columns, each to the right of those inside it; equal ones share a place.
"""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from expressivity.classes.kinds import Kind
from expressivity.relations.atlas import read_atlas
from expressivity.relations.closure import Cells
from expressivity.relations.given import class_of
from expressivity.relations.order import Relation, covers, equal_classes, minimal_open, relation
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import ALARM, FAINT, PAGE, SOFT, head_legend, kind_handles, look_of, new_figure

Edge = tuple[str, str]
_SWEEPS = 8
_SIZE = 5.5
_LINE, _GAP = 0.085, 0.9  # inches, and lines between two classes
_DASHED = 30
_BOX = {"facecolor": "white", "edgecolor": FAINT, "linewidth": 0.4, "pad": 0.8}


def columns(names: Sequence[str], edges: Sequence[Edge]) -> list[list[str]]:
    """The classes by the longest chain below them, each column ordered to have few crossings.

    The order is by the mean place of neighbours in the column before and the one after, in turn
    (K. Sugiyama, S. Tagawa, M. Toda, 1981).

    >>> columns(["b", "a", "c"], [("a", "b")])
    [['a', 'c'], ['b']]
    """
    below = {name: [a for a, b in edges if b == name] for name in names}
    height: dict[str, int] = {}

    def place(name: str) -> int:
        if name not in height:
            height[name] = 1 + max((place(other) for other in below[name]), default=-1)
        return height[name]

    found: list[list[str]] = [[] for _ in range(1 + max(map(place, names), default=0))]
    for name in sorted(names):
        found[place(name)].append(name)
    linked = {n: [a for a, b in edges if b == n] + [b for a, b in edges if a == n] for n in names}
    for _ in range(_SWEEPS):
        middle = _middles(found)
        for column in found:
            column.sort(key=lambda name: (_mean(name, linked[name], middle), name))
    return found


def _middles(
    found: Sequence[Sequence[str]], room: Mapping[str, float] | None = None
) -> dict[str, float]:
    """The height of every class, from 0 to 1, in a column that is shared out by room."""
    middle: dict[str, float] = {}
    for column in found:
        rooms = [1.0 if room is None else room[name] for name in column]
        below = 0.0
        for name, own in zip(column, rooms, strict=True):
            middle[name] = (below + own / 2) / sum(rooms)
            below += own
    return middle


def _mean(name: str, linked: Sequence[str], middle: Mapping[str, float]) -> float:
    return sum(middle[other] for other in linked) / len(linked) if linked else middle[name]


def draw(runs: Runs) -> Figure:
    """The diagram of the stored facts.

    Raises:
        ValueError: no containments are stored.
    """
    atlas = read_atlas(runs["atlas"].entries)
    return diagram(atlas.classes, atlas.cells)


def diagram(classes: Sequence[str], cells: Cells) -> Figure:
    """The diagram of classes of which every ordered pair has its answer."""
    groups = {group[0]: group for group in equal_classes(classes, cells)}
    edges = covers(list(groups), cells)
    placed = columns(list(groups), edges)
    room = {name: len(group) + _GAP for name, group in groups.items()}  # a line for each of them
    tallest = max(sum(room[name] for name in column) for column in placed)
    made = new_figure(PAGE, min(9.4, 0.7 + _LINE * tallest))
    axes = made.add_subplot()
    axes.set(xlim=(0, len(placed)), ylim=(1, 0))
    axes.set_axis_off()
    middle = _middles(placed, room)
    spots = {
        name: (index + 0.05, middle[name]) for index, column in enumerate(placed) for name in column
    }
    for edge in edges:
        _line(axes, spots, edge, color=SOFT, linewidth=0.45, zorder=1)
    for question in minimal_open(classes, cells)[:_DASHED]:
        edge = question.smaller, question.larger
        _line(axes, spots, edge, color=ALARM, linewidth=0.35, linestyle=(0, (3, 3)), zorder=0,
              alpha=0.6)  # fmt: skip
    for name, group in groups.items():
        look = look_of(class_of(name, 1).kind)
        axes.text(*spots[name], "\n= ".join(group), color=look.colour, fontsize=_SIZE,
                  va="center", zorder=2, linespacing=0.95, bbox=_BOX)  # fmt: skip
    axes.text(0.0, 1.0, _summary(classes, cells), transform=axes.transAxes, color=SOFT, fontsize=6)
    _legend(made, classes)
    return made


def _line(axes: Axes, spots: Mapping[str, tuple[float, float]], edge: Edge, **look: object) -> None:
    (x, y), (u, v) = spots[edge[0]], spots[edge[1]]
    axes.plot([x, u], [y, v], **look)  # pyright: ignore[reportArgumentType]


def _summary(names: Sequence[str], cells: Cells) -> str:
    pairs = [(a, b) for index, a in enumerate(names) for b in names[index + 1 :]]
    found = [relation(cells, a, b) for a, b in pairs]
    counted = ", ".join(f"{found.count(each)} {each}" for each in _counted())
    return f"{len(pairs)} pairs of {len(names)} classes: {counted}"


def _counted() -> list[Relation]:
    return [Relation.EQUAL, Relation.INSIDE, Relation.CONTAINS, Relation.INCOMPARABLE,
            Relation.OPEN]  # fmt: skip


def _legend(made: Figure, classes: Sequence[str]) -> None:
    kinds = {Kind(class_of(name, 1).kind) for name in classes}
    inside = Line2D([], [], color=SOFT, linewidth=0.8, label="lies in, proved")
    unknown = Line2D([], [], color=ALARM, linewidth=0.8, linestyle=(0, (3, 3)), label="open")
    head_legend(made, [*kind_handles(kinds), inside, unknown])


FIGURES.add(
    "atlas",
    PaperFigure(
        name="atlas",
        title="Atlas of classes: which lies in which",
        caption="Every class with those that contain it to its right; equal classes share a place, "
        "and of the containments those are drawn that no two others imply. Each rests on maps of "
        "exact weights. Dashed: the thirty open pairs whose answer no would decide most. Two "
        "classes that no path of lines connects are separated, each by a target that it holds and "
        "the other is proved not to, or are open; the numbers above count them.",
        alt="A diagram of classes in columns, single activations left and gated classes right, "
        "connected by lines where the left class lies in the right one.",
        needs=("atlas",),
        draw=draw,
    ),
)
