"""Inference: from a checkpoint and the bytes of files to answers."""
