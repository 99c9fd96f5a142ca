"""Use cases of data sets: created from an upload, read, removed."""
