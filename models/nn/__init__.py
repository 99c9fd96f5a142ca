"""The networks, EIR's for bytes and Octet's own; registry.py knows them by model type. Here lies what both share.

Arithmetic is that of EIR 0.23 on its bytes -> tabular path; in octet/, wide/ and novelty/ it is our own. Legend of the
shape suffixes, also in eir/: B samples, T = max_length tokens, d embedding width, W window length, n windows of a
sample, N = B * n windows of a batch, H heads, D = d / H width of a head.
"""
