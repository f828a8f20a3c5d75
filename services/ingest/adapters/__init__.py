"""What ingest touches: the object store, for originals."""
