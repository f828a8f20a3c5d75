"""How fast reports become findings: each format against orjson, a very long report, and ingest on a real broker."""
