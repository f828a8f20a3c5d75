"""The receiver: takes reports over HTTP and from queues, from sources that are authenticated and limited.

    sender ──HTTP──> app: who? how much? ──> taking: voucher ──> findings.raw
    queue  ──SQS───> queues ────────────────────┘   acknowledged only when the broker has it

It reads no report: what is in one is ingest's business. It keeps nothing: a sender that is not told "accepted" sends
again, and the same bytes are the same findings.
"""
