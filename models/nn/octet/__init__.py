"""The octet family: several cheap views of the same bytes side by side, pooled and joined."""
