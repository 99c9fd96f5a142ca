"""How unlike its training files a file is."""
