"""Names of persons found over scripts, orthographies, grammatical cases and initials, with the reason of each hit.

Pure functions over text, without clock, files or network. `keys` gives what an index keeps of a text and what a
question asks it for: wide, so that nothing is missed. `matching` then says of each hit whether it is the same
name and why, and keeps others apart: the wife's form from the husband's, another given name, a similar surname.
"""
