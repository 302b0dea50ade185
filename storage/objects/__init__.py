"""The object store: versioned objects under Object Lock. The only code that knows S3."""
