"""The search index of one host: names in memory, READMEs and words in SQLite's FTS5, patterns through RE2."""
