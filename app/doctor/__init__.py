"""`octet doctor`: does everything that a service needs answer here, and what to do where it does not."""
