"""A README's prose, for excerpts: without front matter, badges and the addresses of links. In linear time."""

import re

_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
# Every repetition has an end, so that a text of brackets takes no longer than one of words.
_ADDRESS = r"\((?:[^()\n]|\([^()\n]{0,200}\)){0,2000}\)"
_COMMENT = re.compile(r"<!--[^<>]{0,4000}-->")
_IMAGE = re.compile(rf"!\[([^\[\]\n]{{0,400}})\](?:{_ADDRESS}|\[[^\[\]\n]{{0,200}}\])")
_BADGE = re.compile(rf"\[\s{{0,9}}{_IMAGE.pattern}\s{{0,9}}\](?:{_ADDRESS}|\[[^\[\]\n]{{0,200}}\])")
_LINK = re.compile(rf"\[([^\[\]\n]{{1,400}})\](?:{_ADDRESS}|\[[^\[\]\n]{{0,200}}\])")


def cut_front_matter(text: str) -> tuple[str | None, str]:
    """The metadata between two lines `---` at the beginning, and what follows them; None and the text without."""
    found = _FRONT_MATTER.match(text)
    return (found[1], text[found.end() :]) if found else (None, text)


def without_front_matter(text: str) -> str:
    """The text after a block of metadata between two lines `---`."""
    metadata, rest = cut_front_matter(text)
    return rest if metadata is None else rest.lstrip()


def readable(text: str) -> str:
    """The words of Markdown: links and images are their texts, and badges (images that are links) are left out."""
    text = _BADGE.sub("", _COMMENT.sub("", without_front_matter(text)))
    return _LINK.sub(r"\1", _IMAGE.sub(r"\1", text)).strip()
