"""From scenes to yearly features: masks, composites, indices. Arrays in, arrays out."""
