"""The recorder: a forward proxy that relays bytes verbatim and cuts the copy into exchanges."""
