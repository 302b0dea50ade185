"""The report of a package: each exhibit in sentences for people, as PDF and HTML, in the recipient's language."""
