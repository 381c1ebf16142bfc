"""May a project use a package? Its license is given, or read from where the project lives."""

from registry.domain.errors import InvalidInput, NotFound, SourceFailed
from registry.domain.packages import Package
from registry.formats.license_expressions import LicenseAnswer, LicenseUse, check_license
from registry.formats.repository_urls import github_name, hub_name
from registry.ports.sources import CodeHost, ModelHub


class LicenseChecks:
    """Answers by the compatibility table. Hosts that are None are not set up."""

    def __init__(self, *, code_host: CodeHost | None, hub: ModelHub | None) -> None:
        self._code_host = code_host
        self._hub = hub

    async def check(
        self,
        package: Package,
        *,
        project_license: str | None = None,
        url: str | None = None,
        use: LicenseUse = LicenseUse.FINE_TUNE,
    ) -> LicenseAnswer:
        """Whether a project under `project_license`, or the one at `url`, may put the package to `use`.

        Raises InvalidInput when not exactly one of the two is given or the URL is no GitHub or Hugging Face repository,
        SourceFailed when the project's license cannot be read.
        """
        if (project_license is None) == (url is None):
            raise InvalidInput("give either the project's url or its license", pointer="/url")
        if url is not None:
            project_license = await self._license_at(url)
        return check_license(package.license, project_license, use)

    async def _license_at(self, url: str) -> str | None:
        repository, on_hub = github_name(url), hub_name(url)
        if repository is None and on_hub is None:
            raise InvalidInput("not the URL of a GitHub or Hugging Face repository", pointer="/url")
        try:
            if repository is not None and self._code_host is not None:
                return (await self._code_host.repository(repository)).license
            if on_hub is not None and self._hub is not None:
                return (await self._hub.info(*on_hub)).license
        except NotFound:
            raise SourceFailed(f"there is no public repository at {url}") from None
        raise SourceFailed("this registry is not set up to read that host")
