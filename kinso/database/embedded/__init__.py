"""A real MongoDB server of Kinso's own, for where no other one is named."""
