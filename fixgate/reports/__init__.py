"""Reports of scanners: from bytes that nobody vouches for to findings, the same for every format.

    bytes ── document.py ──> JSON ── registry.py, one adapter ──> drafts ── report.py ──> counted and fingerprinted
          ── findings.py ──> `Finding` records, with every secret marked and masked

Everything here is pure but the reading of the hash key. `docs/formats.md` says what is read of each format.
"""
