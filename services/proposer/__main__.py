"""`python -m services.proposer`."""

from fixgate.process import main_with
from services.proposer.service import SERVICE, build

main_with(SERVICE, build)
