"""The tables, as migrations in order. A database's `user_version` is the number of those it has seen.

`listings` is the index of `list_page`: one row per package without a tag and one per tag, with a copy of what a filter
may ask for. Its indexes hold the id after the columns that are asked for, so every filter is a merge of streams in
id order, or in that of names or scores. `score_listings` holds the same rows once for each bucket of the score (see
`domain/scores.py`), while the rating is of the current revision. `score` is the lower bound of the net score in
millionths, -1 where there is none.

In `scan_requests` each package with content stands once; `due_at` is NULL once the verdict on its content has been
applied. `upgrades` says which changes of a formula or a policy have been carried out on all packages.

`user_bytes` is the sum of the contents' sizes by creator, kept by triggers, so that no writer can forget it.

In `changes` each package stands once, with the number of its last change; deleted ones stay, so that followers hear
of them. The row with the empty id marks the last reset.

`names` and `namespaces` stay when their last package goes; `folded` is equal for names that look alike. A row of
`retired_versions` says which bytes a version had when it was deleted or left: it stays, and holds for good.

`download_counts` is kept for a month, and is what the hourly `download_rankings` are made from.

In `deliveries` only one pending row of a webhook and package has a `due_at`: the first, whether it waits for its next
try or is on its way (then it is when the lease ends). The others come after it in the order of their numbers, and
get theirs when it has ended. Rows without a package always have one while they are pending.
"""

from registry.adapters.sqlite.first_migrations import FIRST, Migrations


def _folded(column: str) -> str:
    """`names.folded` as SQL: eight times half of a run of separators is one, up to 200 characters."""
    text = f"lower({column})"
    for one, other in (("_", "-"), (".", "-"), ("0", "o"), ("1", "l"), ("i", "l"), *[("--", "-")] * 8):
        text = f"replace({text}, '{one}', '{other}')"
    return text


