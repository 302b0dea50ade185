"""Trusted timestamps (RFC 3161): tokens read and checked, down to their DER and CMS parts."""
