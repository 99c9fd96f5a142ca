"""The service: HTTP, use cases, database, storage, queue door, serving, command line."""
