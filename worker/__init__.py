"""The worker: takes a run or a prediction from its queue, holds its lease and supervises the child that works on it."""
