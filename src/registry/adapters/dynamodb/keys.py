"""The one table's items and keys.

Every item has the partition key `pk` and the sort key `sk`. `#` closes each part but the last, and no part but the last
can hold one.

| item | pk | sk |
| --- | --- | --- |
| record | `P#<package id>` | `record` |
| README | `P#<package id>` | `readme` |
| safety | `P#<package id>` | `safety` |
| verdict | `V#<sha256>` | `verdict` |
| part of a verdict | `V#<sha256>` | `body#<number>` |
| scan under way | `V#<sha256>` | `claim` |
| upgrade | `upgrades` | `<name>` |
| version | `N#<name>` | `<type>#<version>` |
| name | `N#<name>` | `<type>` |
| downloads of a name | `N#<name>` | `downloads#<type>` |
| downloads of a package | `H#<day>#<shard>` | `<package id>` |
| ranking by downloads | `rankings` | `<ranking id>` |
| namespace | `S#<namespace>` | `namespace` |
| look-alikes | `F#<type or "space">#<folded name>` | `alike` |
| release | `releases` | `<release id>` |
| part of a release | `Z#<release id>` | `<package id>`, or `<type>#<name>` |
| private name | `private names` | `<type>#<name>` |
| names have owners | `names` | `migrated` |
| listing entry | `L#<status>#<dimension>#<value>` | `<package id>` |
| blob | `B#<blob key>` | `blob` |
| manifest, unpacked file | `H#<sha256>` | `manifest`, `file` |
| manifest or file being made | `H#<sha256>` | `manifest lease`, `file lease` |
| address of a fetch | `X#<package id>` | `source` |
| audit entry | `A#<package id>` | `<entry id>` |
| head of the log | `X#head` | `head` |
| lease of the log | `X#lease` | `lease` |
| checkpoint of the log | `X#checkpoint` | `checkpoint` |
| tile of the log | `X#<level>#<number>` | `tile` |
| idempotency record | `K#<key>` | `answer` |
| account | `U#<user>` | `account` |
| account entry | `accounts` | `<user>` |
| admins | `admins` | `admins` |
| revoked token | `T#<token id>` | `token` |
| API token | `G#<digest>` | `grant` |
| API token by user | `J#<user>` | `<token id>` |
| API token by id | `I#<token id>` | `grant` |
| user's bytes | `Y#<user>` | `<shard>` |
| reserved bytes | `V#<user>` | `<reservation id>` |
| open upload | `O#<upload id>` | `upload` |
| upload entry | `W#<user>` | `<upload id>` |
| upload's end | `uploads` | `<time>#<upload id>` |
| health sample | `health` | `<minute>#<component>` |
| change | `C#<hour>#<shard>`, of shard 0 `C#<hour>` | `<time>#<number>#<package id>` |
| rating | `R#<package id>` | `rating` |
| part of a receipt | `R#<package id>` | `receipt#<number>` |
| rating that waits | `M#<shard>` | `<package id>` |
| event not sent yet | `E#<shard>` | `<queue>#<revision>#<place>#<event id>` |
| webhook | `webhooks` | `<webhook id>` |
| webhook that has ended | `ended webhooks` | `<webhook id>` |
| delivery | `D#<webhook id>` | `<event id>` |
| queue | `Q#<webhook id>` | `<package id>`, or `<event id>` where there is no package |
| unfinished reset | `reset` | `reset` |

- A record holds its ready JSON (`summary`), `revision`, where its bytes are (`blob_key`, `sha256`, `size`), what
  listings filter by, and `status_shard` for the index; and the `score` (lower bound of the net score, in millionths) of
  its rating, which goes with the next revision.
- A record holds its README too (`readme`: compressed JSON) while both are below 4 KB, one unit of a read. A larger
  README is an item of its own, and the record says of which `revision` (`readme_revision`; 0: there is no such item).
  So listings and changes do not pay for it, and each item stays below 400 KB. It holds JSON, `compressed` or not: an
  earlier edition wrote all READMEs this way, those up to 100 KB as they are. A change of the package moves a small one.
- Downloads of a package are counted by day, for a month; a ranking, made of them each hour, has the ids of the packages
  most downloaded (`package_ids`, compressed), and is kept for the walks that began with it.
- A version makes (type, name, version) unique and lists the versions of a name; an account entry lists users by name.
  It has the `sha256` of its content. One that was deleted or left is without `id` and has `retired_sha256`, the only
  bytes that it takes again; that attribute stays.
- A name has its `owners`, `visibility`, `readers`, `aliases` and `revision`; the names that look alike are in one set,
  so that the first publish of one meets the others by a key. The item "names have owners" is there once all names are
  recorded that were published before names had owners.
- The admins are one item with the set of their names (`admins`), so that the last one is not removed; the item also
  says that accounts existed. An account has an `id`; one from before ids existed has its name as id.
- A release has a `stage`. What it prepares (records, versions, names) has its id as `in_release`, and `to_be`, the
  attributes that it is to have: see `release_view`. Its parts are what is written when it is carried out: `releases`.
- Reserved bytes are of a write under way (see `reservations`), where users have quotas.
- The address of a fetch is kept for a pending package whose address holds a secret, which its record does not show.
- A listing entry has what a listing may have to check: `type`, `owner` and `version`, under a name or owner `tags` too,
  under these, a tag, a type or a score the `score` where there is one; and the `revision` that wrote it. Its places by
  name and by score are `name_place` and `score_place` (see `domain/listing.py`), for the two indexes below. `packed` is
  the summary, in most entries of active packages, see `listed_summaries`; where there is none the record is read.
- A rating is the latest, as ready JSON; its receipt, compressed, is in parts that carry the rating's `etag`.
- A rating that waits is a request (`due_at`, `attempts`, `asked_by`, and the `claim_token` of who makes it).
- A package's safety is the scan request for its content: `sha256`, `owner` (who asks), `due_at` while it is open,
  `reported` (the verdict that webhooks heard of last), and the contents for which an admin has `lifted` a quarantine.
- A verdict has what decides; its JSON, compressed, is in parts that carry the verdict's `etag`. A scan under way is a
  lease (`claim_token`, `ends_at`, `attempts`).
- An upgrade records that a change of a formula or a policy has been carried out on all packages (`upgrade_state`).
  So do leases of work that one process does (`sweep`, `scrub`, `search-snapshot`): when it is due, its holder, a note.
- An unfinished reset is the admin who stays, with the `reset_token` that distinguishes this reset from the next one.
- An audit entry is in the index, under `audit#<shard>` and its id, until it has its position in the log of all entries
  (`log_position`). Head, tiles and positions change in one transaction.
- A blob shows the sweep that a record, an open upload, a manifest or an unpacked file refers to these bytes.
- A manifest (by the SHA-256 of a content) and an unpacked file (by its own) have their `blob_key`, `blob_sha256` and
  the set of who uses them, `used_by`; or the `problem` for which there is none. While one is made there is a lease
  (`claim_token`, `ends_at`, `attempts`).
- An event is put by the change that causes it; `outbox` makes the deliveries of it, and ends it.
- A health sample counts calls, errors and seconds, requests also by time (`bucket_<number>`), and has the highest
  `max_seconds` and `max_depth` of its minute.
- A queue lists the pending deliveries of a webhook and package (`waiting`) in their order, and is there while one is.
- A webhook that has ended, disabled or removed, is one that the sweep has to clear up after.

`expires_at` (seconds since the epoch) is the table's TTL attribute. TTL deletes late, so every read checks it too (of
answers and tokens, where it matters; a delivery that has ended may be listed a little longer).

Index `GSI-Status-Created`: partition `status_shard` = `<status>#<shard>`, sort `id` (a UUIDv7: its order is that of
creation). The shards keep a partition from becoming hot, at the price of one query each. Records are in it, and queues:
these under `due#<webhook id>` and, as `id`, when their first delivery is due (`<time>#<event id>`). A package's safety
is under `scans#<shard>` while its request is open (`id`: `<time>#<package id>`), then under `sha256#<sha256>` (by its
id). Verdicts are under `verdicts#<shard>` with the scanner's version first in their `id`.

Indexes `GSI-Listing-Name` and `GSI-Listing-Score`: partition `pk`, that of the listing entry, sort `name_place` or
`score_place`. So a listing by name or score reads the same partitions as one by creation, in another order, and as many
as there are types and shards where nothing restricts it: no partition is hotter than it was. Entries under a name,
owner, tag or type have both places, those under a score that by name, others none. An entry from before these indexes
has none until `relisting` has written it; the item `upgrades`/`listings` says how far that is.

Listings of all active packages, or by one of a package's other properties, come from listing entries, which are written
in the same transaction as the record, and so are read consistently where they are in the order of ids. Dimensions:
`name`, `tag`, `owner`, `version`, `minor` (`1.2`), `major`, `type` and `all` (both sharded like the index; only active
packages are under `all`), and `score` (the buckets of `domain/scores.py`). Those with a score are written in the
transaction that stores the rating. An index follows its table some milliseconds late, so what it finds is read from the
records themselves: a listing of it may miss the newest package for a moment, but shows nothing gone or stale.
"""

