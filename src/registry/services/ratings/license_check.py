"""May a project use a package? Its license is given, or read from where the project lives."""

from dataclasses import replace

from registry.domain.errors import InvalidInput, NotFound, SourceFailed
from registry.domain.packages import Package
from registry.formats.license_evidence import Stated, stated_by_name, stated_in_archive, weigh
from registry.formats.license_expressions import LicenseAnswer, check_license, normalise_license
from registry.formats.license_names import MISSING
from registry.formats.license_trees import LicenseUse
from registry.formats.repository_urls import github_name, hub_name
from registry.ports.sources import CodeHost, ModelHub
from registry.services.ratings.archive_licenses import ArchiveLicenses, StoredLicenses

_NOT_WHOLE = "; the package's archive was not read to its end, where a stricter license may stand"


class LicenseChecks:
    """Answers by the compatibility table. Hosts that are None are not set up."""

    def __init__(self, archives: StoredLicenses, *, code_host: CodeHost | None, hub: ModelHub | None) -> None:
        self._archives = archives
        self._code_host = code_host
        self._hub = hub

    async def check(
        self,
        package: Package,
        *,
        project_license: str | None = None,
        url: str | None = None,
        use: LicenseUse = LicenseUse.FINE_TUNE,
        asked_by: str = "",
    ) -> LicenseAnswer:
        """Whether a project under `project_license`, or the one at `url`, may put the package to `use`.

        The package's license is what its record and its archive say; the strictest counts. Raises InvalidInput when not
        exactly one of the two is given or the URL is no GitHub or Hugging Face repository, SourceFailed when the
        project's license or the package's archive cannot be read.
        """
        if (project_license is None) == (url is None):
            raise InvalidInput("give either the project's url or its license", pointer="/url")
        if url is not None:
            project_license = await self._license_at(url)
        found = await self._archives.read(package, user=asked_by or package.created_by)
        return answer_by_all(package.license, found, project_license, use)

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


def answer_by_all(
    recorded: str | None, archive: ArchiveLicenses, project_license: str | None, use: LicenseUse
) -> LicenseAnswer:
    """The answer that holds whichever of the statements is right; the package's license is the strictest."""
    said = stated_in_archive(archive.statements)
    if recorded and recorded.strip().lower() not in MISSING:
        said.insert(0, stated_by_name(recorded, "the record", normalise_license(recorded)))
    weighed = weigh(said)
    answers = [(it, _answer(it, project_license, use)) for it in weighed.stated]
    if not answers:
        return check_license(None, project_license, use)
    _, strictest = answers[0]
    stated, answer = next(((it, answer) for it, answer in answers if not answer.compatible), answers[0])
    reason = answer.reason
    if weighed.contradict:
        others = ", ".join(str(it) for it in weighed.stated if it is not stated)
        reason += f"; contradiction, the strictest counts: {stated}, also {others}"
    return replace(
        answer, reason=reason + ("" if archive.whole else _NOT_WHOLE), package_license=strictest.package_license
    )


def _answer(stated: Stated, project_license: str | None, use: LicenseUse) -> LicenseAnswer:
    if stated.license is None and stated.is_text:
        answer = check_license(None, project_license, use)
        return replace(answer, reason=f"{stated}: no permission can be relied on")
    return check_license(stated.license or stated.said, project_license, use)
