"""The embedded storage backend of all records: SQLite files in the data folder, shared by the processes of a host."""
