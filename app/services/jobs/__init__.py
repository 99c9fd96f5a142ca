"""What runs and predictions have in common as jobs of a worker: states, leases, failures, keys of their requests."""
