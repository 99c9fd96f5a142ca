"""The service in its containers, brought up by docker-compose.yml: `make containers`."""
