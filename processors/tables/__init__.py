"""Tables of any origin as rows with named columns, and documents as tables and lines."""