RECORDS: Migrations = (
    *FIRST,
    (
        "ALTER TABLE audit ADD COLUMN position INTEGER",
        "CREATE INDEX audit_waiting ON audit (id) WHERE position IS NULL",
        "CREATE UNIQUE INDEX audit_position ON audit (position) WHERE position IS NOT NULL",
        "CREATE INDEX audit_user ON audit (user, position) WHERE position IS NOT NULL",
        "CREATE INDEX audit_action ON audit (action, position) WHERE position IS NOT NULL",
        """CREATE TABLE audit_log (
            one INTEGER PRIMARY KEY, size INTEGER NOT NULL, head BLOB NOT NULL, checkpoint TEXT,
            checkpoint_size INTEGER NOT NULL DEFAULT 0)""",
        """CREATE TABLE audit_tiles (
            level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL, UNIQUE (level, number))""",
    ),
    (
        """CREATE TABLE names (
            name TEXT NOT NULL, type TEXT NOT NULL, folded TEXT NOT NULL, owners TEXT NOT NULL,
            visibility TEXT NOT NULL DEFAULT 'public', readers TEXT NOT NULL DEFAULT '[]',
            aliases TEXT NOT NULL DEFAULT '{}', revision INTEGER NOT NULL DEFAULT 1,
            downloads INTEGER NOT NULL DEFAULT 0,
            UNIQUE (name, type))""",
        "CREATE INDEX names_folded ON names (folded, type)",
        """CREATE TABLE namespaces (
            name TEXT NOT NULL UNIQUE, folded TEXT NOT NULL, owners TEXT NOT NULL,
            revision INTEGER NOT NULL DEFAULT 1)""",
        "CREATE INDEX namespaces_folded ON namespaces (folded)",
        "CREATE INDEX names_private ON names (name) WHERE visibility = 'private'",
        """CREATE TABLE retired_versions (
            name TEXT NOT NULL, version TEXT NOT NULL, type TEXT NOT NULL, sha256 TEXT NOT NULL,
            UNIQUE (name, version, type))""",
        # Who published first owns. Of min() SQLite takes the other columns from the row that has it.
        f"""INSERT INTO names (name, type, folded, owners, downloads)
            WITH first (name, type, created_by, id) AS (
                SELECT name, type, created_by, min(id) FROM packages GROUP BY name, type),
            downloaded (name, type, count) AS (
                SELECT p.name, p.type, count(*) FROM audit AS a JOIN packages AS p ON p.id = a.package_id
                WHERE a.action = 'download' GROUP BY p.name, p.type)
            SELECT f.name, f.type, {_folded("f.name")}, json_array(f.created_by || '#' || f.created_by),
                coalesce(d.count, 0)
            FROM first AS f LEFT JOIN downloaded AS d ON d.name = f.name AND d.type = f.type""",  # noqa: S608
        f"""INSERT INTO namespaces (name, folded, owners)
            WITH first (space, created_by, id) AS (
                SELECT substr(name, 1, instr(name, '/') - 1), created_by, min(id) FROM packages
                WHERE instr(name, '/') > 1 GROUP BY 1)
            SELECT space, {_folded("space")}, json_array(created_by || '#' || created_by) FROM first""",  # noqa: S608
    ),
    (
        """CREATE TABLE idempotency_records (
            key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL, made_id TEXT NOT NULL, response BLOB NOT NULL,
            expires_at INTEGER NOT NULL)""",
        # A response is a line of JSON with status and headers, and the body.
        """INSERT INTO idempotency_records
            SELECT key, fingerprint, json_extract(CAST(body AS TEXT), '$.id'),
                CAST(json_array(status, json(headers)) || char(10) || CAST(body AS TEXT) AS BLOB), expires_at
            FROM answers""",
        "DROP TABLE answers",
        "CREATE INDEX idempotency_records_expires_at ON idempotency_records (expires_at)",
    ),
    (
        """CREATE TABLE derived (
            kind TEXT NOT NULL, sha256 TEXT NOT NULL, blob_key TEXT, blob_sha256 TEXT, problem TEXT NOT NULL,
            path TEXT, reader_version INTEGER NOT NULL, crc32 INTEGER, UNIQUE (kind, sha256))""",
        "CREATE INDEX derived_blob_key ON derived (blob_key) WHERE blob_key IS NOT NULL",
        "CREATE TABLE derived_users (kind TEXT NOT NULL, sha256 TEXT NOT NULL, user TEXT NOT NULL, "
        "UNIQUE (kind, sha256, user))",
        """CREATE TABLE derived_claims (
            kind TEXT NOT NULL, sha256 TEXT NOT NULL, token TEXT NOT NULL, ends_at INTEGER NOT NULL,
            attempts INTEGER NOT NULL, UNIQUE (kind, sha256))""",
    ),
    (
        # Listings go by the lower bound of the net score from here on, no longer by the score itself.
        "ALTER TABLE listings ADD COLUMN score INTEGER NOT NULL DEFAULT -1",
        """UPDATE listings SET score = rated.score FROM (
            SELECT p.number,
                CAST(round(json_extract(CAST(r.summary AS TEXT), '$.net_score_range[0]') * 1000000) AS INTEGER) AS score
            FROM ratings AS r JOIN packages AS p ON p.id = r.package_id AND p.revision = r.revision
            WHERE r.net_score IS NOT NULL AND json_extract(CAST(r.summary AS TEXT), '$.net_score_range[0]') IS NOT NULL
            ) AS rated WHERE listings.number = rated.number""",
        "DELETE FROM score_listings",
        """INSERT INTO score_listings (number, bucket, score, tag, name, created_by, status, type, version_key, id)
            WITH bucketed (number, bucket) AS (
                SELECT number, printf('%.1f', min(score / 100000, 9) / 10.0) FROM listings WHERE score >= 0
                UNION SELECT number, printf('%.2f', score / 10000 / 100.0) FROM listings WHERE score >= 0)
            SELECT l.number, b.bucket, l.score, l.tag, l.name, l.created_by, l.status, l.type, l.version_key, l.id
            FROM bucketed AS b CROSS JOIN listings AS l ON l.number = b.number""",
        "CREATE INDEX listings_all_by_name ON listings (tag, status, type, name, id, version_key, number)",
        """CREATE INDEX listings_creator_by_name
            ON listings (tag, created_by, status, type, name, id, version_key, number)""",
        "CREATE INDEX listings_all_by_score ON listings (tag, status, type, score, id, version_key, name, number)",
        """CREATE INDEX listings_name_by_score
            ON listings (tag, name, status, type, score, id, version_key, created_by, number)""",
        """CREATE INDEX listings_creator_by_score
            ON listings (tag, created_by, status, type, score, id, version_key, name, number)""",
        """CREATE INDEX score_listings_all_by_name
            ON score_listings (bucket, tag, status, type, name, id, version_key, score, number)""",
        """CREATE INDEX score_listings_creator_by_name
            ON score_listings (bucket, tag, created_by, status, type, name, id, version_key, score, number)""",
    ),
    (
        # A day is its date; of those before the upgrade the trail says it.
        """CREATE TABLE download_counts (
            day TEXT NOT NULL, package_id TEXT NOT NULL, count INTEGER NOT NULL, UNIQUE (day, package_id))""",
        """INSERT INTO download_counts
            SELECT date(at / 1000000, 'unixepoch'), package_id, count(*) FROM audit
            WHERE action = 'download' AND at >= (strftime('%s', 'now') - 30 * 86400) * 1000000 GROUP BY 1, 2""",
        """CREATE TABLE download_rankings (
            id TEXT NOT NULL UNIQUE, package_ids TEXT NOT NULL, expires_at INTEGER NOT NULL)""",
    ),
    (
        # JSON: counts by the time that calls took; NULL where only their sum is known.
        "ALTER TABLE health ADD COLUMN buckets TEXT",
        "ALTER TABLE health ADD COLUMN depth INTEGER NOT NULL DEFAULT 0",
    ),
)

THROTTLE: Migrations = (
    (
        "CREATE TABLE attempts (key TEXT NOT NULL UNIQUE, count INTEGER NOT NULL, ends_at INTEGER NOT NULL)",
        "CREATE INDEX attempts_ends_at ON attempts (ends_at)",
    ),
)
