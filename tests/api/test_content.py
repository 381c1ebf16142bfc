"""GET and HEAD of content: the bytes, their headers, and ranges (RFC 9110, section 14)."""

import re
from urllib.parse import unquote

import httpx
import pytest

from tests.api.support import JsonObject, Person, download, metadata, problem, publish, send_package

CONTENT = "".join(f"{number:05d}\n" for number in range(2000)).encode()
SIZE = len(CONTENT)

SATISFIABLE = {
    "bytes=0-0": (0, 1),
    "bytes=0-99": (0, 100),
    "bytes=100-199": (100, 200),
    "bytes=10000-": (10_000, SIZE),
    "bytes=-100": (SIZE - 100, SIZE),
    "bytes=-1": (SIZE - 1, SIZE),
    "bytes=0-": (0, SIZE),
    f"bytes=-{SIZE}": (0, SIZE),
    "bytes=-999999999": (0, SIZE),
    "bytes=10000-999999999999999999999": (10_000, SIZE),
    f"bytes={SIZE - 1}-": (SIZE - 1, SIZE),
    "Bytes=5-6": (5, 7),
}
UNSATISFIABLE = [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0", "bytes=99999999999999999999999-"]
# An invalid ranges-specifier may be ignored or rejected.
INVALID = ["bytes=5-2", "bytes=", "bytes=-", "bytes=a-b", "bytes", "bytes=0x1-5", "bytes=1-2-3", "bytes=\u0661-"]


@pytest.fixture(scope="module")
def stored(publisher: Person) -> JsonObject:
    return publish(publisher.client, CONTENT, filename="model.bin", media_type="application/x-model")


def test_whole(publisher: Person, stored: JsonObject) -> None:
    answer = download(publisher.client, stored)
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "application/x-model"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["etag"].startswith('"')


def test_plain_request_gives_the_bytes_or_leads_to_them(publisher: Person, stored: JsonObject) -> None:
    answer = publisher.client.get(stored["content"]["url"])
    assert answer.status_code in (200, 307)
    assert publisher.client.get(stored["content"]["url"], follow_redirects=True).content == CONTENT


def test_head_is_get_without_the_bytes(publisher: Person, stored: JsonObject) -> None:
    whole = download(publisher.client, stored)
    head = publisher.client.head(stored["content"]["url"])
    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-length", "content-type", "content-disposition", "accept-ranges", "etag", "repr-digest"):
        assert head.headers[name] == whole.headers[name], name


@pytest.mark.parametrize("value", SATISFIABLE)
def test_single_range_is_206(publisher: Person, stored: JsonObject, value: str) -> None:
    start, end = SATISFIABLE[value]
    answer = download(publisher.client, stored, Range=value)
    assert answer.status_code == 206
    assert answer.content == CONTENT[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers["etag"] == download(publisher.client, stored).headers["etag"]


@pytest.mark.parametrize("value", UNSATISFIABLE)
def test_unsatisfiable_range_is_416(publisher: Person, stored: JsonObject, value: str) -> None:
    answer = download(publisher.client, stored, Range=value)
    problem(answer, 416)
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("value", ["bytes=0-1,5-6", "bytes=0-0, -1", "bytes=0-1,2-3,4-5", "bytes=0-,0-,0-"])
def test_several_ranges_give_the_whole(publisher: Person, stored: JsonObject, value: str) -> None:
    answer = download(publisher.client, stored, Range=value)
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("value", ["items=0-1", "seconds=1-2", "0-5"])
def test_unknown_range_unit_is_ignored(publisher: Person, stored: JsonObject, value: str) -> None:
    answer = download(publisher.client, stored, Range=value)
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("value", INVALID, ids=ascii)
def test_invalid_range_is_ignored_or_rejected(publisher: Person, stored: JsonObject, value: str) -> None:
    path = stored["content"]["url"]
    answer = publisher.client.get(path, params={"redirect": "false"}, headers={b"Range": value.encode()})
    if answer.status_code != 200:
        problem(answer, 400, 416)
    else:
        assert answer.content == CONTENT


def test_range_is_for_get_only(publisher: Person, stored: JsonObject) -> None:
    parameters = {"redirect": "false"}
    answer = publisher.client.head(stored["content"]["url"], params=parameters, headers={"Range": "bytes=0-1"})
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(SIZE)


def test_if_range_with_the_current_etag_gives_the_part(publisher: Person, stored: JsonObject) -> None:
    tag = download(publisher.client, stored).headers["etag"]
    answer = download(publisher.client, stored, Range="bytes=0-1", If_Range=tag)
    assert (answer.status_code, answer.content) == (206, CONTENT[:2])


@pytest.mark.parametrize("pattern", ['"stale"', "W/{}", "Wed, 21 Oct 2015 07:28:00 GMT", "nonsense"])
def test_if_range_with_anything_else_gives_the_whole(publisher: Person, stored: JsonObject, pattern: str) -> None:
    tag = download(publisher.client, stored).headers["etag"]
    for value in ("bytes=0-1", "bytes=99999999-"):
        answer = download(publisher.client, stored, Range=value, If_Range=pattern.format(tag))
        assert (answer.status_code, answer.content) == (200, CONTENT)


def test_if_none_match_comes_before_range(publisher: Person, stored: JsonObject) -> None:
    tag = download(publisher.client, stored).headers["etag"]
    assert download(publisher.client, stored, Range="bytes=0-1", If_None_Match=tag).status_code == 304


def test_resumed_download_is_the_whole(publisher: Person, stored: JsonObject) -> None:
    tag = download(publisher.client, stored).headers["etag"]
    step, gathered = 3000, b""
    while len(gathered) < SIZE:
        end = len(gathered) + step - 1
        gathered += download(publisher.client, stored, Range=f"bytes={len(gathered)}-{end}", If_Range=tag).content
    assert gathered == CONTENT


def served_filename(answer: httpx.Response) -> str:
    """The file name that a client takes (RFC 6266): `filename*` where it is there, else `filename`."""
    field = answer.headers["content-disposition"]
    assert field.isascii()
    assert field.split(";")[0].strip().lower() == "attachment"
    if extended := re.search(r"filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]*)(?:;|$)", field, re.IGNORECASE):
        return unquote(extended[1], errors="strict")
    if quoted := re.search(r'filename="((?:[^"\\]|\\.)*)"', field):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    token = re.search(r"filename=([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:;|$)", field)
    assert token, field
    return token[1]


@pytest.mark.parametrize(
    "filename",
    ["plain.zip", "with space.zip", "semi;colon.zip", 'quo"te.zip', "back\\slash.zip", "per%20cent.zip", "a=b,c.zip",
     "모델.zip", "naïve café.bin", "模型 v1.0.tar.gz", "🤖.onnx", "apos'trophe.zip", "x" * 200 + ".bin"],
)  # fmt: skip
def test_filename_comes_back(publisher: Person, filename: str) -> None:
    answer = send_package(publisher.client, metadata(), filename=filename)
    assert answer.status_code == 201, answer.text
    package = answer.json()
    served = served_filename(download(publisher.client, package))
    assert served == package["content"]["filename"]
    # A backslash separates folders on some systems: it may be taken for one.
    assert served == filename or ("\\" in filename and served == filename.rpartition("\\")[2])


@pytest.mark.parametrize("filename", ["../../etc/passwd", "/etc/passwd", "a/b/c.bin", "..", "C:\\x\\y.bin", "a\0b.bin"])
def test_filename_never_leads_out_of_a_folder(publisher: Person, filename: str) -> None:
    answer = send_package(publisher.client, metadata(), filename=filename)
    if answer.status_code != 201:
        problem(answer, 400, 422)
        return
    served = served_filename(download(publisher.client, answer.json()))
    assert not set(served) & set("/\\\0")
    assert served not in ("", ".", "..")