import zlib
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from registry.domain.packages import PackageType

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

    Action: TypeAlias = TransactWriteItemTypeDef
    Item: TypeAlias = dict[str, AttributeValueTypeDef]
else:
    Action = dict
    Item = dict
"""An item, or the key of one, as DynamoDB's wire format has it: `{"pk": {"S": "…"}}`. An action is a transaction's."""

STATUS_INDEX = "GSI-Status-Created"
TTL_ATTRIBUTE = "expires_at"
SHARDS = 4
"""A shard takes 1,000 writes a second. A table keeps the count it was filled with."""

AUDIT_SHARDS = 8
"""Every download is an entry."""
USAGE_SHARDS = 32
"""Publishes of one user meet in a count only so often, and a query still reads all counts."""
UPLOADS_BY_EXPIRY = "uploads"


def text(value: str) -> "AttributeValueTypeDef":
    return {"S": value}


def number(value: float) -> "AttributeValueTypeDef":
    return {"N": repr(value)}


def binary(value: bytes) -> "AttributeValueTypeDef":
    return {"B": value}


def key(pk: str, sk: str) -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def key_of(item: Item) -> Item:
    """The key of an item that was read."""
    return {"pk": item["pk"], "sk": item["sk"]}


def place_of(item: Item) -> tuple[str, str]:
    """The two parts of an item's key, to find it by."""
    return item["pk"]["S"], item["sk"]["S"]


