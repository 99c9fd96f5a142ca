"""The networks, EIR's for bytes and Octet's own; networks.py knows what a config may name, registry.py EIR's parts.

Arithmetic is that of EIR 0.23 on its bytes -> tabular path; in octet/, wide/ and novelty.py it is our own. Legend of
the shape suffixes in EIR's part: B samples, T = max_length tokens, d embedding width, W window length, n windows of a
sample, N = B * n windows of a batch, H heads, D = d / H width of a head.
"""
