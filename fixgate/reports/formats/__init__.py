"""One file a format, sometimes with its shapes beside it; `docs/formats/` has a page for each."""
