"""What a push asks for: the commands at the beginning of a `git-receive-pack` request (gitprotocol-pack)."""

import re
import zlib
from collections.abc import Iterator

_COMMAND = re.compile(rb"(?P<old>[0-9a-f]{40}) (?P<new>[0-9a-f]{40}) (?P<ref>[\x21-\x7e]+)")
_SHALLOW = re.compile(rb"shallow [0-9a-f]{40}")
_LENGTH = re.compile(rb"[0-9a-f]{4}")
_HEAD = 4
_LIMIT = 64 * 1024 * 1024


class NotAPush(Exception):
    """The request is not of a form that is known here."""


def pushed_refs(body: bytes) -> tuple[str, ...]:
    """The refs that a push would change; none for a push that only asks whether it may. Raises NotAPush."""
    refs: list[str] = []
    for line in _lines(body):
        text = line.partition(b"\0")[0].rstrip(b"\n")
        if not refs and _SHALLOW.fullmatch(text):
            # What the pusher's clone lacks; it changes nothing here.
            continue
        found = _COMMAND.fullmatch(text)
        if found is None:
            # A signed push, or another hash: neither is needed here.
            raise NotAPush("a command is of an unknown form")
        refs.append(found["ref"].decode())
    return tuple(refs)


def unzipped(body: bytes) -> bytes:
    """A body that was sent with `Content-Encoding: gzip`; raises NotAPush."""
    try:
        opened = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        plain = opened.decompress(body, _LIMIT)
    except zlib.error:
        raise NotAPush("the body is not what its encoding says") from None
    if not opened.eof or opened.unused_data:
        raise NotAPush("the body is too large, or more than one")
    return plain


def _lines(body: bytes) -> Iterator[bytes]:
    at = 0
    while True:
        head = body[at : at + _HEAD]
        if not _LENGTH.fullmatch(head):
            raise NotAPush("the commands do not end")
        length = int(head, 16)
        if length == 0:
            return
        line = body[at + _HEAD : at + length]
        if length <= _HEAD or len(line) != length - _HEAD:
            raise NotAPush("a command is cut short")
        yield line
        at += length
