"""Reading a page: which parser reads which kind on which day, and the sandbox in which all of them run."""
