"""The transparency log: every signed record of every topic is a leaf of one append-only Merkle tree.

    leaf.py          what a leaf says                      merkle.py   hashes and proofs (RFC 6962)
    note.py          signed notes (C2SP)                   tiles.py    the tree as files (C2SP tlog-tiles)
    checkpoint.py    signed tree heads and cosignatures    storage.py  where the files are: a folder or S3
    keys.py          the log's and the witness's own keys  writer.py   appends and publishes, whole after any crash
    follower.py      reads the topics                      reading.py  what one record becomes
    witness.py       the witness; http.py serves it        client.py   asks it
    audit.py         verifies all of it                    proof.py    proves one record, offline

`python -m fixgate.log` is the process that follows the topics; `fixgate log …` are the commands.
"""
