"""`python -m services.analyzer`."""

from fixgate.process import main_with
from services.analyzer.service import SERVICE, build

main_with(SERVICE, build)
