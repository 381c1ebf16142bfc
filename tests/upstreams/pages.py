"""What the imitated services hold: one repository, one model, two datasets; members as the real ones send them."""

import json
from dataclasses import dataclass, field
from typing import Any

CARD = """---
license: apache-2.0
library_name: transformers
datasets:
- org/pairs
model-index:
- name: tiny
  results:
  - task: {type: text-classification}
    dataset: {name: GLUE, type: glue}
    metrics:
    - {type: accuracy, value: 0.912}
---
# Tiny

Repository: https://github.com/octo/tiny

## Usage

```python
from transformers import AutoModel
model = AutoModel.from_pretrained("org/tiny")
```

## Training data

Trained on the pairs.

## Evaluation results

On GLUE the accuracy is 0.912; see https://arxiv.org/abs/1904.06472.
"""
DATASET_CARD = "---\nlicense: cc-by-4.0\n---\n# Pairs\n## Dataset summary\n## Dataset structure\n## Limitations\n"
README = "# Tiny\n\nThe code of org/tiny.\n\n## Usage\n\n```python\nimport tiny\n```\n"
PYPROJECT = b"""[project]
name = "tiny"
dependencies = ["transformers>=4"]
[tool.ruff]
[tool.mypy]
"""
LIMITS = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": "1795449600"}
SHAS = [f"{number:040x}" for number in range(1, 8)]


@dataclass
class Page:
    """An answer: JSON values or bytes."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def github_page(path: str, query: dict[str, list[str]]) -> Page:
    body = _github_body(path.removeprefix("/repos/octo/tiny"), query)
    if body is None:
        missing = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}
        return Page(missing, 404, LIMITS)
    return Page(body, headers=LIMITS)


def _github_body(path: str, query: dict[str, list[str]]) -> Any:
    if path.startswith("/commits/"):
        return _commit_body(path.removeprefix("/commits/"))
    reviews = {
        "/pulls/7/reviews": [_review("bob", "User", "APPROVED")],
        "/pulls/8/reviews": [_review("ann", "User", "COMMENTED")],
    }
    bodies: dict[str, Any] = {
        "": _REPOSITORY,
        "/commits": [_commit(place) for place in range(5)] if query.get("page", ["1"]) == ["1"] else [],
        "/contributors": [
            {"login": "ann", "type": "User", "contributions": 30},
            {"login": "bob", "type": "User", "contributions": 10},
            {"login": "dependabot[bot]", "type": "Bot", "contributions": 99},
        ],
        "/git/trees/HEAD": _TREE,
        "/contents/pyproject.toml": PYPROJECT,
        "/readme": README.encode(),
    }
    return (bodies | reviews).get(path)


_REPOSITORY = {
    "id": 1,
    "name": "tiny",
    "full_name": "octo/tiny",
    "private": False,
    "default_branch": "main",
    "stargazers_count": 12,
    "archived": False,
    "pushed_at": "2026-11-20T10:00:00Z",
    "license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT", "url": "https://api.github.com/licenses/mit"},
}
_TREE = {
    "sha": "0" * 40,
    "truncated": False,
    "tree": [
        {"path": "src", "mode": "040000", "type": "tree", "sha": "1" * 40},
        {"path": "src/tiny.py", "mode": "100644", "type": "blob", "sha": "2" * 40, "size": 500},
        {"path": "tests/test_tiny.py", "mode": "100644", "type": "blob", "sha": "3" * 40, "size": 300},
        {"path": ".github/workflows/ci.yml", "mode": "100644", "type": "blob", "sha": "4" * 40, "size": 200},
        {"path": "pyproject.toml", "mode": "100644", "type": "blob", "sha": "5" * 40, "size": len(PYPROJECT)},
        {"path": "README.md", "mode": "100644", "type": "blob", "sha": "6" * 40, "size": len(README)},
    ],
}


def _commit(place: int) -> dict[str, Any]:
    """Commits 0, 1 and 3 are on the first-parent line; 2 came in by the merge 1; 4 is a bot's, before 3."""
    parents = {0: [1], 1: [3, 2], 2: [3], 3: [4], 4: []}[place]
    author = {0: "ann", 1: "ann", 2: "bob", 3: "ann", 4: "renovate[bot]"}[place]
    return {
        "sha": SHAS[place],
        "commit": {"author": {"name": author, "email": "a@example.org", "date": "2026-11-20T10:00:00Z"}},
        "author": {"login": author, "type": "Bot" if author.endswith("[bot]") else "User"},
        "parents": [{"sha": SHAS[parent]} for parent in parents],
    }


def _commit_body(rest: str) -> Any:
    sha, _, tail = rest.partition("/")
    place = SHAS.index(sha)
    if tail == "pulls":
        # Commit 0 came by pull request 8, reviewed by its own author only; 1 by 7, approved by another; 3 by none.
        number = {0: 8, 1: 7}.get(place)
        merged = {"number": number, "merged_at": "2026-11-20T10:00:00Z", "user": {"login": "ann", "type": "User"}}
        return [merged] if number else []
    return _commit(place) | {"stats": {"additions": {0: 10, 1: 60, 3: 20, 4: 10}[place], "deletions": 1, "total": 0}}


def _review(login: str, kind: str, state: str) -> dict[str, Any]:
    return {"id": 1, "user": {"login": login, "type": kind}, "state": state, "submitted_at": "2026-11-20T10:00:00Z"}


def huggingface_page(path: str) -> Page:
    pages: dict[str, Any] = {
        "/api/models/org/tiny": {
            "_id": "6",
            "id": "org/tiny",
            "modelId": "org/tiny",
            "likes": 42,
            "downloads": 9_999,
            "tags": ["transformers", "license:apache-2.0", "dataset:org/pairs"],
            "library_name": "transformers",
            "cardData": {"license": "apache-2.0", "datasets": ["org/pairs"], "base_model": "org/base"},
            "siblings": [
                {"rfilename": "model.safetensors", "size": 17_000_000, "blobId": "ab"},
                {"rfilename": "config.json", "size": 600, "blobId": "cd"},
                {"rfilename": "README.md", "size": len(CARD.encode()), "blobId": "ef"},
            ],
            "safetensors": {"parameters": {"F32": 4_000_000}, "total": 4_000_000},
        },
        "/org/tiny/raw/main/README.md": CARD.encode(),
        "/api/datasets/org/pairs": {
            "id": "org/pairs",
            "likes": 99,
            "downloads": 999,
            "tags": ["license:cc-by-4.0"],
            "siblings": [
                {"rfilename": "data.parquet", "size": 1_000},
                {"rfilename": "README.md", "size": len(DATASET_CARD)},
            ],
        },
        "/datasets/org/pairs/raw/main/README.md": DATASET_CARD.encode(),
    }
    if path in pages:
        return Page(pages[path])
    # Whoever is not signed in gets 401 for what does not exist.
    headers = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}
    return Page({"error": "Repository not found"}, 401, headers)


def chat_page(content: str) -> Page:
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return Page(json.loads(json.dumps({"id": "c1", "object": "chat.completion", "choices": [choice]})))
