"""The rails that every fixgate service runs on; this package knows no service."""
