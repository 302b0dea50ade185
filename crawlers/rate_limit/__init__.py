"""How often one host may be asked: the rule, its slots, and the socket over which engines ask for one."""
