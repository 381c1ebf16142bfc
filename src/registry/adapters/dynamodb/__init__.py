"""The records in one DynamoDB table. `keys` describes its items, `table` makes it, `client` talks to it."""
