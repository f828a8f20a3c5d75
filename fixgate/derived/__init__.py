"""What is generated from the topology: nothing here adds a fact of its own.

`acls` and `topics` say what a cluster must hold; the other modules render that for people and for other tools.
`python -m fixgate.derived` writes every file, `--check` compares them.
"""
