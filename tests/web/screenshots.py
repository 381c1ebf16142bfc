"""The pictures in docs/images/web, of a registry that is filled for them: `python -m tests.web.screenshots`."""

import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

from tests.api.pickles import clean, zipped
from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import json_package, log_in

IMAGES = Path(__file__).parents[2] / "docs" / "images" / "web"
_CHROMIUM = "/usr/bin/chromium"
_README = b"""# %s

A small model for the classification of short texts.

| dataset | accuracy | F1 |
| --- | ---: | ---: |
| reviews | 0.91 | 0.90 |
| headlines | 0.88 | 0.87 |

## Use

```python
model = load("model.pkl")
model.predict(["a fine day"])
```
"""
_PACKAGES = (
    ("acme/reviews", "1.0.0", "dataset", "CC-BY-4.0", "Product reviews in eight languages", ()),
    ("acme/tokenizer", "2.1.0", "code", "MIT", "Splits text into word pieces", ()),
    ("acme/base", "1.0.0", "model", "Apache-2.0", "Encoder of short texts", (("training_dataset", "acme/reviews"),)),
    ("acme/sentiment", "1.0.0", "model", "Apache-2.0", "Sentiment of reviews", (("base_model", "acme/base"),)),
    (
        *("acme/sentiment", "1.1.0", "model", "Apache-2.0", "Sentiment of reviews"),
        (("base_model", "acme/base"), ("training_dataset", "acme/reviews"), ("code", "acme/tokenizer")),
    ),
)


def main() -> None:
    """Fill a registry, and write a picture of each main page."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(server_environment(Path(folder) / "data"))
        try:
            with log_in(server.url, server.admin_name, server.admin_password).client as client:
                package = _fill(client)
            _take(server, package)
        finally:
            server.stop()


def _fill(client: httpx.Client) -> str:
    package = ""
    for name, version, kind, license_, description, dependencies in _PACKAGES:
        content = zipped(README_md=_README % name.encode(), model_pkl=clean())
        members = {"name": name, "version": version, "type": kind, "license": license_, "description": description}
        needs = [{"relation": relation, "name": other} for relation, other in dependencies]
        described = json_package(content, **members, dependencies=needs, tags=["text", "classification"])
        package = client.post("/package", json=described).raise_for_status().json()["id"]
        client.get(f"/package/{package}/rate", params={"wait": 30}).raise_for_status()
    return package


def _take(server: RunningServer, package: str) -> None:
    one = f"/ui/package/{package}"
    pages = {
        "start": "/ui",
        "packages": "/ui/packages?license=Apache-2.0",
        "file": f"{one}/file/README.md",
        "package": one,
        "rating": f"{one}/rating",
        "lineage": f"{one}/lineage",
        "health": "/ui/health",
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        _sign_in(page, server)
        for name, path in pages.items():
            page.goto(server.url + path)
            page.screenshot(path=IMAGES / f"{name}.png")
        browser.close()


def _sign_in(page: Page, server: RunningServer) -> None:
    page.goto(f"{server.url}/ui/sign-in")
    page.get_by_label("Name").fill(server.admin_name)
    page.get_by_label("Password").fill(server.admin_password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.url}/ui")


if __name__ == "__main__":
    main()
