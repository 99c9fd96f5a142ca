"""Real, small parts that the tests plug in where the service has a seam."""
