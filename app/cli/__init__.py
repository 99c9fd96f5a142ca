"""The `octet` command: one file per command, all of them clients of the service but `serve` and `worker`."""
