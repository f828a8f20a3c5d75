"""What the rails cost, measured: `python -m bench`. See docs/benchmarks.md for what each figure means."""
