"""Where a file becomes evidence: inspected, stored, read back, indexed, entered into custody, and replicated."""
