"""The issuer."""
