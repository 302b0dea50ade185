"""What keeps evidence sound: replicas, trusted timestamps (RFC 3161), audits and verification."""
