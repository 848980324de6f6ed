"""What the people of the demo world say: their talk, small talk and stories."""
