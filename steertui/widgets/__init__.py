"""What screens are made of: each widget draws one thing it is told, and says what hands did to it."""
