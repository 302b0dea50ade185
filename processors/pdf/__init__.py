"""PDF files as tables and lines: ruled, unruled and nested tables, and scans read by tesseract."""
