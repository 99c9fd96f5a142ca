"""EIR's network, part by part: the extractor of `sequence-default`, its fusions and heads, with the same arithmetic."""
