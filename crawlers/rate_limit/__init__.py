"""How often requests may be sent to one host: the rule, its slots, and the socket over which engines get one."""
