"""Use cases of runs: submitted, controlled by people, carried out under leases, taken back by the reaper, read."""
