"""The documentation as it is read: its links lead somewhere, and every command and code block of it runs."""
