"""The catalogue: pre-approved changes, one folder each (`template.yaml`, `operations.py`, `README.md`)."""
