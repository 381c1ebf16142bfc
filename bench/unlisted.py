"""`python -m bench.unlisted …`: the `registry` command without the job that makes a manifest after a publish."""

from registry.cli import main
from registry.domain.packages import Content
from registry.services.files.manifests import Manifests


async def _expect_nothing(self: Manifests, content: Content, user: str) -> None:
    """The first request for a file makes the manifest."""


if __name__ == "__main__":
    Manifests.expect = _expect_nothing  # type: ignore[method-assign]
    main()
