"""A small registry in memory that answers as API.md says, for the parts that the client uses."""

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from registry.api.forms import read_form
from registry.domain.documents import format_time, summary_members
from registry.domain.errors import InvalidInput
from registry.domain.packages import Content, Dependency, Package, PackageStatus, PackageType
from registry.domain.versions import Version, VersionRange
from tests.clients.fake_http import Refusal, no_route, page, ranged, read_package, refused
from tests.clients.fake_search import by_regex, by_words
from tests.clients.fake_tokens import FakeTokens
from tests.clients.fake_webhooks import FakeWebhooks

ADMIN, ADMIN_PASSWORD = "admin", "a long enough password"


@dataclass
class User:
    password: str
    permissions: list[str]
    created_at: str = field(default_factory=lambda: format_time(datetime.now(UTC)))


class FakeRegistry:
    """The state, and one method a route. `redirect_content` sends downloads to a signed URL, as S3 backends do."""

    def __init__(self) -> None:
        self.webhooks = FakeWebhooks(self.caller)
        self.api_tokens = FakeTokens(self.caller, lambda: self.tokens)
        self.reset()
        package = "/package/{id}"
        self.app = Starlette(
            routes=[
                Route("/auth/token", self.sign_in, methods=["POST"]),
                Route("/auth/token", self.sign_out, methods=["DELETE"]),
                Route("/packages", self.list_packages),
                Route("/package/byRegEx", self.search_regex, methods=["POST"]),
                Route("/search", self.search),
                Route("/package", self.create, methods=["POST"]),
                Route(package, self.show, methods=["GET"]),
                Route(package, self.change, methods=["PATCH", "PUT"]),
                Route(package, self.delete, methods=["DELETE"]),
                Route(package + "/content", self.content),
                Route(package + "/audit", self.list_audit),
                Route(package + "/lineage", self.lineage),
                Route(package + "/cost", self.cost),
                Route("/bucket/{id}", self.bucket),
                Route("/users", self.list_users, methods=["GET"]),
                Route("/users", self.add_user, methods=["POST"]),
                Route("/users/{name}", self.delete_user, methods=["DELETE"]),
                Route("/users/{name}/permissions", self.set_permissions, methods=["PUT"]),
                Route("/users/{name}/password", self.set_password, methods=["PUT"]),
                *self.webhooks.routes(),
                *self.api_tokens.routes(),
                Route("/health", self.health),
                Route("/health/ready", self.ready),
            ],
            exception_handlers={Refusal: refused, HTTPException: no_route},
        )

    def reset(self) -> None:
        self.users = {ADMIN: User(ADMIN_PASSWORD, ["admin"])}
        self.tokens: dict[str, str] = {}
        self.packages: dict[str, Package] = {}
        self.bytes: dict[str, bytes] = {}
        self.answers: dict[str, tuple[str, str]] = {}
        self.audit: list[tuple[str, dict[str, Any]]] = []
        self.webhooks.clear()
        self.api_tokens.kept.clear()
        self.redirect_content = False
        self.is_ready = True

    # Sessions

    def caller(self, request: Request, permission: str = "search") -> str:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        name = self.tokens.get(token) if kind.lower() == "bearer" else None
        if name is None:
            raise Refusal(401, "not-signed-in", "Send a token in the header Authorization.")
        permissions = self.users[name].permissions
        if permission not in permissions and "admin" not in permissions:
            raise Refusal(403, "permission-denied", f"This needs the permission {permission}.")
        return name

    async def sign_in(self, request: Request) -> Response:
        form = await read_form(request)
        name, password = form["username"], form["password"]
        if name not in self.users or self.users[name].password != password:
            raise Refusal(401, "not-signed-in", "Wrong name or password.")
        token = uuid.uuid4().hex
        self.tokens[token] = name
        return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": 36000})

    async def sign_out(self, request: Request) -> Response:
        self.caller(request)
        del self.tokens[request.headers["Authorization"].split()[1]]
        return Response(status_code=204)

    # Packages

    def find(self, request: Request) -> Package:
        package = self.packages.get(request.path_params["id"])
        if package is None:
            raise Refusal(404, "not-found", "There is no such package.")
        return package

    async def list_packages(self, request: Request) -> Response:
        self.caller(request)
        asked = request.query_params
        try:
            versions = VersionRange.parse(asked["version"]) if "version" in asked else None
        except InvalidInput as error:
            errors = [{"pointer": entry.pointer, "detail": entry.detail} for entry in error.errors]
            raise Refusal(422, "invalid-input", "The request is not valid.", errors=errors) from error
        found = [
            package
            for package in self.packages.values()
            if package.status == asked.get("status", "active")
            and package.type == asked.get("type", package.type)
            and package.name == asked.get("name", package.name)
            and (versions is None or versions.contains(package.version))
            and ("tag" not in asked or asked["tag"] in package.tags)
            and package.created_by == asked.get("owner", package.created_by)
        ]
        found.sort(key=lambda package: package.id, reverse=asked.get("order") in (None, "score"))
        if asked.get("order") == "name":
            found.sort(key=lambda package: package.name)
        unrated: dict[str, object] = {"rating": None} if "include" in asked else {}
        return page(request, [summary_members(package) | unrated for package in found])

    async def search_regex(self, request: Request) -> Response:
        self.caller(request)
        return by_regex(request, self.packages.values(), await request.json())

    async def search(self, request: Request) -> Response:
        self.caller(request)
        return by_words(request, self.packages.values())

    async def create(self, request: Request) -> Response:
        user = self.caller(request, "upload")
        fingerprint = hashlib.sha256(await request.body()).hexdigest()
        key = request.headers.get("Idempotency-Key", uuid.uuid4().hex)
        if key in self.answers:
            kept, package_id = self.answers[key]
            if kept != fingerprint:
                raise Refusal(422, "idempotency-key-reused", "The key was used for another request.")
            return self.document(self.packages[package_id], 201)
        metadata, data, filename = await read_package(request)
        package = self.store(user, metadata, data, filename=filename)
        self.answers[key] = fingerprint, package.id
        return self.document(package, 201 if data is not None else 202)

    def store(self, user: str, metadata: dict[str, Any], data: bytes | None, *, filename: str) -> Package:
        """Add a package. Tests that need one without a client may call this too."""
        taken = (metadata["type"], metadata["name"], Version.parse(metadata["version"]))
        for other in self.packages.values():
            if (other.type, other.name, other.version) == taken:
                raise Refusal(409, "package-exists", f"It exists: {other.id}.", existing_id=other.id)
        digest = hashlib.sha256(data or b"").hexdigest()
        if metadata.get("sha256", digest) != digest:
            raise Refusal(422, "digest-mismatch", "The file that arrived has another SHA-256.")
        now = datetime.now(UTC)
        # Version 7: ids in the order of creation.
        package_id = str(uuid.UUID(int=(7 << 76) | (2 << 62) | (len(self.audit) + 1) << 80))
        content = None
        if data is not None:
            content = Content(package_id, len(data), digest, "application/octet-stream", filename)
        package = Package(
            id=package_id,
            name=metadata["name"],
            version=Version.parse(metadata["version"]),
            type=PackageType(metadata["type"]),
            status=PackageStatus.PENDING if data is None else PackageStatus(metadata.get("status", "active")),
            created_by=user,
            created_at=now,
            updated_at=now,
            description=metadata.get("description", ""),
            license=metadata.get("license"),
            tags=tuple(metadata.get("tags", ())),
            source_url=metadata.get("source_url"),
            dependencies=tuple(Dependency(**item) for item in metadata.get("dependencies", ())),
            content=content,
            readme=metadata.get("readme"),
        )
        self.bytes[package_id] = data or b""
        self.keep(package, user, "create")
        return package

    def keep(self, package: Package, user: str, action: str) -> None:
        self.packages[package.id] = package
        sha256 = package.content.sha256 if package.content else None
        entry = {"at": format_time(datetime.now(UTC)), "user": user, "action": action, "revision": package.revision}
        self.audit.append((package.id, {**entry, "sha256": sha256}))

    def document(self, package: Package, status: int = 200) -> Response:
        headers = {"ETag": f'"r{package.revision}"', "Location": f"/package/{package.id}"}
        return JSONResponse({**summary_members(package), "readme": package.readme}, status, headers)

    async def show(self, request: Request) -> Response:
        self.caller(request)
        return self.document(self.find(request))

    def matched(self, request: Request) -> Package:
        package = self.find(request)
        if request.headers.get("If-Match", "*") not in ("*", f'"r{package.revision}"'):
            raise Refusal(412, "revision-conflict", "The package changed since you read it. Read it again.")
        return package

    async def change(self, request: Request) -> Response:
        user = self.caller(request, "upload")
        package = self.matched(request)
        metadata, data, filename = await read_package(request)
        fields: dict[str, Any] = {name: metadata[name] for name in ("description", "license") if name in metadata}
        if "status" in metadata:
            fields["status"] = PackageStatus(metadata["status"])
        if "tags" in metadata:
            fields["tags"] = tuple(metadata["tags"])
        if data is not None:
            self.bytes[package.id] = data
            digest = hashlib.sha256(data).hexdigest()
            fields["content"] = Content(package.id, len(data), digest, "application/octet-stream", filename)
        changed = replace(package, revision=package.revision + 1, **fields)
        self.keep(changed, user, "status" if "status" in metadata else "update")
        return self.document(changed)

    async def delete(self, request: Request) -> Response:
        user = self.caller(request, "upload")
        self.keep(self.matched(request), user, "delete")
        del self.packages[request.path_params["id"]]
        return Response(status_code=204)

    async def content(self, request: Request) -> Response:
        self.caller(request, "download")
        package = self.find(request)
        if not package.status.downloadable:
            raise Refusal(409, "content-unavailable", f"The package is {package.status}.")
        if self.redirect_content:
            return RedirectResponse(f"/bucket/{package.id}?signature=secret", 307)
        return ranged(request, self.bytes[package.id])

    async def bucket(self, request: Request) -> Response:
        return ranged(request, self.bytes[self.find(request).id], prefix="bucket-")

    async def list_audit(self, request: Request) -> Response:
        self.caller(request)
        package_id = self.find(request).id
        return page(request, [entry for owner, entry in reversed(self.audit) if owner == package_id])

    async def lineage(self, request: Request) -> Response:
        self.caller(request)
        package = self.find(request)
        root = {"id": package.id, "name": package.name, "version": str(package.version)}
        nodes: list[dict[str, Any]] = [{**root, "type": package.type.value, "registered": True}]
        edges = []
        for number, dependency in enumerate(package.dependencies, 1):
            away = {"id": f"external-{number}", "name": dependency.name, "version": dependency.version}
            nodes.append({**away, "type": None, "registered": False})
            edges.append({"from": package.id, "to": f"external-{number}", "relation": dependency.relation})
        return JSONResponse({"nodes": nodes, "edges": edges})

    async def cost(self, request: Request) -> Response:
        self.caller(request)
        package = self.find(request)
        size = len(self.bytes[package.id])
        item = {"id": package.id, "name": package.name, "version": str(package.version), "bytes": size}
        return JSONResponse({"package_id": package.id, "standalone_bytes": size, "total_bytes": size, "items": [item]})

    # Users and the service

    async def list_users(self, request: Request) -> Response:
        self.caller(request, "admin")
        return page(request, [self.user_document(name) for name in sorted(self.users)])

    def user_document(self, name: str) -> dict[str, Any]:
        if name not in self.users:
            raise Refusal(404, "not-found", "There is no such user.")
        user = self.users[name]
        return {"name": name, "permissions": user.permissions, "created_at": user.created_at}

    async def add_user(self, request: Request) -> Response:
        self.caller(request, "admin")
        body = await request.json()
        if body["name"] in self.users:
            raise Refusal(409, "already-exists", "The name is taken.")
        if len(body["password"]) < 8:
            errors = [{"pointer": "/password", "detail": "8 characters at least"}]
            raise Refusal(422, "invalid-input", "The request is not valid.", errors=errors)
        self.users[body["name"]] = User(body["password"], body["permissions"])
        return JSONResponse(self.user_document(body["name"]), 201)

    async def set_permissions(self, request: Request) -> Response:
        self.caller(request, "admin")
        name = request.path_params["name"]
        self.user_document(name)
        self.users[name].permissions = (await request.json())["permissions"]
        return JSONResponse(self.user_document(name))

    async def set_password(self, request: Request) -> Response:
        caller, name, body = self.caller(request), request.path_params["name"], await request.json()
        self.user_document(name)
        if caller == name and body.get("current_password") != self.users[name].password:
            raise Refusal(403, "permission-denied", "The current password is wrong.")
        self.users[name].password = body["new_password"]
        self.tokens = {token: owner for token, owner in self.tokens.items() if owner != name}
        return Response(status_code=204)

    async def delete_user(self, request: Request) -> Response:
        self.caller(request, "admin")
        self.user_document(request.path_params["name"])
        del self.users[request.path_params["name"]]
        return Response(status_code=204)

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": "0.1.0"})

    async def ready(self, request: Request) -> Response:
        state = "ok" if self.is_ready else "failing"
        components = {"records": {"status": state}, "blobs": {"status": "ok"}}
        return JSONResponse({"status": state, "components": components}, 200 if self.is_ready else 503)
