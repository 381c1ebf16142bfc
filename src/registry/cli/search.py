"""`registry search`."""

from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.failures import usage_error
from registry.cli.session import Session, command
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.readmes import readable
from registry.domain.search import SearchField

if TYPE_CHECKING:
    from registry.client import Package, RegistryClient

_AROUND_CHARACTERS = 60
_MAX_HIGHLIGHTED_CHARACTERS = 120


def register(app: typer.Typer) -> None:
    command(app, "search")(search)


async def search(
    session: Session,
    *,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORDS", help="All must occur; the last may be a beginning.")
    ] = None,
    regex: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Instead of words: a regular expression (RE2).")
    ] = None,
    inside: Annotated[
        list[SearchField] | None, typer.Option("--in", help="Where the pattern is looked for; both when left out.")
    ] = None,
    type: Annotated[PackageType | None, typer.Option(help="Only this type.")] = None,  # noqa: A002
    status: Annotated[PackageStatus | None, typer.Option(help="Only this status.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
) -> None:
    """Find packages by words, the best first, or by a pattern, newest first.

    Words are looked for in names, descriptions and READMEs, patterns in
    names and READMEs.

    Examples:

      registry search sentence embed --type model
      registry search --regex '(?i)^google/.*bert' --in name
      registry search whisper --limit 100 | jq -r .name
    """
    from registry.client import first

    if bool(words) == (regex is not None):
        raise usage_error("search for words, or for one --regex")
    if words and inside:
        raise usage_error("--in goes with --regex")
    page_size, anything = min(limit, 200), False
    async with session.client() as client:
        if regex is None:
            ranked = client.search(" ".join(words or ()), type=type, status=status, tag=tag, page_size=page_size)
            async for found in first(ranked, limit):
                anything = True
                if session.output.as_json:
                    session.output.document(found.document)
                else:
                    heading = _heading(found.package) + (" – similar" if found.match.similar else "")
                    session.output.excerpt(heading, found.match.text, found.match.highlights)
            if not anything:
                session.output.nothing_found()
            return
        fields = inside or list(SearchField)
        matching = client.search_regex(regex, fields=fields, type=type, status=status, tag=tag, page_size=page_size)
        async for package in first(matching, limit):
            anything = True
            if session.output.as_json:
                session.output.document(package.document)
            else:
                text, highlights = await _excerpt(client, package, regex, fields)
                session.output.excerpt(_heading(package), text, highlights)
        if not anything:
            session.output.nothing_found()


def _heading(package: "Package") -> str:
    return f"{package.name} {package.version} ({package.type})"


async def _excerpt(
    client: "RegistryClient", package: "Package", regex: str, fields: list[SearchField]
) -> tuple[str, list[tuple[int, int]]]:
    """The name where it matches, else the piece of the README that does, with the match. Only people get this: it
    takes a request for each README."""
    try:
        import re2
    except ImportError:  # the client alone is installed
        return package.description, []
    # The same engine as the registry's, so that no pattern takes long here either.
    pattern = re2.compile(regex)
    texts = [package.name] if SearchField.NAME in fields else []
    if SearchField.README in fields and not (texts and pattern.search(package.name)):
        texts.append((await client.get(package.id)).readme or "")
    # In the prose where it matches there; else in a card's front matter, where the registry looks as well.
    for text in [*map(readable, texts), *texts]:
        if match := pattern.search(text):
            start = max(0, match.start() - _AROUND_CHARACTERS)
            end = min(match.end(), match.start() + _MAX_HIGHLIGHTED_CHARACTERS)
            return text[start : end + _AROUND_CHARACTERS], [(match.start() - start, end - start)]
    return package.description, []
