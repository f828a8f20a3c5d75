"""`python -m services.ingest [--check]`."""

from fixgate.process import main_with
from services.ingest.service import build

main_with("ingest", build)
