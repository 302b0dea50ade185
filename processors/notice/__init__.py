"""Parser of notices: pages of public bodies that name people."""
