"""The parts of the pages about accounts."""
