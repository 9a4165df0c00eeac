"""Inline SVG: drawings made fit for a page with a strict policy and other drawings on it.

matplotlib writes ``style`` attributes, a style sheet, a date, and names that repeat from one
drawing to the next. Here styles become presentation attributes, names get a prefix of their
own, and whatever could run or fetch something is refused.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from markupsafe import Markup, escape

from expressivity.report.mathematics import mathematics

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_ELEMENTS = frozenset(
    ("svg", "g", "defs", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon",
     "text", "tspan", "use", "clipPath", "mask", "marker", "pattern", "symbol", "image",
     "linearGradient", "radialGradient", "stop", "title", "desc")
)  # fmt: skip
_DROPPED = frozenset(("metadata", "style"))
_UNIVERSAL = re.compile(r"\s*\*\s*\{([^{}]*)\}\s*")
_OWN_NAME = re.compile(r"url\(\s*['\"]?#([^)'\"]+)['\"]?\s*\)")
_NAME = re.compile(r"[A-Za-z][A-Za-z-]*")


def figure_html(svg: str, caption: str, alt: str) -> Markup:
    """A figure with its caption; ``alt`` is what a screen reader says in place of the drawing.

    Raises:
        ValueError: no well-formed SVG, or one with scripts, foreign content, links to elsewhere
            or a style sheet beyond ``*{...}``.

    >>> drawing = '<svg xmlns="http://www.w3.org/2000/svg"><path id="a" style="fill: #fff"/></svg>'
    >>> print(figure_html(drawing, "Errors < 1", "A curve"))
    <figure><svg role="img" aria-label="A curve"><path id="f...-a" fill="#fff"/></svg>
    <figcaption>Errors &lt; 1</figcaption></figure>
    """
    try:
        root = ET.fromstring(svg.encode())
    except ET.ParseError as error:
        raise ValueError(f"required: a well-formed SVG; got one that is not: {error}") from error
    if root.tag != f"{_SVG}svg":
        raise ValueError(f"required: an svg element; got {root.tag}")
    prefix = "f" + hashlib.sha256(f"{svg}\n{caption}".encode()).hexdigest()[:8] + "-"
    inherited = "".join(sheet.text or "" for sheet in root.iter(f"{_SVG}style"))
    drawing = _written(root, prefix, {"role": "img", "aria-label": alt, **_universal(inherited)})
    return Markup("<figure>{}\n<figcaption>{}</figcaption></figure>").format(
        drawing, mathematics(caption)
    )


def _written(element: ET.Element, prefix: str, own: Mapping[str, str]) -> Markup:
    name = element.tag.removeprefix(_SVG)
    if name in _DROPPED:
        return Markup("")
    if name not in _ELEMENTS:
        raise ValueError(f"required: a drawing of plain SVG elements; got {name}: leave it out")
    attributes = {**own, **dict(_attributes(element, prefix))}
    text = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    inner = _text(element.text) + Markup("").join(
        _written(child, prefix, {}) + _text(child.tail) for child in element
    )
    # Names of elements and attributes are checked above and below.
    return Markup(f"<{name}{text}>{inner}</{name}>" if inner else f"<{name}{text}/>")


def _text(text: str | None) -> Markup:
    """Text of a label; the line breaks between elements mean nothing."""
    return escape(text) if text and text.strip() else Markup("")


def _attributes(element: ET.Element, prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in element.attrib.items():
        name = key.removeprefix(_XLINK)
        if name == "style":
            yield from _declarations(value, prefix)
        elif name == "href":
            yield name, _link(value, prefix)
        elif name == "id":
            yield name, prefix + value
        elif key.startswith("{") or name in ("version", "role", "aria-label"):
            continue
        elif name.lower().startswith("on") or not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
            raise ValueError(f"required: a drawing without scripts; got attribute {name!r}")
        else:
            yield name, _own_names(value, prefix)


def _declarations(style: str, prefix: str) -> Iterator[tuple[str, str]]:
    """``fill: none; stroke: #000`` as attributes, which a policy on styles lets pass."""
    for declaration in filter(str.strip, style.split(";")):
        name, colon, value = (part.strip() for part in declaration.partition(":"))
        if not colon or not _NAME.fullmatch(name) or name == "font":
            raise ValueError(
                f"required: styles that are SVG attributes too; got {declaration.strip()!r}: "
                f"draw text as paths, or name font-size and font-family"
            )
        yield name, _own_names(value, prefix)


def _universal(sheet: str) -> dict[str, str]:
    """A sheet of one rule for every element, as attributes of the root that all inherit."""
    if not sheet.strip():
        return {}
    rule = _UNIVERSAL.fullmatch(sheet)
    if rule is None:
        raise ValueError("required: no style sheet beyond *{...} in a drawing; got another one")
    return dict(_declarations(rule[1], ""))


def _link(value: str, prefix: str) -> str:
    if value.startswith("#"):
        return f"#{prefix}{value[1:]}"
    if re.match(r"data:image/png;base64,", value):
        return "".join(value.split())
    raise ValueError(f"required: a drawing without links to elsewhere; got {value[:80]!r}")


def _own_names(value: str, prefix: str) -> str:
    renamed = _OWN_NAME.sub(rf"url(#{prefix}\1)", value)
    if "url(" in _OWN_NAME.sub("", value).lower():
        raise ValueError(f"required: a drawing without links to elsewhere; got {value[:80]!r}")
    return renamed
