"""The form that starts a job, and its fields."""
