"""Answers in AWS's own shapes, so that its clients understand them."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from fixgate.local.account.messages import Answer, Denial

_STS = "https://sts.amazonaws.com/doc/2011-06-15/"
Tree = Mapping[str, "Tree | str"]
"""Elements by name."""


def refusal(denial: Denial, service: str) -> Answer:
    """An error as the service would say it."""
    code, message, request_id = denial.code, denial.message, _request_id()
    if service == "s3":
        tree: Tree = {"Error": {"Code": code, "Message": message, "RequestId": request_id}}
    else:
        error = {"Type": "Sender" if denial.status < 500 else "Receiver", "Code": code, "Message": message}  # noqa: PLR2004 - HTTP's classes
        tree = {"ErrorResponse": {"Error": error, "RequestId": request_id}}
    return _document(denial.status, tree)


def sts_answer(action: str, result: Tree) -> Answer:
    """A successful answer of STS."""
    tree: Tree = {f"{action}Response": {f"{action}Result": result, "ResponseMetadata": {"RequestId": _request_id()}}}
    return _document(200, tree, namespace=_STS)


def iso(seconds: float) -> str:
    """A time as AWS writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _document(status: int, tree: Tree, namespace: str = "") -> Answer:
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + _xml(tree, namespace)
    return Answer(status=status, headers=[("Content-Type", "text/xml")], body=text.encode())


def _xml(tree: Tree, namespace: str = "") -> str:
    attribute = f' xmlns="{namespace}"' if namespace else ""
    return "".join(
        f"<{name}{attribute}>{escape(value) if isinstance(value, str) else _xml(value)}</{name}>"
        for name, value in tree.items()
    )


def _request_id() -> str:
    return secrets.token_hex(16)
