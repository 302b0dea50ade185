"""The `letapis` commands, one module per group; `pipeline.cli` assembles them."""
