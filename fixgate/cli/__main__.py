"""`python -m fixgate.cli`: the command line without an installed script."""

from fixgate.cli import main

main()
