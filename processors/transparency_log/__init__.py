"""Transparency logs: Merkle trees, tiles, signed notes, checkpoints and cosignatures, over bytes alone."""
