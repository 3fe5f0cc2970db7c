"""Values that Kinso works with; pydantic and the standard library only."""
