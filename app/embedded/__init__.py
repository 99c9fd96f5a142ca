"""Everything of `octet serve`: broker, API and worker as one tree of processes."""
