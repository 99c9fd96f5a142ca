"""The worker: takes a run from the queue, holds its lease and supervises the training child."""
