"""The tokens: one for each byte value, and EIR's five special ones, of which only <pad> occurs here."""

PAD = 259
"""Fills a short file up to max_length; a byte is the token of its own value, 0..255."""

VOCABULARY = 261
"""Rows of the embedding table: 256 bytes, then <bos> 256, <unk> 257, <mask> 258, <pad> 259, <eos> 260."""
