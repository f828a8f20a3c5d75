"""From a report's bytes to its document.

Accepted are UTF-8 with and without byte order mark, and UTF-16 and UTF-32 with one (PowerShell's `>` writes so). One
JSON value, several one after the other, or a stream of them, one a line (`lines.py`): a bad line costs the others
nothing. How strictly a value is read stands in `strict.py`. What is long is not read into memory (`spans.py`): its long
arrays are walked, its lines are read as they are asked for.
"""

import codecs
from typing import Final

from fixgate.errors import Poison, Reason
from fixgate.reports.document import Data, Document
from fixgate.reports.lines import long_lines, several
from fixgate.reports.spans import long_value
from fixgate.reports.strict import check_objects, strict, unicode

REPORT_LIMIT: Final = 1024 * 1024 * 1024
"""Bytes of a report at most. In one record of `findings.raw` the topic's own limit is lower."""
EAGER: Final = 16 * 1024 * 1024
"""Bytes of a report up to which all of it is read into memory."""
WIDE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a report in UTF-16 or UTF-32, which is always read into memory, several times over."""
MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def document(data: Data, *, limit: int = REPORT_LIMIT, eager: int = EAGER) -> Document:
    """The document in `data`; one without values when there is nothing in it. Raises Poison.

    What has more bytes than `eager` is not read into memory as a whole, if it is UTF-8; of the rest no more than
    `WIDE_LIMIT` is taken.
    """
    if len(data) > limit:
        raise Poison(Reason.OVERSIZED, f"the report has {len(data)} bytes; {limit} are read")
    mark, encoding = next(((m, e) for m, e in MARKS if data[: len(m)] == m), (b"", "utf-8"))
    if len(data) > eager and encoding == "utf-8":
        return long_lines(data, len(mark)) or long_value(data, len(mark))
    if len(data) > WIDE_LIMIT and encoding != "utf-8":
        why = f"the report has {len(data)} bytes of {encoding.upper()}; {WIDE_LIMIT} are read: write it as UTF-8"
        raise Poison(Reason.OVERSIZED, why)
    text = data[len(mark) :]
    if encoding != "utf-8":
        text = unicode(text, encoding, len(mark)).encode()
    if not text.strip():
        return Document(values=())
    check_objects(text)
    try:
        return Document(values=(("", strict(text)),))
    except Poison:
        found = several(text)
        if found is None:
            raise
        return found
