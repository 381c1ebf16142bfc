"""The embedded home of all records: SQLite files in the data folder, shared by the processes of one host."""
