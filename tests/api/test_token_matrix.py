"""Every route against every kind of token.

The routes come from the schema, which is made from the application's routes: one without a row here fails.
"""

import contextlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.api.archives import zipped
from tests.api.conftest import UserFactory
from tests.api.server import RunningServer
from tests.api.support import JsonObject, Person, connect, eventually, json_package, log_in, metadata, publish, unique

OPEN, ANY, SESSION = "open", "any token", "any session"
PERMISSIONS = ("upload", "search", "download", "admin")


@dataclass(frozen=True, slots=True)
class Row:
    """What a route needs: OPEN, ANY, SESSION, or a permission; `by_session`: and no API token.

    `names`: how it treats a package whose name the token is not for: 404, 403, or None where it names none.
    """

    needs: str
    names: int | None = None
    by_session: bool = False
    body: JsonObject | None = None


def of_package(needs: str, body: JsonObject | None = None) -> Row:
    return Row(needs, names=404, body=body)


ADMINS = Row("admin", by_session=True)
ROWS = {
    "POST /auth/token": Row(OPEN),
    "PUT /authenticate": Row(OPEN),
    "DELETE /auth/token": Row(ANY),
    "GET /whoami": Row(ANY),
    "GET /health": Row(OPEN),
    "GET /health/components": Row(OPEN),
    "GET /health/ready": Row(OPEN),
    "GET /metrics": Row(OPEN),
    "GET /problems": Row(OPEN),
    "GET /problems/{slug}": Row(OPEN),
    "GET /receipts/keys": Row(OPEN),
    "POST /package": Row("upload", names=403),
    "POST /package/byRegEx": Row("search", body={"regex": "^nothing-has-this-name$"}),
    "GET /search": Row("search"),
    "GET /badge/{type}/{name}.svg": Row("search", names=404),
    "GET /packages": Row("search"),
    "GET /package/{package_id}": of_package("search"),
    "PUT /package/{package_id}": of_package("upload"),
    "PATCH /package/{package_id}": of_package("upload", {"description": "changed"}),
    "DELETE /package/{package_id}": of_package("upload"),
    "GET /package/{package_id}/audit": of_package("search"),
    "GET /package/{package_id}/content": of_package("download"),
    "HEAD /package/{package_id}/content": of_package("download"),
    "GET /package/{package_id}/cost": of_package("search"),
    "GET /package/{package_id}/dependents": of_package("search"),
    "GET /package/{package_id}/downloads": of_package("search"),
    "GET /package/{package_id}/files": of_package("search"),
    "GET /package/{package_id}/files/{path}": of_package("download"),
    "POST /package/{package_id}/license-check": of_package("search", {"license": "MIT"}),
    "GET /package/{package_id}/lineage": of_package("search"),
    "GET /package/{package_id}/safety": of_package("search"),
    "GET /package/{package_id}/rate": of_package("search"),
    "POST /package/{package_id}/rate": of_package("upload"),
    "GET /package/{package_id}/rate/receipt": of_package("search"),
    "POST /uploads": Row("upload", names=403),
    "GET /uploads/{upload_id}": Row("upload", names=404),
    "DELETE /uploads/{upload_id}": Row("upload", names=404),
    "POST /uploads/{upload_id}/complete": Row("upload", names=404),
    "PUT /uploads/{upload_id}/parts/{number}": Row("upload", names=404),
    "GET /names/{type}/{name}": Row("search", names=404),
    "PUT /names/{type}/{name}/owners": Row("upload", names=404),
    "PUT /names/{type}/{name}/visibility": Row("upload", names=404),
    "PUT /names/{type}/{name}/aliases/{alias}": Row("upload", names=404),
    "DELETE /names/{type}/{name}/aliases/{alias}": Row("upload"),
    "GET /namespaces/{space}": Row("search"),
    "PUT /namespaces/{space}/owners": Row("upload"),
    "POST /releases": Row("upload"),
    "POST /tokens": Row(SESSION, by_session=True, body={"name": "", "permissions": []}),
    "GET /tokens": Row(SESSION, by_session=True),
    "DELETE /tokens/{token_id}": Row(SESSION, by_session=True),
    "GET /users": ADMINS,
    "POST /users": ADMINS,
    "DELETE /users/{name}": Row(SESSION, by_session=True),
    "PUT /users/{name}/password": Row(SESSION, by_session=True),
    "PUT /users/{name}/permissions": ADMINS,
    "POST /webhooks": ADMINS,
    "GET /webhooks": ADMINS,
    "GET /webhooks/{webhook_id}": ADMINS,
    "DELETE /webhooks/{webhook_id}": ADMINS,
    "GET /webhooks/{webhook_id}/deliveries": ADMINS,
    "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/replay": ADMINS,
    "POST /webhooks/{webhook_id}/test": ADMINS,
    "GET /audit": ADMINS,
    "GET /audit/checkpoint": ADMINS,
    "GET /audit/proof/{position}": ADMINS,
    "DELETE /reset": ADMINS,
    "GET /load-tests": ADMINS,
    "POST /load-tests": Row("admin", by_session=True, body={"seconds": 0}),
    "GET /hf/api/whoami-v2": Row(ANY),
    "GET /hf/api/{kind}": Row("search"),
    "GET /hf/api/{kind}/{repo}": of_package("search"),
    "GET /hf/api/{kind}/{repo}/revision/{revision}": of_package("search"),
    "GET /hf/api/{kind}/{repo}/tree/{revision}": of_package("search"),
    "GET /hf/api/{kind}/{repo}/tree/{revision}/{folder}": of_package("search"),
    "POST /hf/api/{kind}/{repo}/paths-info/{revision}": of_package("search"),
    "GET /hf/api/{kind}/{repo}/commits/{revision}": of_package("search"),
    "GET /hf/api/{kind}/{repo}/refs": of_package("search"),
    "GET /hf/api/{kind}/{repo}/auth-check": of_package("download"),
    "GET /hf/api/{kind}/{repo}/auth-check/write": of_package("upload"),
    "GET /hf/{repo}/resolve/{revision}/{path}": of_package("download"),
    "GET /hf/datasets/{repo}/resolve/{revision}/{path}": of_package("download"),
}
MANY_PACKAGES = ("GET /packages", "GET /search", "POST /package/byRegEx")
UNASKED = ("DELETE /reset", "DELETE /auth/token")
"""Routes that those who are let in do not ask here: the others would be without a registry, or a token."""


