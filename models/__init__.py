"""The learning machine: bytes in, numbers out. Knows nothing of HTTP, SQL, queues or storage."""
