"""Whether a really running service keeps what its OpenAPI document promises, asked by schemathesis."""
