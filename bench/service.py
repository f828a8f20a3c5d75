"""`python -m bench.service NAME`: a service exactly as it runs in a deployment."""

import sys

from bench.pipeline import BENCH, workload
from fixgate.process import main

if __name__ == "__main__":
    main(workload(sys.argv[1]), topology=BENCH, arguments=sys.argv[2:])
