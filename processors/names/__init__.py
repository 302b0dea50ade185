"""Names of persons: found in texts, put into the nominative, taken apart, with their part in a trial.

Pure functions over text, without clock, files or network. `mentions` finds names in running text, `roles` and
`english` the part that the words beside them give, `declension` and `nominative` the form in which a name would
stand in a register, with its parts. `processors.name_search` finds names over spellings
and scripts.
"""
