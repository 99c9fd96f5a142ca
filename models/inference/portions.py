"""How much goes through a model at once, wherever predictions are made. Loads no torch."""

TOKENS = 1 << 18
"""Bytes that a batch of files may hold, padding counted, so that long files do not take the machine's memory; a file
that costs more is computed alone."""
ROWS = 64
"""Files of a batch; more would only take memory."""
