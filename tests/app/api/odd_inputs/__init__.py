"""Odd inputs, each with what the service answers: a test for every one, and the table in docs/odd_inputs.md."""
