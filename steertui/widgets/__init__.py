"""Widgets the screens are made of: each draws the data it is given and posts messages for user input."""
