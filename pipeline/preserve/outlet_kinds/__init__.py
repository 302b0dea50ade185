"""The kinds of outlets outside the second store: what each is given, and what it gives back as proof."""
