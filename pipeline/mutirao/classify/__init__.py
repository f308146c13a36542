"""From features and samples to classes. Arrays in, arrays out."""
