"""What every `SourceUrlStore` does."""

from datetime import timedelta

from registry.ports.source_urls import SourceUrlStore
from tests.factories import START

URL = "https://example.org/k?X-Amz-Signature=0f0f&a=%F0%9F%98%80#x"
END = START + timedelta(days=2)


class SourceUrlStoreContract:
    """Subclass with the fixture `urls`, without any yet."""

    async def test_gives_back_what_was_added(self, urls: SourceUrlStore) -> None:
        await urls.add("package-1", URL, expires_at=END)
        assert await urls.find("package-1") == URL
        assert await urls.find("package-2") is None

    async def test_a_second_address_takes_the_place_of_the_first(self, urls: SourceUrlStore) -> None:
        await urls.add("package-1", URL, expires_at=END)
        await urls.add("package-1", "https://example.org/other", expires_at=END)
        assert await urls.find("package-1") == "https://example.org/other"

    async def test_is_forgotten_however_often(self, urls: SourceUrlStore) -> None:
        await urls.add("package-1", URL, expires_at=END)
        await urls.add("package-2", URL, expires_at=END)
        for _ in range(2):
            await urls.remove("package-1")
        assert await urls.find("package-1") is None
        assert await urls.find("package-2") == URL
