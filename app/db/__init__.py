"""All SQL of the service: the engine, the tables, and one file of statements per resource. Nothing else writes SQL."""
