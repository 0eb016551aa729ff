"""Benchmarks: each prints ratios against a ceiling or a peer measured in the same run."""
