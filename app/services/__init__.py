"""Use cases in the domain's words, one file or folder per resource. Each opens one transaction; none calls another."""
