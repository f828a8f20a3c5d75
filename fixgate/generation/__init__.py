"""What is generated from `schemas/`: the package `fixgate/events/` and the next version in `schemas/history/`.

`python -m fixgate.generation` writes both; with `--check` it writes nothing and exits 1 when something differs; with
`--release` it marks the versions that are current as released, after which they never change.
"""
