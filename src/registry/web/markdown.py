"""READMEs as HTML that can do nothing: the GFM reference parser, then an allowlist of tags and attributes.

The allowlist comes last. What is rewritten before it (images, headings, tables) may be wrong for crafted input, but it
cannot be dangerous.
"""

import re
from functools import lru_cache
from html import escape
from urllib.parse import urlsplit

import cmarkgfm
import nh3
from cmarkgfm.cmark import Options

from registry.domain.readmes import without_front_matter

_TAGS = {
    *("a", "b", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h3", "h4", "h5", "h6"),
    *("hr", "i", "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "span", "strong", "sub", "summary", "sup", "table"),
    *("tbody", "td", "tfoot", "th", "thead", "tr", "ul", "var"),
}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),
    "a": {"href", "title"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
    "div": {"class", "tabindex", "role", "aria-label"},
    "span": {"class"},
    "pre": {"tabindex"},
}
_OWN_VALUES = {"class": {"scroll", "image"}, "tabindex": {"0"}, "role": {"region"}, "aria-label": {"Table"}}
"""Values that this module writes; a README's own are removed."""

_HEADING = re.compile(r"<(/?)h([1-6])\b")
_IMAGE = re.compile(r'<img src="[^"<>]*" alt="([^"<>]*)"[^<>]*>')
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_WITHOUT_END = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_MAX_DEPTH = 200
"""nh3's time grows with the square of the nesting: 16,000 block quotes in 32 KiB took 2 s, 256 KiB two minutes."""

_KEPT = 64
"""READMEs whose HTML is held, 256 KiB of text each at most: a README of 4 KiB costs 1.1 ms, a fifth of its page."""

_SCROLLED = '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>'


@lru_cache(_KEPT)
def render_readme(text: str) -> str:
    """Safe HTML of Markdown in GFM. Images are shown as their text: pages load nothing from other hosts."""
    html = cmarkgfm.github_flavored_markdown_to_html(
        without_front_matter(text.replace("\r\n", "\n")), options=Options.CMARK_OPT_UNSAFE
    )
    if _depth(html) > _MAX_DEPTH:
        return f'<pre tabindex="0">{escape(text)}</pre>'
    html = _IMAGE.sub(r'<span class="image">\1</span>', html)
    # A README's headings stand below the page's own.
    html = _HEADING.sub(lambda found: f"<{found[1]}h{min(int(found[2]) + 2, 6)}", html)
    html = (
        html.replace("<table>", _SCROLLED).replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">')
    )
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener ugc",
        attribute_filter=_filtered,
    )


def _depth(html: str) -> int:
    """How deep elements are nested at most, where every element that is opened without an end counts as open."""
    depth = deepest = 0
    for found in _TAG.finditer(html):
        if found[2].lower() not in _WITHOUT_END:
            depth = max(depth - 1, 0) if found[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _filtered(tag: str, name: str, value: str) -> str | None:
    if name in _OWN_VALUES:
        return value if value in _OWN_VALUES[name] else None
    if tag == "a" and name == "href" and not urlsplit(value).scheme:
        return None  # a file of the repository, or a place in it: neither is here
    return value
