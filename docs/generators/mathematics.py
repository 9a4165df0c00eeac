"""Mathematics in the pages as MathML: TeX between dollars, and formulas as the program prints them.

An extension of Sphinx. On the pages that ``mathematical_pages`` names, formulas in running text,
between backticks, and in blocks of nothing else are set; what cannot be read as one stays.
"""

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from docutils import nodes
from markupsafe import Markup
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from expressivity.report.mathematics import formula, from_tex, mathematics
from expressivity.symbolic.formulas import tex

_UNTOUCHED = (
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.title,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register renderer, transform and the list of pages."""
    app.add_config_value("mathematical_pages", [], "env", [list])
    app.add_html_math_renderer(
        "mathml", inline_renderers=(_inline, None), block_renderers=(_block, None)
    )
    app.add_post_transform(TypedFormulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class TypedFormulas(SphinxPostTransform):
    """Typed formulas of the mathematical pages become mathematics."""

    default_priority = 800
    formats = ("html",)

    def run(self, **_: Any) -> None:
        """Replace literals, blocks and stretches of text."""
        if not any(fnmatch(self.env.docname, page) for page in self.config.mathematical_pages):
            return
        for block in list(self.document.findall(nodes.literal_block)):
            lines = block.astext().splitlines()
            if block.get("language", "default") in ("default", "none") and all(map(tex, lines)):
                block.replace_self(
                    _raw(
                        *(
                            Markup('<div class="formula">{}</div>').format(formula(line))
                            for line in lines
                        )
                    )
                )
        for literal in list(self.document.findall(nodes.literal)):
            if tex(literal.astext()) is not None:
                literal.replace_self(_raw(formula(literal.astext())))
        for text in list(_running(self.document)):
            made = mathematics(str(text))
            if "<math" in made:
                text.parent.replace(text, _raw(made))


def _running(document: nodes.document) -> Iterator[nodes.Text]:
    """Text outside code, headings and mathematics."""
    for text in document.findall(nodes.Text):
        above = text.parent
        while above is not None and not isinstance(above, _UNTOUCHED):
            above = above.parent
        if above is None:
            yield text


def _raw(*made: Markup) -> nodes.raw:
    return nodes.raw("", str(Markup("").join(made)), format="html")


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(str(from_tex(node.astext())))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(str(from_tex(node.astext(), display=True)))
    raise nodes.SkipNode
