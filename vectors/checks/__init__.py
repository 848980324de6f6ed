"""`check`: does a vector separate, steer and beat random vectors on a model?"""
