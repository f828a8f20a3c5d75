"""Run the executor: `python -m services.executor`."""

from fixgate.process import main_with
from services.executor.service import build

if __name__ == "__main__":
    main_with("executor", build)
