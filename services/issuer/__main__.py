"""`python -m services.issuer [--check]`."""

from fixgate.process import main_with
from services.issuer.service import build

main_with("issuer", build)
