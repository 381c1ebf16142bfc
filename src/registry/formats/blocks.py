"""The lines of a README sorted into headings, prose and code: Markdown, reStructuredText or plain text. Pure.

One pass in linear time. What a form does not have does no harm to a text in it: a README is seldom labelled, and many
mix the forms.
"""

import re
from dataclasses import dataclass, field

MAX_LINE_CHARACTERS = 2_000
MAX_HEADINGS = 500
MAX_LEVEL = 6

_ATX = re.compile(r"(#{1,6})[ \t]+(\S.{0,200})")
_HTML_HEADING = re.compile(r"[ \t]*<h([1-6])(?:[ \t][^<>]{0,200})?>(.{1,300})</h\1>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,200}>")
_UNDERLINE = re.compile(r"(=|-|~|\^|\"|'|\*|\+|#|`|:|\.|_)\1{2,199}")
_NO_TITLE = re.compile(r"[ \t]*(?:[-*+>|:#=~]|\d{1,9}[.)]|\.\. )|[ \t]{4}")
_FENCE = re.compile(r"[ \t]{0,3}(`{3,}|~{3,})[ \t]*([A-Za-z0-9_+-]{0,20})")
_DIRECTIVE = re.compile(
    r"[ \t]*\.\. (?:code-block|code|sourcecode|parsed-literal|prompt)::[ \t]*([A-Za-z0-9_+-]{0,20})"
)
_OTHER_DIRECTIVE = re.compile(r"[ \t]*\.\. ")
_OPTION = re.compile(r"[ \t]+:[\w-]{1,30}:")
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_COMMENT = re.compile(r"<!--[^<>]{0,500}-->")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A block of code: its language in lower case (empty when it names none) and its text."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """`place` is the number of its first line among those of prose, `lines` how many lines of prose it takes."""

    place: int
    lines: int
    level: int
    title: str


@dataclass(slots=True)
class Blocks:
    """The parts of a text. `code_before` has, for each block of code, how many lines of prose stand before it."""

    prose: list[str] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    code: list[CodeBlock] = field(default_factory=list)
    code_before: list[int] = field(default_factory=list)


def read_blocks(text: str) -> Blocks:
    """Sort the lines. Never raises."""
    reader = _Reader()
    for raw in text.splitlines():
        reader.take(raw)
    reader.close_code()
    return reader.blocks


class _Reader:
    def __init__(self) -> None:
        self.blocks = Blocks()
        self._code: list[str] | None = None
        self._language = ""
        self._fence = ""
        """The fence that ends the block; empty where a smaller indentation does."""
        self._indent = 0
        """The indentation of what announced an indented block."""
        self._announced = False
        """An indented block follows: the line before said so."""
        self._in_list = False
        self._styles: dict[tuple[str, bool], int] = {}

    def take(self, raw: str) -> None:
        line = raw[:MAX_LINE_CHARACTERS]
        if self._code is not None:
            if self._takes_code(raw, line):
                return
            self.close_code()
        if self._announced and line.strip():
            self._announced = False
            if _indent(line) > self._indent and not _OPTION.match(line):
                self._open(self._language)
                self._takes_code(raw, line)
                return
            self._announced = bool(_OPTION.match(line))
            if self._announced:
                return
        self._take_prose(raw, line)

    def _take_prose(self, raw: str, line: str) -> None:
        prose = self.blocks.prose
        if (opened := _FENCE.match(line)) and not self._underlines(line):
            self._open(opened[2].lower(), fence=opened[1])
        elif directive := _DIRECTIVE.match(line):
            self._announce(line, directive[1].lower())
        elif line.lstrip().startswith(">>> "):
            self._indent = _indent(line) - 1
            self._open("pycon", doctest=True)
            self._takes_code(raw, line)
        elif self._is_indented_code(line):
            self._indent = 0
            self._open("")
            self._takes_code(raw, line)
        else:
            self._note_heading(line)
            prose.append(_COMMENT.sub("", line))
            if line.strip():
                self._in_list = bool(_LIST_ITEM.match(line)) or (self._in_list and _indent(line) > 0)
            if line.rstrip().endswith("::") and not _OTHER_DIRECTIVE.match(line):
                self._announce(line, "")

    def _underlines(self, line: str) -> bool:
        """Whether a line of tildes is no fence but stands beneath a title, as in reStructuredText."""
        under, before = line.rstrip(), self.blocks.prose[-1].strip() if self.blocks.prose else ""
        return bool(before) and set(under) == {"~"} and len(under) >= max(4, len(before))

    def _announce(self, line: str, language: str) -> None:
        self._announced, self._indent, self._language = True, _indent(line), language

    def _open(self, language: str, *, fence: str = "", doctest: bool = False) -> None:
        self._code, self._language, self._fence = [], language, fence or (">>>" if doctest else "")

    def _takes_code(self, raw: str, line: str) -> bool:
        """Whether the line belongs to the open block. The line that ends a fenced one does, too."""
        assert self._code is not None  # noqa: S101 - the caller has looked
        stripped = line.strip()
        if self._fence == ">>>":
            if not stripped:
                return False
        elif self._fence:
            if stripped.startswith(self._fence) and not stripped.strip(self._fence[0]):
                self.close_code()
                return True
        elif stripped and _indent(line) <= self._indent:
            return False
        self._code.append(raw)
        return True

    def close_code(self) -> None:
        if any(line.strip() for line in self._code or ()):
            self.blocks.code.append(CodeBlock(self._language, "\n".join(self._code or ()).rstrip("\n")))
            self.blocks.code_before.append(len(self.blocks.prose))
        self._code = None

    def _is_indented_code(self, line: str) -> bool:
        prose = self.blocks.prose
        if not line.strip() or _indent(line) < 4 or self._in_list:
            return False
        return not prose or not prose[-1].strip()

    def _note_heading(self, line: str) -> None:
        if len(self.blocks.headings) >= MAX_HEADINGS:
            return
        prose = self.blocks.prose
        if atx := _ATX.match(line):
            self._add_heading(len(prose), 1, len(atx[1]), atx[2])
        elif html := _HTML_HEADING.match(line):
            self._add_heading(len(prose), 1, int(html[1]), _TAG.sub("", html[2]))
        elif prose and (under := _UNDERLINE.fullmatch(line.rstrip())):
            self._note_underlined(under[0])

    def _note_underlined(self, under: str) -> None:
        """A title with a line beneath it (setext, reStructuredText), and in some one of the same above it."""
        prose, character = self.blocks.prose, under[0]
        title = prose[-1].strip()
        over = len(prose) > 1 and bool(_UNDERLINE.fullmatch(prose[-2].rstrip())) and prose[-2][0] == character
        alone = len(prose) == 1 or not prose[-2].strip() or over
        long_enough = character in "=-" or len(under) >= len(title)
        if not title or not alone or not long_enough or len(title) > 200 or _NO_TITLE.match(prose[-1]):
            return
        if not any(map(str.isalnum, title)):
            return
        level = self._styles.setdefault((character, over), min(MAX_LEVEL, len(self._styles) + 1))
        self._add_heading(len(prose) - 1, 2, level, title)

    def _add_heading(self, place: int, lines: int, level: int, title: str) -> None:
        if any(map(str.isalnum, title)):
            self.blocks.headings.append(Heading(place, lines, level, title.strip().rstrip("#").strip()))


def _indent(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
