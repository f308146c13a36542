"""Statistics that compare a map with something better. Arrays in, numbers out."""
