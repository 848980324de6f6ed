"""The axis-drift experiment: does a conversation drift along an axis, and does a cap hold it?"""
