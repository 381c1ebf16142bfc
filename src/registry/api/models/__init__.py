"""Bodies of requests and responses, as the schema describes them."""
