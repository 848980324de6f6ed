"""What the keys and slash commands of the desk do."""
