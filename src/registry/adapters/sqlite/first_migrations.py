"""The first migrations: sealed, since every database has seen them. New ones go to `schema`."""

Migrations = tuple[tuple[str, ...], ...]

_GROW = """INSERT INTO user_bytes (user, bytes)
    VALUES (NEW.created_by, coalesce(json_extract(CAST(NEW.summary AS TEXT), '$.content.size'), 0))
    ON CONFLICT (user) DO UPDATE SET bytes = bytes + excluded.bytes;"""
_SHRINK = """UPDATE user_bytes
    SET bytes = bytes - coalesce(json_extract(CAST(OLD.summary AS TEXT), '$.content.size'), 0)
    WHERE user = OLD.created_by;"""


FIRST: Migrations = (
    (
        # `readme` stands last: a row's tail is only read when it is asked for.
        """CREATE TABLE packages (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, status TEXT NOT NULL,
            created_by TEXT NOT NULL, summary BLOB NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL,
            version TEXT NOT NULL, blob_key TEXT, readme BLOB,
            UNIQUE (name, version, type))""",
        "CREATE INDEX packages_blob_key ON packages (blob_key) WHERE blob_key IS NOT NULL",
        """CREATE TABLE listings (
            number INTEGER NOT NULL, tag TEXT, name TEXT NOT NULL, created_by TEXT NOT NULL, status TEXT NOT NULL,
            type TEXT NOT NULL, version_key TEXT NOT NULL, id TEXT NOT NULL)""",
        "CREATE INDEX listings_number ON listings (number)",
        "CREATE INDEX listings_all ON listings (tag, status, type, id, version_key, number)",
        "CREATE INDEX listings_all_version ON listings (tag, status, type, version_key, id, number)",
        "CREATE INDEX listings_name ON listings (tag, name, status, type, id, version_key, created_by, number)",
        "CREATE INDEX listings_name_version ON listings (tag, name, status, type, version_key, id, created_by, number)",
        "CREATE INDEX listings_creator ON listings (tag, created_by, status, type, id, version_key, number)",
        "CREATE INDEX listings_creator_version ON listings (tag, created_by, status, type, version_key, id, number)",
        "CREATE TABLE changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, package_id TEXT NOT NULL UNIQUE)",
        """CREATE TABLE audit (
            package_id TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, user TEXT NOT NULL, action TEXT NOT NULL,
            revision INTEGER NOT NULL, sha256 TEXT,
            UNIQUE (package_id, id))""",
        """CREATE TABLE answers (
            key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL,
            body BLOB NOT NULL, expires_at INTEGER NOT NULL)""",
        "CREATE INDEX answers_expires_at ON answers (expires_at)",
        """CREATE TABLE accounts (
            name TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL, permissions TEXT NOT NULL,
            token_epoch TEXT NOT NULL, created_at INTEGER NOT NULL, revision INTEGER NOT NULL)""",
        "CREATE TABLE revoked_tokens (id TEXT NOT NULL UNIQUE, expires_at INTEGER NOT NULL)",
        "CREATE INDEX revoked_tokens_expires_at ON revoked_tokens (expires_at)",
        """CREATE TABLE health (
            minute INTEGER NOT NULL, component TEXT NOT NULL, calls INTEGER NOT NULL, errors INTEGER NOT NULL,
            total_seconds REAL NOT NULL, max_seconds REAL NOT NULL,
            UNIQUE (minute, component))""",
    ),
    (
        """CREATE TABLE uploads (
            id TEXT NOT NULL UNIQUE, created_by TEXT NOT NULL, created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL, part_size INTEGER NOT NULL,
            key TEXT NOT NULL, metadata BLOB NOT NULL, filename TEXT, media_type TEXT)""",
        "CREATE INDEX uploads_key ON uploads (key)",
        "CREATE INDEX uploads_created_by ON uploads (created_by, id)",
        "CREATE INDEX uploads_expires_at ON uploads (expires_at)",
        "CREATE TABLE user_bytes (user TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL)",
        """INSERT INTO user_bytes
            SELECT created_by, sum(coalesce(json_extract(CAST(summary AS TEXT), '$.content.size'), 0))
            FROM packages GROUP BY created_by""",
        f"CREATE TRIGGER packages_added AFTER INSERT ON packages BEGIN {_GROW} END",
        f"CREATE TRIGGER packages_removed AFTER DELETE ON packages BEGIN {_SHRINK} END",
        f"CREATE TRIGGER packages_replaced AFTER UPDATE ON packages BEGIN {_SHRINK} {_GROW} END",
    ),
    (
        """CREATE TABLE webhooks (
            id TEXT NOT NULL UNIQUE, url TEXT NOT NULL, events TEXT NOT NULL, secret TEXT NOT NULL,
            created_at INTEGER NOT NULL, disabled INTEGER NOT NULL)""",
        """CREATE TABLE deliveries (
            number INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL, id TEXT NOT NULL, event TEXT NOT NULL,
            package_id TEXT, payload BLOB NOT NULL, at INTEGER NOT NULL, status TEXT NOT NULL,
            attempts INTEGER NOT NULL, earlier_attempts INTEGER NOT NULL, response_status INTEGER,
            due_at INTEGER, ended_at INTEGER,
            UNIQUE (webhook_id, id))""",
        "CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at) WHERE due_at IS NOT NULL",
        "CREATE INDEX deliveries_pending ON deliveries (webhook_id, package_id, number) WHERE status = 'pending'",
        "CREATE INDEX deliveries_ended_at ON deliveries (ended_at) WHERE ended_at IS NOT NULL",
    ),
    (
        # The receipt stands last, as above.
        """CREATE TABLE ratings (
            package_id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, status TEXT NOT NULL, net_score REAL,
            rated_at INTEGER NOT NULL, etag TEXT NOT NULL, summary BLOB NOT NULL, body BLOB NOT NULL,
            dangerous_sha256 TEXT, receipt BLOB NOT NULL)""",
        """CREATE TABLE rating_marks (
            package_id TEXT NOT NULL UNIQUE, due_at INTEGER NOT NULL, token TEXT, attempts INTEGER NOT NULL,
            asked_by TEXT NOT NULL)""",
        "CREATE INDEX rating_marks_due_at ON rating_marks (due_at)",
    ),
    (
        """CREATE TABLE score_listings (
            number INTEGER NOT NULL, bucket TEXT NOT NULL, score INTEGER NOT NULL, tag TEXT, name TEXT NOT NULL,
            created_by TEXT NOT NULL, status TEXT NOT NULL, type TEXT NOT NULL, version_key TEXT NOT NULL,
            id TEXT NOT NULL)""",
        "CREATE INDEX score_listings_number ON score_listings (number)",
        """CREATE INDEX score_listings_all
            ON score_listings (bucket, tag, status, type, id, version_key, score, number)""",
        """CREATE INDEX score_listings_name
            ON score_listings (bucket, tag, name, status, type, id, version_key, score, created_by, number)""",
        """CREATE INDEX score_listings_creator
            ON score_listings (bucket, tag, created_by, status, type, id, version_key, score, number)""",
        """INSERT INTO score_listings
            WITH scored (id, score) AS (
                SELECT r.package_id, CAST(round(r.net_score * 1000000) AS INTEGER)
                FROM ratings AS r JOIN packages AS p ON p.id = r.package_id AND p.revision = r.revision
                WHERE r.net_score IS NOT NULL),
            bucketed (id, score, bucket) AS (
                SELECT id, score, printf('%.1f', min(score / 100000, 9) / 10.0) FROM scored
                UNION ALL SELECT id, score, printf('%.2f', score / 10000 / 100.0) FROM scored)
            SELECT l.number, b.bucket, b.score, l.tag, l.name, l.created_by, l.status, l.type, l.version_key, l.id
            FROM bucketed AS b
                CROSS JOIN packages AS p ON p.id = b.id CROSS JOIN listings AS l ON l.number = p.number""",
    ),
    (
        # An account from before ids existed has its name as id.
        "ALTER TABLE accounts ADD COLUMN id TEXT NOT NULL DEFAULT ''",
        "UPDATE accounts SET id = name",
        "CREATE TABLE account_history (event TEXT NOT NULL UNIQUE)",
        """INSERT INTO account_history (event) SELECT 'first account'
            WHERE EXISTS (SELECT 1 FROM accounts) OR EXISTS (SELECT 1 FROM packages)""",
    ),
    (
        "ALTER TABLE accounts ADD COLUMN grant_epoch TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE api_tokens (
            id TEXT NOT NULL UNIQUE, digest TEXT NOT NULL UNIQUE, beginning TEXT NOT NULL, user TEXT NOT NULL,
            grant_epoch TEXT NOT NULL, name TEXT NOT NULL, permissions TEXT NOT NULL, packages TEXT NOT NULL,
            created_at INTEGER NOT NULL, expires_at INTEGER, last_used_at INTEGER)""",
        "CREATE INDEX api_tokens_user ON api_tokens (user, id)",
        "CREATE INDEX api_tokens_expires_at ON api_tokens (expires_at) WHERE expires_at IS NOT NULL",
    ),
    (
        # The body stands last, as above.
        """CREATE TABLE verdicts (
            sha256 TEXT NOT NULL UNIQUE, status TEXT NOT NULL, reason TEXT NOT NULL, scanner_version INTEGER NOT NULL,
            scanned_at INTEGER NOT NULL, etag TEXT NOT NULL, body BLOB NOT NULL)""",
        "CREATE INDEX verdicts_version ON verdicts (scanner_version, sha256)",
        """CREATE TABLE scan_claims (
            sha256 TEXT NOT NULL UNIQUE, token TEXT NOT NULL, ends_at INTEGER NOT NULL, attempts INTEGER NOT NULL)""",
        """CREATE TABLE scan_requests (
            package_id TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, asked_by TEXT NOT NULL, due_at INTEGER,
            reported TEXT NOT NULL DEFAULT '')""",
        "CREATE INDEX scan_requests_sha256 ON scan_requests (sha256)",
        "CREATE INDEX scan_requests_due_at ON scan_requests (due_at) WHERE due_at IS NOT NULL",
        "CREATE TABLE safety_lifts (package_id TEXT NOT NULL, sha256 TEXT NOT NULL, UNIQUE (package_id, sha256))",
        # An admin who let dangerous content stay active had lifted its quarantine.
        """INSERT INTO safety_lifts SELECT r.package_id, r.dangerous_sha256
            FROM ratings AS r JOIN packages AS p ON p.id = r.package_id
            WHERE r.dangerous_sha256 IS NOT NULL AND p.status != 'quarantined'""",
        """CREATE TABLE upgrades (name TEXT NOT NULL UNIQUE, state TEXT NOT NULL)""",
    ),
    (
        "CREATE TABLE source_urls (package_id TEXT NOT NULL UNIQUE, url TEXT NOT NULL, expires_at INTEGER NOT NULL)",
        "CREATE INDEX source_urls_expires_at ON source_urls (expires_at)",
    ),
    ("ALTER TABLE uploads ADD COLUMN account_id TEXT NOT NULL DEFAULT ''",),
)
