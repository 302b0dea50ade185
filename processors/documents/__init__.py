"""Documents of every format as the tables and lines in them: PDF, sheets, word processors, delimited text."""
