"""Answers to predictions: loaded models, one thread that computes, a bounded queue that batches what waits."""