@dataclass(slots=True)
class World:
    """An owner with packages in a namespace, and tokens of every kind, as (client, its permissions)."""

    server: RunningServer
    owner: Person
    admin: Person
    space: str
    sessions: dict[str, httpx.Client] = field(default_factory=dict)
    matching: dict[str, httpx.Client] = field(default_factory=dict)
    foreign: dict[str, httpx.Client] = field(default_factory=dict)
    bad: dict[str, httpx.Client] = field(default_factory=dict)
    powerless: httpx.Client | None = None

    def package(self, key: str = "") -> JsonObject:
        """One that a route is asked about: Hugging Face clients read models and datasets only."""
        kind = ("dataset" if "/datasets/" in key else "model") if "/hf/" in key else "code"
        content = zipped({"file.bin": b"x", "folder/file": b"x"}) if "/hf/" in key else b"content"
        return publish(self.owner.client, content, name=f"{self.space}/{unique()}", type=kind)

    def upload(self) -> str:
        described = {"metadata": metadata(name=f"{self.space}/{unique()}"), "size": 1, "sha256": "0" * 64}
        return str(self.owner.client.post("/uploads", json=described).json()["id"])


def make_token(person: Person, *permissions: str, **members: object) -> str:
    body = {"name": unique("token"), "permissions": list(permissions), **members}
    answer = person.client.post("/tokens", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


@pytest.fixture(scope="module")
def world(server: RunningServer, admin: Person, make_user: UserFactory) -> Iterator[World]:
    owner = make_user("upload", "search", "download")
    world = World(server, owner, admin, unique("space"))
    with contextlib.ExitStack() as clients:

        def client(token: str | None) -> httpx.Client:
            return clients.enter_context(connect(server.url, token))

        for permission in PERMISSIONS:
            holder = admin if permission == "admin" else owner
            world.sessions[permission] = make_user(permission).client
            world.matching[permission] = client(make_token(holder, permission, packages=[f"{world.space}/*"]))
            world.foreign[permission] = client(make_token(holder, permission, packages=["other/*", "x"]))
        loser = make_user("upload", "search", "download")
        world.powerless = client(make_token(loser, "upload", "search", "download"))
        admin.client.put(f"/users/{loser.name}/permissions", json={"permissions": []})
        ending, gone = make_token(owner, "search", expires_in=1), make_user("search")
        revoked = owner.client.post("/tokens", json={"name": "r", "permissions": ["search"]}).json()
        assert owner.client.delete(f"/tokens/{revoked['id']}").status_code == 204
        orphan = make_token(gone, "search")
        assert admin.client.delete(f"/users/{gone.name}").status_code == 204
        world.bad = {
            "none": client(None),
            "nonsense": client("nonsense"),
            "mistyped": client(revoked["token"][:-1] + "~"),
            "unknown": client(ending[:4] + revoked["token"][4:]),
            "revoked": client(revoked["token"]),
            "expired": client(ending),
            "of a deleted user": client(orphan),
            "session as API token": client(f"reg_{owner.token}"),
        }
        eventually(lambda: world.bad["expired"].get("/whoami").status_code == 401)
        yield world


def name_body(world: World, key: str, package: JsonObject) -> JsonObject:
    """A valid body of a route about names."""
    if key.endswith("/owners"):
        return {"owners": [world.owner.name]}
    if key.endswith("/visibility"):
        return {"visibility": "public", "readers": []}
    return {"packages": [package["id"]]} if key == "POST /releases" else {"version": package["version"]}


def ask(world: World, client: httpx.Client, key: str, package: JsonObject, upload_id: str) -> httpx.Response:
    method, _, template = key.partition(" ")
    named = package["name"] if "{type}" in template else unique("nobody")
    path = template.format(
        package_id=package["id"],
        upload_id=upload_id,
        number=1,
        path="file.bin",
        position=0,
        type=package["type"],
        slug="not-found",
        name=named,
        alias="prod",
        space=world.space,
        kind="models",
        repo=package["name"],
        revision="main",
        folder="folder",
        token_id="019b0000-0000-7000-8000-000000000000",
        webhook_id="019b0000-0000-7000-8000-000000000000",
        delivery_id="019b0000-0000-7000-8000-000000000000",
    )
    body = ROWS[key].body or ({} if method in ("POST", "PUT", "PATCH") else None)
    if key == "PUT /package/{package_id}":
        body = metadata(name=package["name"], version=package["version"], type=package["type"])
    elif key == "POST /package":
        body = json_package(name=f"{world.space}/{unique()}")
    elif key == "POST /uploads":
        body = {"metadata": metadata(name=f"{world.space}/{unique()}"), "size": 1, "sha256": "0" * 64}
    elif "/names/" in key or key in ("PUT /namespaces/{space}/owners", "POST /releases"):
        body = name_body(world, key, package) if method != "GET" and method != "DELETE" else None
    parameters = {"q": unique()} if key == "GET /search" else None
    return client.request(method, path, json=body, params=parameters)


def test_every_route_has_a_row(server: RunningServer) -> None:
    with connect(server.url) as client:
        paths = client.get("/openapi.json").json()["paths"]
    served = {f"{method.upper()} {path}" for path, item in paths.items() for method in item if method != "parameters"}
    assert served == set(ROWS)


@pytest.mark.parametrize("key", ROWS)
def test_route(world: World, key: str) -> None:
    row = ROWS[key]
    package, upload_id = world.package(key), world.upload()

    def status(client: httpx.Client, *, fresh: bool = False) -> int:
        of = world.package(key) if fresh and "DELETE" in key else package
        upload = world.upload() if fresh and "uploads" in key else upload_id
        return ask(world, client, key, of, upload).status_code

    if row.needs == OPEN:
        assert {status(client) for client in world.bad.values()} & {403} == set()
        return
    for kind, client in world.bad.items():
        assert status(client) == 401, kind
    assert world.powerless is not None
    if row.needs != ANY:
        assert status(world.powerless) == 403
    for permission in PERMISSIONS:
        may = row.needs in (ANY, SESSION, permission) or permission == "admin"
        check_session(row, status, world.sessions[permission], may=may, key=key)
        may = may and not row.by_session
        if key in UNASKED and may:
            continue
        for client in (world.matching[permission], world.foreign[permission]):
            is_foreign = client is world.foreign[permission] and permission != "admin"
            found = status(client, fresh=may)
            if not may:
                assert found == 403, permission
            elif row.names is not None and is_foreign:
                assert found == row.names, permission
            else:
                assert found not in (401, 403), permission
                assert found != 404 or row.names is None or key.endswith("receipt"), permission


def check_session(row: Row, status: object, client: httpx.Client, *, may: bool, key: str) -> None:
    """A session of somebody who does not own the package: let in, or 403."""
    assert callable(status)
    if not may:
        assert status(client) == 403
    elif key not in UNASKED and row.needs not in ("upload", SESSION):
        assert status(client, fresh=True) not in (401, 403)


@pytest.mark.parametrize("key", MANY_PACKAGES)
def test_listings_show_what_the_token_is_for_and_no_more(world: World, key: str) -> None:
    tag = unique("tag")
    inside = publish(world.owner.client, name=f"{world.space}/{tag}", tags=[tag])
    outside = publish(world.owner.client, name=f"elsewhere/{tag}", tags=[tag])

    def seen(client: httpx.Client) -> set[str]:
        if key == "POST /package/byRegEx":
            answer = client.post("/package/byRegEx", json={"regex": f"{tag}$"})
        else:
            parameters = {"q": tag} if key == "GET /search" else {"tag": tag, "limit": "200"}
            answer = client.get(key.partition(" ")[2], params=parameters)
        assert answer.status_code == 200, answer.text
        return {item["id"] for item in answer.json()["items"]}

    eventually(lambda: seen(world.owner.client) == {inside["id"], outside["id"]})
    assert seen(world.matching["search"]) == {inside["id"]}
    assert seen(world.foreign["search"]) == set()
    assert seen(world.foreign["admin"]) == {inside["id"], outside["id"]}


def test_other_packages_show_nowhere(world: World) -> None:
    """Not as a dependency, and not as what takes a version."""
    hidden = publish(world.owner.client, name=f"elsewhere/{unique()}", content=b"hidden")
    dependencies = [
        {"relation": "base_model", "name": hidden["name"]},
        {"relation": "trained_on", "name": "x", "id": hidden["id"]},
    ]
    package = publish(world.owner.client, name=f"{world.space}/{unique()}", dependencies=dependencies)
    client = world.matching["search"]
    lineage = client.get(f"/package/{package['id']}/lineage").json()
    assert [node["registered"] for node in lineage["nodes"]] == [True, False, False]
    assert hidden["id"] not in str(lineage)
    cost = client.get(f"/package/{package['id']}/cost", params={"dependency": "true"}).json()
    assert [item["bytes"] for item in cost["items"][1:]] == [None, None]
    body = json_package(name=hidden["name"], version=hidden["version"])
    answer = world.matching["upload"].post("/package", json=body)
    assert answer.status_code == 403
    assert hidden["id"] not in answer.text


def test_a_token_for_some_names_does_not_give_their_namespace_away(world: World) -> None:
    """Who owns the namespace creates every name in it, those too that the token is not for."""
    name = world.package()["name"]
    path, body = f"/namespaces/{world.space}/owners", {"owners": [world.owner.name]}
    for patterns, status in ({name: 403, f"{world.space}/a*": 403, "*/*": 200, f"{world.space}*": 200}).items():
        token = make_token(world.owner, "upload", packages=[patterns])
        with connect(world.server.url, token) as client:
            assert client.put(path, json=body).status_code == status, patterns


def test_an_answer_kept_for_another_token_is_not_given(world: World) -> None:
    body, key = json_package(name=f"elsewhere/{unique()}"), {"Idempotency-Key": secrets.token_hex(8)}
    assert world.owner.client.post("/package", json=body, headers=key).status_code == 201
    assert world.matching["upload"].post("/package", json=body, headers=key).status_code == 403
    described = {"metadata": metadata(name=f"elsewhere/{unique()}"), "size": 1, "sha256": "0" * 64}
    assert world.owner.client.post("/uploads", json=described, headers=key).status_code == 201
    assert world.matching["upload"].post("/uploads", json=described, headers=key).status_code == 403


def test_a_session_still_works_beside_them(world: World) -> None:
    again = log_in(world.server.url, world.owner.name, world.owner.password)
    with again.client:
        assert again.client.get("/whoami").json()["name"] == world.owner.name


def _said(answer: httpx.Response, package: JsonObject) -> tuple[int, JsonObject, list[str]]:
    """What distinguishes an answer, apart from what was asked for, which it repeats."""
    if not answer.content:
        return answer.status_code, {}, sorted(answer.headers)
    text = answer.text.replace(package["id"], "ID").replace(package["name"], "NAME")
    return answer.status_code, json.loads(text) | {"request_id": ""}, sorted(answer.headers)


def test_a_private_name_is_absent_on_every_route(world: World, make_user: UserFactory) -> None:
    """For a session with all permissions but admin: each route that names a package answers as if it were not there."""
    other = make_user("upload", "search", "download").client
    owner = world.owner.client
    content = zipped({"file.bin": b"x", "folder/file": b"x"})
    packages = {}
    for kind in ("model", "dataset"):
        package = packages[kind] = publish(owner, content, name=f"{world.space}/{unique('private')}", type=kind)
        path = f"/names/{kind}/{package['name']}"
        assert owner.put(f"{path}/aliases/prod", json={"version": package["version"]}).status_code == 200
        assert owner.put(f"{path}/visibility", json={"visibility": "private"}).status_code == 200
    asked = [key for key, row in ROWS.items() if row.names == 404 and "uploads" not in key]
    for key in [*asked, "DELETE /names/{type}/{name}/aliases/{alias}"]:
        package = packages["dataset" if "/datasets/" in key else "model"]
        answer = ask(world, other, key, package, "")
        assert answer.status_code == 404, f"{key}: {answer.text}"
        nothing = package | {"id": "019b0000-0000-7000-8000-000000000000", "name": f"{world.space}/nothing"}
        said, absent = (_said(answer, package), _said(ask(world, other, key, nothing, ""), nothing))
        assert said == absent, key
    for key in asked:
        package = packages["dataset" if "/datasets/" in key else "model"]
        if key.startswith(("GET", "HEAD")) and not key.endswith("receipt"):
            assert ask(world, owner, key, package, "").status_code != 404, key
