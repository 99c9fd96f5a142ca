"""Programs that show Octet at work."""
