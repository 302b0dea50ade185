"""The use cases, and the only place where real things are plugged together.

`commands` are the command line; `collect`, `crawl`, `process`, `preserve` and `quality` are the stages of a night;
`sources` adds sources; `config`, `setup`, `devstack` and `supervise` bring the system up and look after it.
"""
