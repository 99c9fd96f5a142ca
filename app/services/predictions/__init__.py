"""Use cases of predictions over data sets: submitted, cancelled, removed, carried out under leases, read."""
