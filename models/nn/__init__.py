"""The networks: embeddings, local attention, pooling, fusion, heads; registry.py knows what a config may name.

Arithmetic is that of EIR 0.23 on its bytes -> tabular path. Legend of the shape suffixes in this room:
B samples, T = max_length tokens, d embedding width, W window length, n windows of a sample, N = B * n windows of a
batch, H heads, D = d / H width of a head.
"""
