"""What a package says of itself, checked before a byte of its file is read or sent."""

import re
from collections.abc import Callable, Iterator

from registry.client.errors import InvalidRequest, Problem
from registry.client.models import NewPackage
from registry.domain.errors import FieldError, InvalidInput
from registry.domain.packages import MAX_README_BYTES, NAME_PATTERN, PackageType
from registry.domain.versions import Version, VersionRange

RELATIONS = ("base_model", "dataset", "code", "teacher", "tokenizer")
"""What packages usually depend on others as. The registry takes any word; ratings look at parents and data sets."""
_RELATION = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_NAME_RULE = "1 to 200 printable ASCII characters without leading or trailing space; * alone is reserved"
_MAX_TAGS, _MAX_TAG_CHARACTERS = 50, 64


def check_new_package(package: NewPackage) -> None:
    """Raise InvalidRequest, with every field that the registry would refuse."""
    errors = tuple(_mistakes(package))
    if errors:
        problem = Problem(422, "validation", "The request is not valid", errors=errors)
        raise InvalidRequest(problem)


def _mistakes(package: NewPackage) -> Iterator[FieldError]:
    if not NAME_PATTERN.fullmatch(package.name):
        yield FieldError("/name", f"{package.name!r} cannot be a name; use {_NAME_RULE}")
    yield from _refused("/version", package.version, Version.parse)
    if package.type not in tuple(PackageType):
        yield FieldError("/type", f"{package.type!r} is no type; choose {', '.join(PackageType)}")
    for place, dependency in enumerate(package.dependencies):
        at = f"/dependencies/{place}"
        if not _RELATION.fullmatch(dependency.relation):
            yield FieldError(
                f"{at}/relation",
                f"{dependency.relation!r} cannot be a relation; write a word such as {', '.join(RELATIONS)}",
            )
        if not NAME_PATTERN.fullmatch(dependency.name):
            yield FieldError(f"{at}/name", f"{dependency.name!r} cannot be a name; use {_NAME_RULE}")
        if dependency.version is not None:
            yield from _refused(f"{at}/version", dependency.version, VersionRange.parse)
    if len(package.tags) > _MAX_TAGS or not all(0 < len(tag) <= _MAX_TAG_CHARACTERS for tag in package.tags):
        yield FieldError("/tags", f"at most {_MAX_TAGS} tags of 1 to {_MAX_TAG_CHARACTERS} characters")
    if package.readme is not None and len(package.readme.encode(errors="replace")) > MAX_README_BYTES:
        yield FieldError("/readme", f"at most {MAX_README_BYTES} bytes of UTF-8")


def _refused(pointer: str, text: str, parse: Callable[[str], object]) -> Iterator[FieldError]:
    try:
        parse(text)
    except InvalidInput as error:
        yield FieldError(pointer, f"{text!r} is {error.errors[0].detail}")
