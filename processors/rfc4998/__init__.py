"""Evidence records (RFC 4998): time tokens renewed by newer ones, in one structure that anybody can check."""