def record_key(package_id: str) -> Item:
    return key(f"P#{package_id}", "record")


def readme_key(package_id: str) -> Item:
    return key(f"P#{package_id}", "readme")


def downloads_key(kind: PackageType, name: str) -> Item:
    return key(f"N#{name}", f"downloads#{kind.value}")


RANKINGS = "rankings"


def ranking_key(ranking_id: str) -> Item:
    return key(RANKINGS, ranking_id)


def day_count_key(day: date, package_id: str) -> Item:
    return key(f"H#{day.isoformat()}#{shard_of(package_id)}", package_id)


def day_count_shards(day: date) -> list[str]:
    """The partitions with the downloads of a day."""
    return [f"H#{day.isoformat()}#{shard}" for shard in range(SHARDS)]


def blob_key(blob: str) -> Item:
    return key(f"B#{blob}", "blob")


def derived_key(kind: str, sha256: str) -> Item:
    return key(f"H#{sha256}", kind)


def idempotency_key(answer: str) -> Item:
    return key(f"K#{answer}", "answer")


def audit_key(package_id: str, entry_id: str) -> Item:
    return key(f"A#{package_id}", entry_id)


def waiting_audit_attributes(entry_id: str) -> Item:
    """What lists an audit entry, in the index, among those that wait for a position."""
    return {"status_shard": text(f"audit#{zlib.crc32(entry_id.encode()) % AUDIT_SHARDS}"), "id": text(entry_id)}


def waiting_audit_shards() -> list[str]:
    """The partitions of the index that hold audit entries without a position."""
    return [f"audit#{shard}" for shard in range(AUDIT_SHARDS)]


def tile_key(level: int, number: int) -> Item:
    return key(f"X#{level}#{number}", "tile")


def upload_key(upload_id: str) -> Item:
    return key(f"O#{upload_id}", "upload")


def uploads_of(user: str) -> str:
    return f"W#{user}"


def usage_of(user: str) -> str:
    return f"Y#{user}"


def reservations_of(user: str) -> str:
    return f"V#{user}"


def usage_key(user: str, package_id: str) -> Item:
    return key(usage_of(user), str(zlib.crc32(package_id.encode()) % USAGE_SHARDS))


def blob_of(parts_key: str) -> str:
    """The blob that parts become: what stands before the `~` of an unfinished one's key."""
    return parts_key.partition("~")[0]


def source_url_key(package_id: str) -> Item:
    return key(f"X#{package_id}", "source")


def rating_key(package_id: str) -> Item:
    return key(f"R#{package_id}", "rating")


def receipt_key(package_id: str, part: int) -> Item:
    return key(f"R#{package_id}", f"receipt#{part}")


def upgrade_key(name: str) -> Item:
    return key("upgrades", name)


def rating_request_key(package_id: str) -> Item:
    return key(f"M#{shard_of(package_id)}", package_id)


def rating_request_shards() -> list[str]:
    """The partitions of the requests."""
    return [f"M#{shard}" for shard in range(SHARDS)]


def shard_of(package_id: str) -> int:
    return zlib.crc32(package_id.encode()) % SHARDS
