"""Where the policies are that are shipped."""

from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).resolve().parents[2] / "deploy" / "policy"


def policies_folder(setting: str) -> Path:
    """The folder that is set, or that of the shipped policies."""
    return Path(setting) if setting else SHIPPED
