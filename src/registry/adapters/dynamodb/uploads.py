"""Open uploads in DynamoDB: the record, an entry under its user, one in the order of expiry, and its bytes' marker."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.idempotency import NO_RECORD, idempotency_item
from registry.adapters.dynamodb.keys import Item, binary, number, text
from registry.adapters.dynamodb.outbox import event_items
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.reservations import reserved
from registry.adapters.dynamodb.transaction import ABSENT, Transaction
from registry.domain.errors import AlreadyAnswered, AlreadyExists, NotFound
from registry.domain.events import Event
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.quotas import Quota
from registry.domain.uploads import Upload
from registry.ports.clock import Clock

_SAME_KEY = "parts_key = :parts_key"


def add_idempotency_record(transaction: Transaction, record: IdempotencyRecord, *, now: datetime) -> None:
    """Keep an answer with the rest, unless there is one. Added first, so that its condition is judged first."""
    values = {":now": number(int(now.timestamp()))}
    transaction.put_if(idempotency_item(record), NO_RECORD, values, otherwise=lambda _: already_answered())


def already_answered() -> AlreadyAnswered:
    return AlreadyAnswered("A request with this idempotency key was answered already.")


def end_upload(transaction: Transaction, upload: Upload, *, kept_blob: str | None = None) -> None:
    """Remove the upload with the rest; the marker of `kept_blob` becomes the package's.

    The transaction raises NotFound where the upload is gone or has another key.
    """
    transaction.delete_if(
        keys.upload_key(upload.id), _SAME_KEY, {":parts_key": text(upload.key)}, otherwise=lambda _: _gone()
    )
    for entry in _entries(upload):
        if kept_blob is None or entry != keys.blob_key(kept_blob):
            transaction.delete(entry)


class DynamoUploadStore:
    """Implements `UploadStore`."""

    def __init__(self, table: DynamoTable, *, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def add(
        self, upload: Upload, idempotency: IdempotencyRecord | None = None, *, quota: Quota | None = None
    ) -> None:
        transaction = Transaction(self._table)
        if idempotency is not None:
            add_idempotency_record(transaction, idempotency, now=self._clock.now())
        transaction.put_if(
            _upload_item(upload), ABSENT, otherwise=lambda _: AlreadyExists(f"The id {upload.id} is taken.")
        )
        for entry in _entries(upload):
            transaction.put({**entry, "id": text(upload.id)})
        async with reserved(self._table, quota, added=upload.size, uploads=1, now=self._clock.now) as room:
            if room is not None:
                room.become(transaction)
            await transaction.commit()

    async def get(self, upload_id: str) -> Upload:
        item = await self._table.get(keys.upload_key(upload_id))
        if item is None:
            raise _gone()
        return _read_upload(item)

    async def move(self, upload_id: str, key: str, *, before: str) -> None:
        values = {":parts_key": text(before), ":fresh": text(key)}
        moved = self._table.update(
            keys.upload_key(upload_id), "SET parts_key = :fresh", condition=_SAME_KEY, values=values
        )
        left = self._table.delete(keys.blob_key(keys.blob_of(before)))
        entered = self._table.put({**keys.blob_key(keys.blob_of(key)), "id": text(upload_id)})
        try:
            await self._table.transact([moved, left, entered])
        except ConditionFailed:
            raise _gone() from None

    async def remove(self, upload_id: str, *, event: Event | None = None) -> bool:
        try:
            upload = await self.get(upload_id)
            transaction = Transaction(self._table)
            end_upload(transaction, upload)
            for item in event_items(() if event is None else (event,)):
                transaction.put(item)
            await transaction.commit()
        except NotFound:
            return False
        return True

    async def list_open(self, user: str, *, limit: int) -> Sequence[Upload]:
        entries, _ = await self._table.query(keys.uploads_of(user), limit=limit)
        return await self._of(entries)

    async def list_expired(self, now: datetime, *, limit: int) -> Sequence[Upload]:
        entries, _ = await self._table.query(keys.UPLOADS_BY_EXPIRY, limit=limit)
        end = _moment(now)
        return await self._of([entry for entry in entries if attribute(entry, "sk").partition("#")[0] <= end])

    async def _of(self, entries: Sequence[Item]) -> list[Upload]:
        """The uploads of entries, in their order; one that ended meanwhile is left out."""
        ids = [attribute(entry, "id") for entry in entries]
        items = await self._table.batch_get([keys.upload_key(upload_id) for upload_id in ids])
        found = {upload.id: upload for upload in map(_read_upload, items)}
        return [found[upload_id] for upload_id in ids if upload_id in found]


def _entries(upload: Upload) -> Iterator[Item]:
    """The keys of what stands beside the record of an upload."""
    yield keys.key(keys.uploads_of(upload.created_by), upload.id)
    yield keys.key(keys.UPLOADS_BY_EXPIRY, f"{_moment(upload.expires_at)}#{upload.id}")
    yield keys.blob_key(keys.blob_of(upload.key))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _upload_item(upload: Upload) -> Item:
    item: Item = {
        **keys.upload_key(upload.id),
        "id": text(upload.id),
        "created_by": text(upload.created_by),
        "created_at": text(upload.created_at.isoformat()),
        "expires": text(upload.expires_at.isoformat()),
        "size": number(upload.size),
        "sha256": text(upload.sha256),
        "part_size": number(upload.part_size),
        "parts_key": text(upload.key),
        "metadata": binary(upload.metadata),
    }
    for name, value in (
        ("filename", upload.filename),
        ("media_type", upload.media_type),
        ("account_id", upload.account_id or None),
    ):
        if value is not None:
            item[name] = text(value)
    return item


def _read_upload(item: Item) -> Upload:
    return Upload(
        id=attribute(item, "id"),
        created_by=attribute(item, "created_by"),
        created_at=datetime.fromisoformat(attribute(item, "created_at")),
        expires_at=datetime.fromisoformat(attribute(item, "expires")),
        size=int(attribute(item, "size", "N")),
        sha256=attribute(item, "sha256"),
        part_size=int(attribute(item, "part_size", "N")),
        key=attribute(item, "parts_key"),
        metadata=attribute(item, "metadata", "B"),
        filename=attribute(item, "filename"),
        media_type=attribute(item, "media_type"),
        account_id=attribute(item, "account_id") or "",
    )


def _gone() -> NotFound:
    return NotFound("There is no upload with this id.")
