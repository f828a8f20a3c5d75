"""The gate: decides, and asks people."""
