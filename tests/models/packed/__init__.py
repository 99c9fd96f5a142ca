"""Tests of the packed data set."""
