"""Whole models, datasets and repositories for the imitated services, as pages to add to `Upstreams.pages`."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.upstreams.pages import Page

SHA = "c5f93f70e4f4a8e4fb7a8ae2f1f0d8b6ad3c0a11"
CARD = """---
license: apache-2.0
base_model: {base}
datasets:
- {dataset}
---
# All MiniLM

Maps sentences to vectors.
"""


def git_hash(content: bytes) -> str:
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def minilm_files(*, base: str = "org/base", dataset: str = "org/pairs") -> dict[str, bytes]:
    """The layout of a sentence-transformers model; `model.safetensors` and the ONNX file are large (LFS)."""
    return {
        "README.md": CARD.format(base=base, dataset=dataset).encode(),
        "config.json": b'{"model_type": "bert", "hidden_size": 384}',
        "modules.json": b"[]",
        "1_Pooling/config.json": b'{"pooling_mode_mean_tokens": true}',
        "tokenizer.json": '{"unk": "\u2581"}'.encode(),
        "model.safetensors": bytes(range(256)) * 3_000,
        "onnx/model.onnx": b"onnx" * 50_000,
        ".gitattributes": b"",
    }


@dataclass
class HubRepository:
    """A model or dataset on the Hub. Files in `large` are LFS: they come by a redirect to `cdn_url` where given."""

    id: str
    files: Mapping[str, bytes]
    kind: str = "model"
    sha: str = SHA
    large: tuple[str, ...] = ("model.safetensors", "onnx/model.onnx")
    cdn_url: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)

    def pages(self, *, revision: str = "main") -> dict[str, Page]:
        folder = "/datasets" if self.kind == "dataset" else ""
        info = {"id": self.id, "sha": self.sha, "tags": ["region:us"], "siblings": self.siblings(), **self.members}
        found = {f"/hub/api/{self.kind}s/{self.id}/revision/{revision}": Page(info)}
        for path, content in self.files.items():
            place = f"/hub{folder}/{self.id}/resolve/{self.sha}/{path}"
            stored = f"/cdn/{hashlib.sha256(content).hexdigest()}"
            moved = path in self.large and self.cdn_url is not None
            found[place] = Page(b"", 302, {"Location": f"{self.cdn_url}{stored}"}) if moved else Page(content)
        return found

    def stored_pages(self) -> dict[str, Page]:
        """What the server behind `cdn_url` holds."""
        return {f"/cdn/{hashlib.sha256(self.files[path]).hexdigest()}": Page(self.files[path]) for path in self.large}

    def siblings(self) -> list[dict[str, Any]]:
        return [self._sibling(path, content) for path, content in self.files.items()]

    def _sibling(self, path: str, content: bytes) -> dict[str, Any]:
        listed = {"rfilename": path, "size": len(content), "blobId": git_hash(content)}
        if path not in self.large:
            return listed
        large = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
        return {**listed, "lfs": large}


def github_zip(name: str, sha: str, files: Mapping[str, bytes]) -> bytes:
    """A zip as GitHub makes it: everything in one folder, the commit as its comment."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(f"{name.replace('/', '-')}-{sha[:7]}/{path}", content)
        archive.comment = sha.encode()
    return buffer.getvalue()


def github_pages(name: str, archive: bytes, *, ref: str, sha: str, archive_url: str, **members: Any) -> dict[str, Page]:
    """A repository whose `ref` is the commit `sha`; its zip is at `archive_url` + `/archive/…`."""
    repository = {"id": 1, "full_name": name, "default_branch": "main", "license": None, **members}
    stored = f"/archive/{name}/{sha}"
    disposition = {"Content-Disposition": f"attachment; filename={sha}.zip", "Content-Type": "application/zip"}
    return {
        f"/github/repos/{name}": Page(repository),
        f"/github/repos/{name}/commits/{ref}": Page({"sha": sha, "commit": {}}),
        f"/github/repos/{name}/zipball/{sha}": Page(b"", 302, {"Location": archive_url + stored}),
        stored: Page(archive, headers=disposition),
    }
