"""What a section of the report is, where sections are registered, how their HTML is made."""

import functools
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import cast

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from expressivity.evidence import Evidence
from expressivity.registry import Registry, a_function, of_type
from expressivity.report.mathematics import formula, from_tex, mathematics
from expressivity.runs.folder import Run


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the report with a heading of its own.

    Attributes:
        title: the heading, level 2; headings inside the body begin at level 3.
        order: smaller ones come first. The library's: verdict 10, atlas 15, ladder 20, labels 25,
            failures 50, provenance 60, rerun 70; figures have 30, theorems 38, proofs 40.
        body: HTML without ``style`` attributes and scripts, which the page's policy blocks.
    """

    title: str
    order: int
    body: Markup


SectionMaker = Callable[[Run], Section | None]
"""A run to its section, or None where it has nothing to say about that run."""

SECTIONS: Registry[SectionMaker] = Registry(
    "report section", group="expressivity.report_sections", check=a_function
)


def sections(run: Run, *, without: Collection[str] = ()) -> list[tuple[str, Section]]:
    """The sections of a run with their registered names, in order.

    Args:
        run: what they are about.
        without: names of sections that are not made, as they would take long.
    """

    def made(maker: SectionMaker) -> Section | None:
        section = maker(run) if maker not in left_out else None
        if section is not None:
            of_type(Section)(section)
        return section

    left_out = [SECTIONS[name] for name in without if name in SECTIONS]
    return sorted(
        [(name, section) for name, section in SECTIONS.each(made).items() if section is not None],
        key=lambda entry: (entry[1].order, entry[0]),
    )


def html(package: str, template: str, **values: object) -> Markup:
    """Render ``templates/<template>`` of a package; every value is escaped.

    The macros of ``macros.html.j2`` in this package can be imported from any template, and the
    functions of ``mathematics`` are its filters.

    >>> html("expressivity.report", "rerun.html.j2", command="a<b", commit=None, changed=False)
    Markup('<p>...<code>a&lt;b</code>...')
    """
    return Markup(environment(package).get_template(template).render(**values))


@functools.cache
def environment(package: str) -> Environment:
    """Jinja2 over a package's ``templates`` folder and this one's, with escaping on."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("expressivity.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Verdicts of proofs' steps may stand in badges too, and mean what they say.
    meanings = {level: level.meaning for level in Evidence}
    cast(dict[str, object], made.globals)["meanings"] = defaultdict(str, meanings)
    for each in (mathematics, formula, from_tex):
        cast(dict[str, object], made.filters)[each.__name__] = each
    return made
