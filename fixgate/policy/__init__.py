"""What may be changed: Cedar evaluation, and the one predicate of exceptions, freezes and halts.

| module     | what                                                                                   |
|------------|----------------------------------------------------------------------------------------|
| `controls` | `Standing.prevents`: halts, freezes, exceptions                                        |
| `scopes`   | what a change touches, and what a control covers                                       |
| `assets`   | `Inventory`: what people signed about their assets                                     |
| `cautions` | `Cautions`: the signals that are in force                                              |
| `bundle`   | `Bundle`: the Cedar policies with their schema, validated, by digest                   |
| `subject`  | `Subject`: what policies look at, from the signed assessment and the inventory          |
| `judge`    | `judge`: a subject in its moment, to automatic, people or refused                      |
| `ceiling`  | `Ceiling`: what people signed may ever be automatic                                    |
| `sight`    | one moment: everything that a ruling is made from                                      |
| `quorum`   | who has to approve, and which answers count                                            |
| `cases`    | policies' tests as data                                                                |
"""
