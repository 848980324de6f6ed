"""The honeypot experiment: does the model act on a trap that it finds?"""
