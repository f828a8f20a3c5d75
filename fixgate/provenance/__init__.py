"""What happened, as the transparency log can prove it: the archive of signed records, stories, evidence, verification.

Nothing here needs a broker: the log's leaves name every signed record, and the object store keeps their bytes.
"""
