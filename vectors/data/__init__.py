"""What a vector is and says about itself: rows, metadata, card, arithmetic, layer numbers, compatibility."""
