"""A package's JSON holds all of it."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from registry.domain.documents import (
    decode_package,
    encode_readme,
    encode_summary,
    format_time,
    join_document,
    parse_time,
)
from registry.domain.packages import Content, Dependency, Package, PackageStatus, PackageType
from registry.domain.versions import Version

texts = st.text(st.characters(exclude_categories=["Cs"]))
times = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
contents = st.builds(
    Content,
    blob_key=texts.filter(bool),
    size=st.integers(0, 5 * 2**40),
    sha256=st.just("ab" * 32),
    media_type=st.sampled_from(["application/zip", "text/plain; charset=utf-8"]),
    filename=texts,
)
packages = st.builds(
    Package,
    id=texts,
    name=texts,
    version=st.sampled_from(["1.0.0", "2.0.0-rc.1+b"]).map(Version.parse),
    type=st.sampled_from(PackageType),
    status=st.sampled_from(PackageStatus),
    created_by=texts,
    created_at=times,
    updated_at=times,
    revision=st.integers(1, 2**40),
    description=texts,
    license=st.none() | texts,
    tags=st.lists(texts, max_size=3).map(tuple),
    source_url=st.sampled_from([None, "https://example.org/a", "http://example.org:8080/x%20y"]),
    dependencies=st.lists(
        st.builds(Dependency, relation=texts, name=texts, version=st.none() | texts, id=st.none() | texts), max_size=2
    ).map(tuple),
    content=st.none() | contents,
    readme=st.none() | texts,
    status_reason=st.none() | texts,
)


@given(packages)
def test_package_and_back(package: Package) -> None:
    blob_key = package.content.blob_key if package.content else None

    assert decode_package(encode_summary(package), encode_readme(package), blob_key=blob_key) == package


@given(packages)
def test_document_is_json_with_the_readme(package: Package) -> None:
    summary = encode_summary(package)

    document = json.loads(join_document(summary, encode_readme(package)))

    assert document == json.loads(summary) | {"readme": package.readme}
    assert "blob_key" not in document
    assert ("status_reason" in document) == (package.status_reason is not None)


@given(times)
def test_time_and_back(at: datetime) -> None:
    text = format_time(at)

    assert parse_time(text) == at
    assert len(text) == len("2026-11-23T15:43:00.123Z")
