"""The log over custody: tiles, bundles and checkpoints in the store, the signer, outlets and their proofs."""
