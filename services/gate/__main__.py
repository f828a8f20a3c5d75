"""`python -m services.gate`."""

from fixgate.process import main_with
from services.gate.service import SERVICE, build

main_with(SERVICE, build)
