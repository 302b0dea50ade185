"""Archived pages shown as pages, on a host name of their own: the gateway before pywb.

`capability` says who may see which captures, `archived_record` what pywb gets to read, `response_policy` what
leaves, `gateway` serves. Nothing here imports pywb (GPLv3), which runs in a process and an environment of its own.
Source: docs/decisions/0037-replay.md.
"""
