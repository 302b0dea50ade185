"""HTTP/1.1 messages as bytes: framing, head, body, content coding; and the TLS ClientHello."""
