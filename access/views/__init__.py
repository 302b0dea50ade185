"""What the pages and the API say: one module per question, JSON-ready, without HTML."""
