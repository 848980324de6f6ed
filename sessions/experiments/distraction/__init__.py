"""The distraction experiment: does a vector keep a conversation on its task?"""
