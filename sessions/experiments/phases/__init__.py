"""The phases study: how projections move over a training or a conversation."""
