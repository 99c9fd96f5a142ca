"""Training: from a config and a packed data set to checkpoints, one optimiser step after another."""
