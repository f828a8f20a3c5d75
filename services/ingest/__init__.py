"""Ingest: from a scanner's report to findings without a secret in them."""
