"""Programs that build what the packages ship; not installed."""
