"""Experiments as jobs: prompts are answered under several conditions, the answers are measured, and every
number is reported with its n, its interval and a random-vector control of the same norm.

A new experiment is one module with a generator `experiment`, an offer in `sessions.job_specs` and a line
in `registry`. Importing this package does not import torch; experiments reach the model through a
`ModelSampler`.
"""
