"""`python -m fixgate.minting`: make mint_pb2.py and mint_pb2.pyi from mint.proto; needs grpcio-tools."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
GENERATED = ("mint_pb2.py", "mint_pb2.pyi")


def generate(into: Path) -> None:
    """Write the generated files below `into`, in the package's folder; raises CalledProcessError."""
    # The path below the root becomes the name under which the messages are registered in the process.
    root = FOLDER.parents[1]
    proto = (FOLDER / "mint.proto").relative_to(root)
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", f"--python_out={into}", f"--pyi_out={into}"]
    subprocess.run([*command, str(proto)], cwd=root, check=True)


if __name__ == "__main__":
    generate(FOLDER.parents[1])
